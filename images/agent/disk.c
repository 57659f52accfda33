/* SPDX-License-Identifier: Apache-2.0
 * The check of a disk on any bus: the data of the previous check, perhaps from before a move, can still be
 * read, and so can newly written data. */
#include "agent_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BLOCK 65536u
#define LOOK_AGAIN_US 50000u

static void read_and_compare(struct device *d, int fd, const char *when, char *reason)
{
    memset(d->read, 0, BLOCK);
    if (pread(fd, d->read, BLOCK, (off_t)d->at) != (ssize_t)BLOCK)
        snprintf(reason, REASON, "read at %llu: %s", (unsigned long long)d->at, strerror(errno));
    else if (memcmp(d->read, d->written, BLOCK) != 0)
        snprintf(reason, REASON, "read at %llu returned other data than was written%s",
                 (unsigned long long)d->at, when);
}

static void fill_with_new_data(struct device *d)
{
    uint64_t x = d->round * 0x9e3779b97f4a7c15ull ^ now_us();

    for (unsigned i = 0; i < BLOCK; i += sizeof x) {
        x = x * 6364136223846793005ull + 1442695040888963407ull;
        memcpy(d->written + i, &x, sizeof x);
    }
}

static void write_next(struct device *d, int fd, char *reason)
{
    uint64_t size;

    if (ioctl(fd, BLKGETSIZE64, &size) != 0 || size < BLOCK) {
        snprintf(reason, REASON, "the disk is too small");
        return;
    }
    d->has_written = false;
    d->at = ++d->round % (size / BLOCK) * BLOCK;
    fill_with_new_data(d);
    if (pwrite(fd, d->written, BLOCK, (off_t)d->at) != (ssize_t)BLOCK)
        snprintf(reason, REASON, "write at %llu: %s", (unsigned long long)d->at, strerror(errno));
    else if (fsync(fd) != 0)
        snprintf(reason, REASON, "fsync: %s", strerror(errno));
    else
        d->has_written = true;
}

/* Some disks appear long after their driver was loaded. */
static bool find_disk(struct device *d, char *path, size_t size)
{
    char name[64];

    while (!sysfs_find_by_driver("/sys/block", "", d->selector, name, sizeof name)) {
        if (ran_us() + LOOK_AGAIN_US >= d->deadline_us)
            return false;
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    snprintf(path, size, "/dev/%s", name);
    return true;
}

/* O_DIRECT: otherwise reads would come from the guest's page cache and not from the disk. */
static int open_disk(struct device *d, char *reason)
{
    char path[80];
    int fd;

    if (!d->written &&
        (!(d->written = aligned_alloc(BLOCK, BLOCK)) || !(d->read = aligned_alloc(BLOCK, BLOCK)))) {
        snprintf(reason, REASON, "the guest has no memory left");
        return -1;
    }
    if (!find_disk(d, path, sizeof path)) {
        snprintf(reason, REASON, "no disk is driven by %s", d->selector);
        return -1;
    }
    fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
    if (fd < 0)
        snprintf(reason, REASON, "open %s: %s", path, strerror(errno));
    return fd;
}

void check_disk(struct device *d, char *reason)
{
    int fd = open_disk(d, reason);

    if (fd < 0)
        return;
    if (d->has_written)
        read_and_compare(d, fd, " by the previous check", reason);
    if (!*reason)
        write_next(d, fd, reason);
    if (!*reason)
        read_and_compare(d, fd, "", reason);
    close(fd);
}
