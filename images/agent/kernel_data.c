/* SPDX-License-Identifier: Apache-2.0
 * Memory that the kernel reserved when it booted and changes at any time: its data, the list of frames, data
 * of each vCPU, hash tables.
 *
 * No sum of it can be compared after a move. But a page that never arrived is all zero, and such a page is
 * not: a page counts as lost if it had the same dense content twice before a move and is all zero after it.
 * Sparse pages are left out, because the kernel may clear the few words of a hash table. So are slabs and other
 * pages that the kernel allocates: in a guest with 23 devices it set some of them to zero. */
#include "agent_memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __x86_64__
#define DIRECT_MAP 0xffff888000000000ull /* the guest has no KASLR */
#define KERNEL_MAP 0xffffffff80000000ull
#else
#define DIRECT_MAP 0xc000000000000000ull
#define KERNEL_MAP DIRECT_MAP
#endif
#define WORDS (UNIT / sizeof(uint64_t))
#define DENSE (WORDS / 4)
#define PER_CHUNK 16u /* pages: one frame of POWER */
#define CHUNK (PER_CHUNK * UNIT)
#define MOST_BYTES (640ull << 20) /* a guest with more is left out: to look at it takes seconds under TCG */
#define RESERVED (1ull << 32)     /* Linux include/linux/kernel-page-flags.h */

static struct unit {
    uint64_t sum;
    bool held;
} *units;
static uint64_t n_units, chunk[CHUNK / sizeof(uint64_t)];
static struct lost {
    uint64_t pages, bad, first;
} lost;

static bool is_held(uint64_t unit)
{
    return units[unit].held;
}

/* Calls `look` for each page that is held. */
static void scan(void (*look)(uint64_t unit, const uint64_t *word))
{
    struct kcore k;
    int kcore = kcore_open(&k);

    for (uint64_t first = 0; kcore >= 0 && first + PER_CHUNK <= n_units; first += PER_CHUNK) {
        off_t at = kcore_offset(&k, DIRECT_MAP + first * UNIT);
        bool any = false;

        for (uint64_t i = first; i < first + PER_CHUNK; i++)
            any |= is_held(i);
        if (!any || at < 0 || pread(kcore, chunk, sizeof chunk, at) != (ssize_t)sizeof chunk)
            continue;
        for (uint64_t i = 0; i < PER_CHUNK; i++)
            if (is_held(first + i))
                look(first + i, chunk + i * WORDS);
    }
    if (kcore >= 0)
        close(kcore);
}

static size_t words_in_use(const uint64_t *word)
{
    size_t n = 0;

    for (size_t i = 0; i < WORDS; i++)
        n += word[i] != 0;
    return n;
}

static void first_look(uint64_t unit, const uint64_t *word)
{
    units[unit] = (struct unit){.sum = constant_sum(word, WORDS), .held = words_in_use(word) >= DENSE};
}

static void second_look(uint64_t unit, const uint64_t *word)
{
    units[unit].held = units[unit].sum == constant_sum(word, WORDS);
}

static void look_if_lost(uint64_t unit, const uint64_t *word)
{
    lost.pages++;
    if (words_in_use(word) == 0 && !lost.bad++)
        lost.first = unit * UNIT;
}

/* Holds the pages of the frames with these flags, if they are reserved and constant.c has no sum of them. */
static void hold_reserved(const uint64_t *flags, uint64_t first, uint64_t n)
{
    uint64_t per_frame = cfg.page / UNIT;

    for (uint64_t unit = first * per_frame; unit < (first + n) * per_frame; unit++)
        units[unit].held = (flags[unit / per_frame - first] & RESERVED)
                           && !constant_has(KERNEL_MAP + unit * UNIT);
}

static void find_reserved(void)
{
    uint64_t flags[512], most = MOST_BYTES / cfg.page, frame = 0;
    int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
    ssize_t got;

    while (fd >= 0 && frame < most
           && (got = pread(fd, flags, sizeof flags, (off_t)(frame * sizeof *flags))) > 0) {
        uint64_t n = (uint64_t)got / sizeof *flags;

        n = n < most - frame ? n : most - frame;
        hold_reserved(flags, frame, n);
        frame += n;
    }
    n_units = frame < most ? frame * cfg.page / UNIT : 0;
    if (fd >= 0)
        close(fd);
}

void kernel_data_find(void)
{
    if (!units)
        units = calloc(MOST_BYTES / UNIT, sizeof *units);
    n_units = 0;
    if (!units)
        return;
    find_reserved();
    scan(first_look);
}

void kernel_data_learn(void)
{
    scan(second_look);
}

void kernel_data_report(struct text *out)
{
    lost = (struct lost){0};
    scan(look_if_lost);
    text_add(out, " data_pages=%llu data_bad=%llu data_first=%#llx", (unsigned long long)lost.pages,
             (unsigned long long)lost.bad, (unsigned long long)lost.first);
}
