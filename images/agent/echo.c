/* SPDX-License-Identifier: Apache-2.0
 * Writes back each line that comes in on the virtio port named hotpatch.echo. */
#include "agent.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NO_HOST_US 50000u
#define LOOK_AGAIN_US 100000u

/* The device tells a port's name some time after the driver has found the port. */
static int open_port(void)
{
    char device[48];
    int fd = -1;

    while (!find_echo_port(device, sizeof device) || (fd = open(device, O_RDWR | O_CLOEXEC)) < 0)
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    return fd;
}

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
    size_t len = 0;
    int fd = open_port();

    (void)unused;
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
