/* SPDX-License-Identifier: Apache-2.0
 *
 * The disk writer: keeps many requests in flight, and knows afterwards what each block must hold.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "agent.h"

#define BLOCK 4096u
#define DISK_NAME_SIZE 16

/* block.c: a block that says where it belongs. fixtures/evidence/blocks.py has the same layout. */
void block_fill(unsigned char *block, const char *disk, uint64_t number, uint64_t lap);
/* What is wrong with a block whose lap must be in [least, most]; NULL if nothing is. `lap` is what it holds. */
const char *block_fault(const unsigned char *block, const char *disk, uint64_t number, uint64_t least,
                        uint64_t most, uint64_t *lap);

/* disk_writer.c: reads, compares and overwrites blocks, lap after lap, until a command ends it, or until it has
 * made `most_laps`; 0 sets no limit. Before the first lap it writes `once` further blocks. Then it can read all
 * blocks back. */
void disk_writer_start(void);
void disk_writer_begin(struct text *out, const char *driver, const char *disk, uint64_t written, uint64_t once,
                       uint64_t blocks, uint64_t depth, uint64_t most_laps);
void disk_writer_report(struct text *out);
void disk_writer_end(struct text *out);
void disk_writer_verify(struct text *out);

/* disk_requests.c: asynchronous reads and writes of blocks, by the kernel's AIO */
#define MAX_DEPTH 64
struct disk_requests {
    int fd;
    unsigned long context; /* of io_setup(2) */
    unsigned depth;        /* slots in use: at most so many requests are in flight */
    unsigned free_slots[MAX_DEPTH], n_free;
    uint64_t number[MAX_DEPTH]; /* the block of each slot */
    bool writes[MAX_DEPTH];     /* is its request a write? */
};
bool disk_requests_open(struct disk_requests *r, const char *path, unsigned depth);
bool disk_requests_take(struct disk_requests *r, unsigned *slot); /* false: all are in use */
void disk_requests_free(struct disk_requests *r, unsigned slot);
unsigned char *disk_requests_block(unsigned slot); /* what its request reads or writes */
bool disk_requests_submit(struct disk_requests *r, unsigned slot, uint64_t number, bool writes);
/* Waits for ends, at most 100 ms; calls `ended` with the slot of each, which is still in use, and an errno or 0. */
void disk_requests_reap(struct disk_requests *r, void (*ended)(unsigned slot, int error));
void disk_requests_close(struct disk_requests *r);

#endif
