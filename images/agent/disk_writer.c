/* SPDX-License-Identifier: Apache-2.0
 * Writes the blocks of a disk, lap after lap, with many requests in flight. It remembers of each block the lap
 * that was submitted and the lap whose end the disk has reported: a later read must find a lap between them.
 * Each block is read, past the page cache, before it is overwritten: so a write that was lost, torn or put
 * elsewhere is found although the next lap mends it.
 *
 * All lasting I/O is done by one thread, so that a lost request cannot block the thread that serves commands. */
#include "agent_devices.h"
#include "blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_BLOCKS 4096u
/* Blocks are written in steps of this prime, so that neighbours are not merged into one request. */
#define STEP 7919u
#define READ_BLOCKS 16u
#define FIND_US 10000000u
#define LOOK_AGAIN_US 50000u
#define END_US 15000000u

enum job { WRITE, VERIFY };
static _Atomic uint32_t started;
static _Atomic bool ending;
static struct {
    char path[80], disk[DISK_NAME_SIZE + 1], driver[64];
    /* The first `written` blocks are overwritten in each lap, the next `once` only before the first; the others
     * are only read. */
    unsigned written, once, blocks, depth;
    uint64_t laps;                   /* after which the writer rests; 0: it goes on until it is ended */
} task;
static struct disk_requests requests;
static _Atomic uint32_t submitted[MAX_BLOCKS], acknowledged[MAX_BLOCKS];
static bool in_flight[MAX_BLOCKS];
static unsigned once_begun; /* of the blocks that are written once */
static _Atomic uint64_t laps, position, n_submitted, n_ended, n_failed, n_checked;
static char first_failure[REASON];
static struct faults {
    uint64_t blocks, bad, first, lap, least, most; /* `blocks` were compared */
    const char *why;
} found, overwritten; /* by the read at the end, and before blocks were overwritten */
static unsigned char chunk[READ_BLOCKS * BLOCK] __attribute__((aligned(BLOCK)));

static void note_failure(uint64_t number, int error)
{
    if (atomic_fetch_add(&n_failed, 1) == 0)
        snprintf(first_failure, sizeof first_failure, "block %llu: %s", (unsigned long long)number,
                 strerror(error));
}

static void note_fault(struct faults *faults, uint64_t number, const char *why, uint64_t lap)
{
    if (faults->bad++)
        return;
    faults->first = number;
    faults->why = why;
    faults->lap = lap;
    faults->least = atomic_load(&acknowledged[number]);
    faults->most = atomic_load(&submitted[number]);
}

static void compare(struct faults *faults, uint64_t number, const unsigned char *block)
{
    uint64_t lap;
    const char *why = block_fault(block, task.disk, number, atomic_load(&acknowledged[number]),
                                  atomic_load(&submitted[number]), &lap);

    faults->blocks++;
    if (why)
        note_fault(faults, number, why, lap);
}

static void ended(unsigned slot, int error);

static void submit(unsigned slot, uint64_t number, bool writes)
{
    atomic_fetch_add(&n_submitted, 1);
    if (!disk_requests_submit(&requests, slot, number, writes))
        ended(slot, errno);
}

/* A block that was read is compared, and then written with its next lap. */
static void ended(unsigned slot, int error)
{
    uint64_t number = requests.number[slot];
    unsigned char *block = disk_requests_block(slot);

    if (error)
        note_failure(number, error);
    atomic_fetch_add(&n_ended, 1);
    if (requests.writes[slot]) {
        if (!error)
            atomic_store(&acknowledged[number], atomic_load(&submitted[number]));
        in_flight[number] = false;
        disk_requests_free(&requests, slot);
        return;
    }
    if (!error)
        compare(&overwritten, number, block);
    block_fill(block, task.disk, number, atomic_fetch_add(&submitted[number], 1) + 1);
    submit(slot, number, true);
}

/* Begins with the next block of the lap; false if it, or each slot, is still in use. */
static bool begin_next(void)
{
    bool once = once_begun < task.once;
    uint64_t number = once ? task.written + once_begun : atomic_load(&position) * STEP % task.written;
    unsigned slot;

    if (in_flight[number] || !disk_requests_take(&requests, &slot))
        return false;
    in_flight[number] = true;
    submit(slot, number, false);
    if (once)
        once_begun++;
    else if (atomic_fetch_add(&position, 1) + 1 == task.written) {
        atomic_store(&position, 0);
        atomic_fetch_add(&laps, 1);
    }
    return true;
}

/* Is another block to be overwritten? */
static bool goes_on(void)
{
    return !atomic_load(&ending) && (!task.laps || atomic_load(&laps) < task.laps);
}

static void write_laps(void)
{
    if (!disk_requests_open(&requests, task.path, task.depth)) {
        snprintf(first_failure, sizeof first_failure, "open %s: %s", task.path, strerror(errno));
        atomic_fetch_add(&n_failed, 1);
    }
    atomic_store(&started, 1);
    futex_wake(&started);
    if (requests.fd < 0 || !requests.depth)
        return;
    for (;;) {
        while (goes_on() && begin_next())
            ;
        if (requests.n_free == requests.depth)
            break;
        disk_requests_reap(&requests, ended);
    }
    disk_requests_close(&requests);
}

