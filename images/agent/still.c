/* SPDX-License-Identifier: Apache-2.0
 * Still memory: filled once with pages of known content and never written again. A part of it is private
 * memory, a part is a file in a tmpfs, and a part is private memory that was written and then cleared. Only a
 * check can show that such a page was lost: nobody uses it.
 *
 * The content is cheaper than that of page.c, because there may be a lot of it: magic word, index, then words
 * that differ by a constant. Indexes are unique in the guest, so that a page can be found from outside.
 * Pages of zeros have none; a migration sends them in another way than pages with content. */
#include "agent_memory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORDS (UNIT / sizeof(uint64_t))
#define STEP 0x9e3779b97f4a7c15ull
#define FILE_NAME "/tmpfs/still"
#define FILE_SHARE 16u /* one part in so many is in the tmpfs */
#define ZEROS_MIB 1u
#define RESERVE_MIB 24u     /* left for drivers and their checks */
#define LEAST_RESERVE_MIB 10u /* left if all that is free is to be filled */
#define PAGES_PER_TICK 64u

struct part {
    const char *prefix;
    uint64_t first_index; /* of its first page; 0: pages of zeros */
    unsigned char *at;
    uint64_t pages;
    struct damage damage[MAX_CPUS];
};
static struct part parts[] = {
    {.prefix = "still_", .first_index = 1ull << 32},
    {.prefix = "tmpfs_", .first_index = 1ull << 33},
    {.prefix = "zero_"},
};
#define PARTS (sizeof parts / sizeof *parts)

/* The page gets content first, so that it was in use. */
static void clear_page(uint64_t *word)
{
    memset(word, 0xff, UNIT);
    __asm__ volatile("" : : : "memory"); /* or the compiler leaves out the first memset */
    memset(word, 0, UNIT);
}

static void check_zeros(struct damage *d, const uint64_t *word, uint64_t page)
{
    for (unsigned i = 0; i < WORDS; i++)
        if (word[i] != 0) {
            damage_add(d, page, 0, PAGE_CONTENT, (struct page_values){0, word[i]});
            return;
        }
}

static void fill_page(uint64_t *word, uint64_t index)
{
    uint64_t x = index * STEP;

    word[0] = PAGE_MAGIC;
    word[1] = index;
    for (unsigned i = 2; i < WORDS; i++)
        word[i] = x += STEP;
}

static void check_page(struct damage *d, const uint64_t *word, uint64_t index, uint64_t page)
{
    uint64_t x = index * STEP;

    if (word[0] != PAGE_MAGIC) {
        damage_add(d, page, 0, PAGE_INDEX, (struct page_values){PAGE_MAGIC, word[0]});
        return;
    }
    if (word[1] != index) {
        damage_add(d, page, 0, PAGE_INDEX, (struct page_values){index, word[1]});
        return;
    }
    for (unsigned i = 2; i < WORDS; i++)
        if (word[i] != (x += STEP)) {
            damage_add(d, page, 0, PAGE_CONTENT, (struct page_values){x, word[i]});
            return;
        }
}

/* Each vCPU has the same share of each part. */
static void fill_job(unsigned cpu, void *unused)
{
    (void)unused;
    for (struct part *p = parts; p < parts + PARTS; p++)
        for (uint64_t i = p->pages * cpu / cfg.cpus; i < p->pages * (cpu + 1) / cfg.cpus; i++) {
            uint64_t *word = (uint64_t *)(p->at + i * UNIT);

            if (p->first_index)
                fill_page(word, p->first_index + i);
            else
                clear_page(word);
            if (i % PAGES_PER_TICK == 0)
                helper_tick(cpu);
        }
}

void still_check_job(unsigned cpu, void *unused)
{
    (void)unused;
    for (struct part *p = parts; p < parts + PARTS; p++) {
        struct damage d = {0};

        for (uint64_t i = p->pages * cpu / cfg.cpus; i < p->pages * (cpu + 1) / cfg.cpus; i++) {
            const uint64_t *word = (const uint64_t *)(p->at + i * UNIT);

            if (p->first_index)
                check_page(&d, word, p->first_index + i, i);
            else
                check_zeros(&d, word, i);
            if (i % PAGES_PER_TICK == 0)
                helper_tick(cpu);
        }
        p->damage[cpu] = d;
    }
}

static uint64_t all_pages(void)
{
    uint64_t pages = 0;

    for (const struct part *p = parts; p < parts + PARTS; p++)
        pages += p->pages;
    return pages;
}

bool still_exists(void)
{
    return parts[0].pages > 0;
}

/* A kernel with huge pages keeps 5 % of RAM free for them. It also keeps the
 * zone below 16 MiB from programs; a ratio of 0 ends that. */
static void keep_little_free(void)
{
    write_text_file("/proc/sys/vm/min_free_kbytes", "2048");
    write_text_file("/proc/sys/vm/lowmem_reserve_ratio", "0 0 0 0 0");
}

static uint64_t mib_to_fill(uint64_t most, const char *which, uint64_t reserve)
{
    char text[1024], *at;
    uint64_t available = 0;

    if (read_text_file("/proc/meminfo", text, sizeof text) && (at = strstr(text, which)))
        available = strtoull(at + strlen(which), NULL, 10) / 1024;
    available = available > reserve ? available - reserve : 0;
    return most && most < available ? most : available;
}

static unsigned char *map_file(uint64_t size)
{
    int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    void *at = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (fd >= 0)
        close(fd);
    return at == MAP_FAILED ? NULL : at;
}

static unsigned char *map_private(uint64_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

void still_fill(struct text *out, uint64_t mib)
{
    uint64_t in_file;

    if (still_exists()) { /* it is never given back */
        text_add(out, " pages=%llu", (unsigned long long)all_pages());
        return;
    }
    if (mib == 0)
        keep_little_free();
    mib = mib ? mib_to_fill(mib, "MemAvailable:", RESERVE_MIB)
              : mib_to_fill(mib, "MemFree:", LEAST_RESERVE_MIB);
    if (mib < PARTS) { /* a guest with many devices has no memory to spare */
        text_add(out, " pages=0");
        return;
    }
    in_file = mib / FILE_SHARE ? mib / FILE_SHARE : 1;
    parts[0].at = map_private((mib - in_file - ZEROS_MIB) << 20);
    parts[1].at = map_file(in_file << 20);
    parts[2].at = map_private(ZEROS_MIB << 20);
    if (!parts[0].at || !parts[1].at || !parts[2].at) {
        text_fail(out, "cannot map %llu MiB of still memory", (unsigned long long)mib);
        return;
    }
    parts[0].pages = (mib - in_file - ZEROS_MIB) * UNITS_PER_MIB;
    parts[1].pages = in_file * UNITS_PER_MIB;
    parts[2].pages = ZEROS_MIB * UNITS_PER_MIB;
    if (helper_run_on_all(out, fill_job))
        text_add(out, " pages=%llu", (unsigned long long)all_pages());
}

void still_report(struct text *out)
{
    for (const struct part *p = parts; p < parts + PARTS; p++) {
        struct damage all = {0};

        for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
            damage_merge(&all, &p->damage[cpu]);
        text_add(out, " %spages=%llu", p->prefix, (unsigned long long)p->pages);
        damage_report(out, p->prefix, &all);
    }
}
