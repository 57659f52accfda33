/* SPDX-License-Identifier: Apache-2.0
 * What a library does wrong, as the environment variable WRONG says: in a QEMU that waits for a guest only. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *wrong = "";

__attribute__((constructor)) static void begin(void)
{
    char line[65536];
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = read(fd, line, sizeof line);

    close(fd);
    if (getenv("WRONG") && got > 0 && memmem(line, (size_t)got, "-incoming", sizeof "-incoming"))
        wrong = getenv("WRONG");
}

static bool is(const char *what)
{
    return strcmp(wrong, what) == 0;
}