static void verify_blocks(void)
{
    int fd = open(task.path, O_RDONLY | O_DIRECT | O_CLOEXEC);

    for (uint64_t at = 0; at < task.blocks; at += READ_BLOCKS) {
        bool read = pread(fd, chunk, sizeof chunk, (off_t)(at * BLOCK)) == (ssize_t)sizeof chunk;

        for (uint64_t i = 0; i < READ_BLOCKS && at + i < task.blocks; i++) {
            if (read)
                compare(&found, at + i, chunk + i * BLOCK);
            else
                note_fault(&found, at + i, "unread", 0);
            atomic_fetch_add(&n_checked, 1);
        }
    }
    close(fd);
}

static void run(unsigned job)
{
    if (job == WRITE)
        write_laps();
    else
        verify_blocks();
}

static struct jobs jobs = {.run = run};

/* Some disks appear long after their driver was loaded. */
static bool find_disk(void)
{
    uint64_t deadline = now_us() + stretched_us(FIND_US);
    char name[64];

    while (!sysfs_find_by_driver("/sys/block", "", task.driver, name, sizeof name)) {
        if (now_us() >= deadline)
            return false;
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
    snprintf(task.path, sizeof task.path, "/dev/%s", name);
    return true;
}

void disk_writer_begin(struct text *out, const char *driver, const char *disk, uint64_t written, uint64_t once,
                       uint64_t blocks, uint64_t depth, uint64_t most_laps)
{
    uint64_t deadline = now_us() + stretched_us(END_US);

    if (!jobs_at_rest(&jobs) || strlen(disk) >= DISK_NAME_SIZE || blocks > MAX_BLOCKS || written + once > blocks
        || blocks % READ_BLOCKS || written % STEP == 0 || !depth || depth > MAX_DEPTH) {
        text_fail(out, "the writer runs already, or cannot write such a disk");
        return;
    }
    snprintf(task.driver, sizeof task.driver, "%s", driver);
    snprintf(task.disk, sizeof task.disk, "%s", disk);
    task.written = (unsigned)written;
    task.once = (unsigned)once;
    task.blocks = (unsigned)blocks;
    task.depth = (unsigned)depth;
    task.laps = most_laps;
    if (!find_disk()) {
        text_fail(out, "no disk is driven by %s", driver);
        return;
    }
    atomic_store(&ending, false);
    atomic_store(&started, 0);
    jobs_post(&jobs, WRITE);
    while (!atomic_load(&started) && now_us() < deadline)
        futex_wait_us(&started, 0, deadline);
    if (!atomic_load(&started) || atomic_load(&n_failed))
        text_fail(out, "%s", atomic_load(&n_failed) ? first_failure : "the disk cannot be opened");
}

void disk_writer_report(struct text *out)
{
    uint64_t ends = atomic_load(&n_ended); /* first: a request is counted as submitted before it ends */

    text_add(out, " submitted=%llu ended=%llu failed=%llu laps=%llu position=%llu first=",
             (unsigned long long)atomic_load(&n_submitted), (unsigned long long)ends,
             (unsigned long long)atomic_load(&n_failed), (unsigned long long)atomic_load(&laps),
             (unsigned long long)atomic_load(&position));
    text_quote(out, atomic_load(&n_failed) ? first_failure : "none");
}

void disk_writer_end(struct text *out)
{
    atomic_store(&ending, true);
    jobs_finished(&jobs, END_US, NULL);
    disk_writer_report(out);
}

static void add_faults(struct text *out, const char *prefix, const struct faults *faults)
{
    text_add(out, " %sblocks=%llu %sbad=%llu %sfirst_bad=%llu %swhy=%s", prefix,
             (unsigned long long)faults->blocks, prefix, (unsigned long long)faults->bad, prefix,
             (unsigned long long)faults->first, prefix, faults->why ? faults->why : "none");
    text_add(out, " %slap=%llu %sacknowledged=%llu %ssubmitted=%llu", prefix, (unsigned long long)faults->lap,
             prefix, (unsigned long long)faults->least, prefix, (unsigned long long)faults->most);
}

void disk_writer_verify(struct text *out)
{
    if (!jobs_at_rest(&jobs)) {
        text_fail(out, "requests of the writer have not ended");
        return;
    }
    memset(&found, 0, sizeof found);
    atomic_store(&n_checked, 0);
    jobs_post(&jobs, VERIFY);
    if (!jobs_finished(&jobs, END_US, &n_checked)) {
        text_fail(out, "a read of the disk has not ended");
        return;
    }
    found.blocks = atomic_load(&n_checked);
    add_faults(out, "", &found);
    add_faults(out, "overwritten_", &overwritten);
}

void disk_writer_start(void)
{
    jobs_start(&jobs);
}
