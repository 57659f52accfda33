/* SPDX-License-Identifier: Apache-2.0
 * Runs the disk writer of the guest agent over the file `disk` in the current directory, and prints its answers.
 * Arguments: what to do, one after another. `keep N` remembers block N of the file. `put N` writes what was kept
 * there, and `half N` its first half. `refuse` lets each later request fail. */
#include "agent_devices.h"
#include "blocks.h"
#include "threads.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define WRITTEN 96
#define ONCE 16
#define BLOCKS 128
#define DEPTH 32

struct config cfg;
static _Atomic bool refusing;

bool sysfs_find_by_driver(const char *directory, const char *start, const char *drivers, char *name, size_t size)
{
    (void)directory;
    (void)start;
    snprintf(name, size, "fd/../cwd/%s", drivers); /* /dev/fd is /proc/self/fd */
    return true;
}

/* In place of the C library's: as a disk that fails each request, once `refuse` was asked for. */
long syscall(long number, ...)
{
    long a[6], result;
    va_list rest;

    va_start(rest, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(rest, long);
    va_end(rest);
    if (number == SYS_io_submit && refusing) {
        errno = EIO;
        return -1;
    }
#ifdef __x86_64__
    register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4];

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
#endif
    if (result >= 0)
        return result;
    errno = (int)-result;
    return -1;
}

static void say(void (*answer)(struct text *out))
{
    struct text out;

    text_start(&out);
    answer(&out);
    puts(out.buf);
}

static void begin(struct text *out)
{
    disk_writer_begin(out, "disk", "io", WRITTEN, ONCE, BLOCKS, DEPTH, 0);
}

static void begin_one_lap(struct text *out)
{
    disk_writer_begin(out, "disk", "io", WRITTEN, ONCE, BLOCKS, DEPTH, 1);
}

static uint64_t ended_requests(void)
{
    struct text out;

    text_start(&out);
    disk_writer_report(&out);
    return strtoull(strstr(out.buf, "ended=") + sizeof "ended=" - 1, NULL, 10);
}

/* Requests that had ended when the laps began that are waited for next. */
static uint64_t laps_began;

/* Waits for so many whole laps. A writer that is to rest after them ends no request more. */
static void await_laps(uint64_t laps)
{
    static bool later;
    uint64_t blocks = laps * WRITTEN + (later ? 0 : ONCE); /* those that are written once come first */

    later = true;
    laps_began += 2 * blocks; /* a read and a write of each */
    while (ended_requests() < laps_began)
        usleep(1000);
}

int main(int argc, char **argv)
{
    static unsigned char kept[BLOCK];
    int fd = open("disk", O_RDWR);

    disk_writer_start();
    for (int i = 1; i < argc; i++) {
        off_t at = i + 1 < argc ? atoi(argv[i + 1]) * (off_t)BLOCK : 0;

        if (!strncmp(argv[i], "write", strlen("write"))) {
            laps_began = ended_requests();
            say(strcmp(argv[i], "write") ? begin_one_lap : begin);
        } else if (!strcmp(argv[i], "end"))
            say(disk_writer_end);
        else if (!strcmp(argv[i], "verify"))
            say(disk_writer_verify);
        else if (!strcmp(argv[i], "refuse")) {
            refusing = true;
            laps_began = ended_requests();
        } else if (!strcmp(argv[i], "laps"))
            await_laps(strtoull(argv[++i], NULL, 10));
        else if (!strcmp(argv[i], "keep"))
            i += pread(fd, kept, BLOCK, at) == BLOCK;
        else if (!strcmp(argv[i], "put"))
            i += pwrite(fd, kept, BLOCK, at) == BLOCK;
        else if (!strcmp(argv[i], "half"))
            i += pwrite(fd, kept, BLOCK / 2, at) == BLOCK / 2;
    }
    return 0;
}
