/* SPDX-License-Identifier: Apache-2.0
 * Asynchronous reads and writes of blocks by the kernel's AIO, past the page cache. The C library has no functions for
 * these system calls. */
#include "blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define REAP_NS 100000000

static unsigned char buffers[MAX_DEPTH][BLOCK] __attribute__((aligned(BLOCK)));

bool disk_requests_open(struct disk_requests *r, const char *path, unsigned depth)
{
    aio_context_t context = 0;

    memset(r, 0, sizeof *r);
    r->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
    if (r->fd < 0)
        return false;
    if (syscall(SYS_io_setup, depth, &context) != 0) {
        close(r->fd);
        return false;
    }
    r->context = context;
    r->depth = r->n_free = depth;
    for (unsigned i = 0; i < depth; i++)
        r->free_slots[i] = i;
    return true;
}

bool disk_requests_take(struct disk_requests *r, unsigned *slot)
{
    if (!r->n_free)
        return false;
    *slot = r->free_slots[--r->n_free];
    return true;
}

void disk_requests_free(struct disk_requests *r, unsigned slot)
{
    r->free_slots[r->n_free++] = slot;
}

unsigned char *disk_requests_block(unsigned slot)
{
    return buffers[slot];
}

bool disk_requests_submit(struct disk_requests *r, unsigned slot, uint64_t number, bool writes)
{
    struct iocb request = {
        .aio_data = slot,
        .aio_lio_opcode = writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
        .aio_fildes = (uint32_t)r->fd,
        .aio_buf = (uintptr_t)buffers[slot],
        .aio_nbytes = BLOCK,
        .aio_offset = (int64_t)(number * BLOCK),
    };
    struct iocb *requests[] = {&request};

    r->number[slot] = number;
    r->writes[slot] = writes;
    return syscall(SYS_io_submit, r->context, 1, requests) == 1;
}

void disk_requests_reap(struct disk_requests *r, void (*ended)(unsigned slot, int error))
{
    struct timespec longest = {.tv_nsec = REAP_NS};
    struct io_event events[MAX_DEPTH];
    long n = syscall(SYS_io_getevents, r->context, 1, MAX_DEPTH, events, &longest);

    for (long i = 0; i < n; i++)
        ended((unsigned)events[i].data,
              events[i].res < 0 ? (int)-events[i].res : events[i].res == BLOCK ? 0 : EIO);
}

void disk_requests_close(struct disk_requests *r)
{
    syscall(SYS_io_destroy, r->context);
    close(r->fd);
}
