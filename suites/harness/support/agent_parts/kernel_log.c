/* SPDX-License-Identifier: Apache-2.0
 * Runs kmsg.c of the guest agent over a made-up kernel log and prints its report. Arguments: the lines. */
#include "agent.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct config cfg;
static int log_end;

/* In place of the C library's, so that /dev/kmsg is a socket: both give one record with each read. */
int open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    return log_end;
}

void start_thread(void *(*run)(void *), void *arg, int cpu, int priority)
{
    (void)run;
    (void)arg;
    (void)cpu;
    (void)priority;
}

void die(const char *format, ...)
{
    (void)format;
    _exit(3);
}

int main(int argc, char **argv)
{
    struct text report;
    char record[8192];
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends))
        return 2;
    log_end = ends[0];
    kmsg_start();
    for (int i = 1; i < argc; i++) {
        snprintf(record, sizeof record, "6,%d,0,-;%s\n", i, argv[i]);
        if (write(ends[1], record, strlen(record)) < 0)
            return 2;
    }
    text_start(&report);
    kmsg_report(&report);
    puts(report.buf);
    return 0;
}
