/* SPDX-License-Identifier: Apache-2.0
 * Loaded into the real QEMU that receives a guest: does something wrong with the datagrams that the guest sends
 * back to its peer (fixtures/hosts/network/payloads.py) through its tap, as the environment variable WRONG says:
 *
 *   loses     one in 64 is never sent
 *   reorders  one in 64 is sent after the next one
 *   damages   one in 64 has another byte
 *   swallows  none; but segments of TCP that are larger than a frame are never sent
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <endian.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "receives.h"

#define MAGIC "hotpatch"
#define MAGIC_BYTES 8
#define OF 64u
/* Behind magic and number, and beyond the smallest datagram. */
#define AT_BYTE 100u
#define MOST 2048
/* The largest frame, and the header of virtio-net before it. */
#define LARGE (14 + 1500 + 12)

static unsigned char held[MOST];
static size_t held_bytes;

static ssize_t really_write(int fd, const struct iovec *parts, int n)
{
    ssize_t (*real)(int, const struct iovec *, int) = dlsym(RTLD_NEXT, "writev");

    return real(fd, parts, n);
}

static bool is_tap(int fd)
{
    static int tap = -1;
    char link[64], name[PATH_MAX] = "";

    if (fd == tap)
        return true;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, name, sizeof name - 1) < 0 || strcmp(name, "/dev/net/tun") != 0)
        return false;
    tap = fd;
    return true;
}

static size_t total(const struct iovec *parts, int n)
{
    size_t bytes = 0;

    for (int i = 0; i < n; i++)
        bytes += parts[i].iov_len;
    return bytes;
}

static void flatten(unsigned char *frame, const struct iovec *parts, int n)
{
    for (int i = 0; i < n; i++) {
        memcpy(frame, parts[i].iov_base, parts[i].iov_len);
        frame += parts[i].iov_len;
    }
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    unsigned char frame[MOST], *magic;
    uint64_t number;
    size_t bytes;
    ssize_t sent;

    if (!*wrong || !is_tap(fd))
        return really_write(fd, parts, n);
    bytes = total(parts, n);
    if (is("swallows") && bytes > LARGE)
        return (ssize_t)bytes;
    if (bytes > MOST)
        return really_write(fd, parts, n);
    flatten(frame, parts, n);
    magic = memmem(frame, bytes, MAGIC, MAGIC_BYTES);
    if (!magic || magic + AT_BYTE >= frame + bytes)
        return really_write(fd, parts, n);
    memcpy(&number, magic + MAGIC_BYTES, sizeof number);
    number = be64toh(number) / 3; /* One in three is too small. */
    if (number % OF == 0 && is("loses"))
        return (ssize_t)bytes;
    if (number % OF == 0 && is("damages"))
        magic[AT_BYTE] ^= 1;
    if (number % OF == 0 && is("reorders") && !held_bytes) {
        memcpy(held, frame, bytes);
        held_bytes = bytes;
        return (ssize_t)bytes;
    }
    sent = really_write(fd, &(struct iovec){frame, bytes}, 1);
    if (held_bytes)
        really_write(fd, &(struct iovec){held, held_bytes}, 1);
    held_bytes = 0;
    return sent;
}
