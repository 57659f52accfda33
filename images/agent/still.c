/* SPDX-License-Identifier: Apache-2.0
 * Still memory: filled once with pages of known content and never written again. A part of it is private
 * memory, a part is a file in a tmpfs. Only a check can show that such a page was lost: nobody uses it.
 *
 * The content is cheaper than that of page.c, because there may be a lot of it: magic word, index, then words
 * that differ by a constant. Indexes are unique in the guest, so that a page can be found from outside. */
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
#define RESERVE_MIB 24u     /* left for drivers and their checks */
#define LEAST_RESERVE_MIB 10u /* left if all that is free is to be filled */
#define PAGES_PER_TICK 64u

struct part {
    const char *prefix;
    uint64_t first_index; /* of its first page */
    unsigned char *at;
    uint64_t pages;
    struct damage damage[MAX_CPUS];
};
static struct part parts[] = {
    {.prefix = "still_", .first_index = 1ull << 32},
    {.prefix = "tmpfs_", .first_index = 1ull << 33},
};
#define PARTS (sizeof parts / sizeof *parts)

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
            fill_page((uint64_t *)(p->at + i * UNIT), p->first_index + i);
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
            check_page(&d, (const uint64_t *)(p->at + i * UNIT), p->first_index + i, i);
            if (i % PAGES_PER_TICK == 0)
                helper_tick(cpu);
        }
        p->damage[cpu] = d;
    }
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
        text_add(out, " pages=%llu", (unsigned long long)(parts[0].pages + parts[1].pages));
        return;
    }
    if (mib == 0)
        keep_little_free();
    mib = mib ? mib_to_fill(mib, "MemAvailable:", RESERVE_MIB)
              : mib_to_fill(mib, "MemFree:", LEAST_RESERVE_MIB);
    if (mib < 2) { /* a guest with many devices has no memory to spare */
        text_add(out, " pages=0");
        return;
    }
    in_file = mib / FILE_SHARE ? mib / FILE_SHARE : 1;
    parts[0].at = map_private((mib - in_file) << 20);
    parts[1].at = map_file(in_file << 20);
    if (!parts[0].at || !parts[1].at) {
        text_fail(out, "cannot map %llu MiB of still memory", (unsigned long long)mib);
        return;
    }
    parts[0].pages = (mib - in_file) * UNITS_PER_MIB;
    parts[1].pages = in_file * UNITS_PER_MIB;
    if (helper_run_on_all(out, fill_job))
        text_add(out, " pages=%llu", (unsigned long long)(parts[0].pages + parts[1].pages));
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
