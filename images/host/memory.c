/* SPDX-License-Identifier: Apache-2.0
 * Memory without a name, such as the RAM of a guest that the source and the destination share. */
#include "host.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST 64

static struct {
    uint32_t id; /* 0: unused */
    int fd;
} memories[MOST];

bool memory_add(uint32_t id, uint64_t kib)
{
    size_t i = 0;
    int fd;

    while (i < MOST && memories[i].id)
        i++;
    errno = EMFILE;
    if (i == MOST || (fd = memfd_create("hotpatch-ram", MFD_CLOEXEC)) < 0)
        return false;
    if (ftruncate(fd, (off_t)(kib << 10)) != 0) {
        close(fd);
        return false;
    }
    memories[i].id = id;
    memories[i].fd = fd;
    return true;
}

int memory_fd(uint32_t id)
{
    for (size_t i = 0; i < MOST; i++)
        if (id && memories[i].id == id)
            return memories[i].fd;
    return -1;
}

bool memory_release(uint32_t id)
{
    for (size_t i = 0; i < MOST; i++)
        if (id && memories[i].id == id) {
            close(memories[i].fd);
            memories[i].id = 0;
            return true;
        }
    return false;
}
