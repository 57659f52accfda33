/* SPDX-License-Identifier: Apache-2.0
 * Writes back each line that comes in on the virtio port named hotpatch.echo. */
#include "agent.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NO_HOST_US 50000u

/* Each whole line goes back in one write; what is left of the buffer is the start of the next line. */
static size_t give_back_lines(int fd, char *line, size_t len)
{
    char *end;

    while ((end = memchr(line, '\n', len))) {
        size_t n = (size_t)(end - line) + 1;

        write_all(fd, line, n);
        len -= n;
        memmove(line, line + n, len);
    }
    return len;
}

static void *echo_main(void *unused)
{
    static char line[4096];
    char device[48];
    size_t len = 0;
    int fd;

    (void)unused;
    if (!find_echo_port(device, sizeof device) || (fd = open(device, O_RDWR | O_CLOEXEC)) < 0)
        for (;;)
            pause(); /* `devices` says what is missing */
    for (;;) {
        ssize_t n = read(fd, line + len, sizeof line - len);

        if (n <= 0) { /* nobody has the port open on the host: it may come back, e.g. in the new QEMU */
            sleep_until_us(now_us() + NO_HOST_US);
            continue;
        }
        len = give_back_lines(fd, line, len + (size_t)n);
        if (len == sizeof line)
            len = 0; /* not a line */
    }
    return NULL;
}

void echo_start(void)
{
    start_thread(echo_main, NULL, (int)cfg.beat_cpu, 0);
}
