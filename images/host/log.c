/* SPDX-License-Identifier: Apache-2.0
 * Says what went wrong, in the kernel's log, which the suite keeps; then ends the host. */
#include "host.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#define KMSG_WARNING "<4>"

static void log_args(const char *format, va_list args)
{
    char line[512] = KMSG_WARNING "hotpatch-host: ";
    size_t len = strlen(line);
    int fd = getpid() == 1 ? open("/dev/kmsg", O_WRONLY | O_CLOEXEC) : STDERR_FILENO;

    vsnprintf(line + len, sizeof line - len - 1, format, args);
    strcat(line, "\n");
    if (fd >= 0 && write(fd, line, strlen(line)) < 0)
        return; /* there is no other place to say it */
    if (fd > STDERR_FILENO)
        close(fd);
}

void log_line(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_args(format, args);
    va_end(args);
}

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_args(format, args);
    va_end(args);
    if (getpid() != 1)
        exit(1);
    reboot(RB_POWER_OFF);
    for (;;)
        pause();
}
