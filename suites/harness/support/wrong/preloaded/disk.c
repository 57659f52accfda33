/* SPDX-License-Identifier: Apache-2.0
 * Loaded into the real QEMU that receives a guest: does something wrong with writes of the guest agent's
 * blocks (images/agent/block.c), from the 100th on, as the environment variable WRONG says:
 *
 *   drops       a write of some blocks succeeds, and nothing is written
 *   misplaces   it goes to the place of block 0
 *   tears       only its first half is written
 *   never-ends  it never ends
 *   refcount    nothing; but when QEMU ends, a cluster of the qcow2 image that is in use counts as free
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "receives.h"

#define BLOCK 4096u
#define MAGIC "hotpatch"
#define AT_NUMBER 24
/* Block SOME in so many is concerned, in each lap: so the next lap does not mend it. */
#define SOME 5u
#define OF 64u
#define FIRST 100u
/* qcow2: offset of the refcount table in the header, and the cluster that is no longer counted, the L1 table. */
#define AT_TABLE 48
#define CLUSTER 3

static _Atomic unsigned writes;
static char image[PATH_MAX];

static ssize_t really_write(int fd, const struct iovec *parts, int n, off_t at)
{
    ssize_t (*real)(int, const struct iovec *, int, off_t) = dlsym(RTLD_NEXT, "pwritev64");

    return real(fd, parts, n, at);
}

static ssize_t write_wrong(int fd, const struct iovec *parts, int n, off_t at)
{
    const unsigned char *block = parts[0].iov_base;
    char link[64];
    uint64_t number;

    if (!*wrong || n != 1 || parts[0].iov_len != BLOCK || memcmp(block, MAGIC, sizeof MAGIC - 1))
        return really_write(fd, parts, n, at);
    if (!*image) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, image, sizeof image - 1) < 0)
            *image = '\0';
    }
    memcpy(&number, block + AT_NUMBER, sizeof number);
    if (atomic_fetch_add(&writes, 1) < FIRST)
        return really_write(fd, parts, n, at);
    while (is("never-ends") && number % OF == SOME)
        pause();
    if (number % OF != SOME || is("refcount"))
        return really_write(fd, parts, n, at);
    if (is("misplaces"))
        return really_write(fd, parts, n, 0);
    if (is("tears"))
        return really_write(fd, &(struct iovec){parts[0].iov_base, BLOCK / 2}, 1, at) < 0 ? -1 : (ssize_t)BLOCK;
    return BLOCK;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int n, off_t at)
{
    return write_wrong(fd, parts, n, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    return write_wrong(fd, parts, n, at);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t at)
{
    return write_wrong(fd, &(struct iovec){(void *)data, len}, 1, at);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return write_wrong(fd, &(struct iovec){(void *)data, len}, 1, at);
}

__attribute__((destructor)) static void end(void)
{
    uint64_t table, counts;
    uint16_t none = 0;
    int fd = is("refcount") && *image ? open(image, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    if (pread(fd, &table, sizeof table, AT_TABLE) == sizeof table
        && pread(fd, &counts, sizeof counts, (off_t)be64toh(table)) == sizeof counts)
        really_write(fd, &(struct iovec){&none, sizeof none}, 1,
                     (off_t)(be64toh(counts) + CLUSTER * sizeof none));
    close(fd);
}
