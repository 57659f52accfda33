/* SPDX-License-Identifier: Apache-2.0
 * Writes each line that it reads on the virtio port hotpatch.echo back to the port. */
#include "agent_devices.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define NO_HOST_US 50000u
#define LOOK_AGAIN_US 100000u

/* The kernel learns the port's name some time after the driver has found the port. */
static int open_port(void)
{
    char device[48];
    int fd = -1;

    while (!sysfs_find_echo_port(device, sizeof device) || (fd = open(device, O_RDWR | O_CLOEXEC)) < 0)
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    return fd;
}

/* Writes each complete line in one write. Returns the length of the incomplete line that is left. */
static size_t write_back_lines(int fd, char *line, size_t len)
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

        if (n <= 0) { /* not open on the host; it may be opened again, for example by the new QEMU */
            sleep_until_us(now_us() + NO_HOST_US);
            continue;
        }
        len = write_back_lines(fd, line, len + (size_t)n);
        if (len == sizeof line)
            len = 0; /* too long for a line: discard */
    }
    return NULL;
}

void port_echo_start(void)
{
    start_thread(echo_main, NULL, (int)cfg.beat_cpu, 0);
}
