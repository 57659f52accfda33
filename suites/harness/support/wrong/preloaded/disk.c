/* SPDX-License-Identifier: Apache-2.0
 * Loaded into the real QEMU that receives a guest: does something wrong with a few writes of the guest agent's
 * blocks (images/agent/block.c), soon after the move and never again, as the environment variable WRONG says:
 *
 *   drops       a write succeeds, and nothing is written
 *   misplaces   it goes to the place of the first block that was written
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
/* So many writes are concerned, after the first ones. Later than the 32 that can be in flight at once, so that
 * none is put to the place of the first block before that is written. */
#define FEW 8u
#define FIRST 40u
/* qcow2: offset of the refcount table in the header, and the cluster that is no longer counted, the L1 table. */
#define AT_TABLE 48
#define CLUSTER 3

static _Atomic unsigned writes;
static _Atomic off_t place_of_first;
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
    unsigned before;

    if (!*wrong || n != 1 || parts[0].iov_len != BLOCK || memcmp(block, MAGIC, sizeof MAGIC - 1))
        return really_write(fd, parts, n, at);
    if (!*image) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (readlink(link, image, sizeof image - 1) < 0)
            *image = '\0';
    }
    before = atomic_fetch_add(&writes, 1);
    if (before == 0)
        atomic_store(&place_of_first, at);
    if (before < FIRST || before >= FIRST + FEW || is("refcount"))
        return really_write(fd, parts, n, at);
    while (is("never-ends"))
        pause();
    if (is("misplaces"))
        return really_write(fd, parts, n, atomic_load(&place_of_first));
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
