/* SPDX-License-Identifier: Apache-2.0
 *
 * The modules that write memory with known content, and check it.
 */
#ifndef AGENT_MEMORY_H
#define AGENT_MEMORY_H

#include "agent.h"

#include <sys/types.h>

/* page.c: the content of one page */
#define PAGE_MAGIC 0x6863746170746f68ull /* "hotpatch", the first word of each page with known content */
enum page_fault { PAGE_OK, PAGE_INDEX, PAGE_LAP, PAGE_CHECKSUM, PAGE_CONTENT };
bool page_set_noise(uint64_t every);
void page_write(void *page, uint64_t index, uint64_t lap);
enum page_fault page_check(const void *page, uint64_t index, uint64_t lap);
enum page_fault page_glance(const void *page, uint64_t index, uint64_t lap); /* cheap: a part of the page */
struct page_values {
    uint64_t expected, found;
};
/* What `fault` of this page is about: its index, its lap, its checksum, or its first wrong word. */
struct page_values page_values(const void *page, uint64_t index, uint64_t lap, enum page_fault fault);
uint64_t page_lap(const void *page);
void page_damage(void *page, enum page_fault how);
const char *page_fault_name(enum page_fault fault);

/* damage.c: how many pages are damaged, and the details of one of them */
struct damage {
    uint64_t bad, page, lap;
    enum page_fault why;
    struct page_values values;
};
void damage_add(struct damage *d, uint64_t page, uint64_t lap, enum page_fault why, struct page_values values);
void damage_merge(struct damage *into, const struct damage *other);
void damage_report(struct text *out, const char *prefix, const struct damage *d);

/* rewrite.c: checks a page before a writer overwrites it */
void rewrite_check(unsigned cpu, const void *page, uint64_t index, uint64_t lap, bool thorough);
void rewrite_forget(void); /* only while writers are held */
void rewrite_report(struct text *out);

/* write_order.c: in which order a lap writes the pages of a region */
void write_order_set_scattered(bool on); /* only while writers are held, before the area is written again */
uint64_t write_order_page(uint64_t first, uint64_t end, uint64_t n, uint64_t lap);

/* region.c: the memory area and the part of each vCPU; used by memory.c and verify.c */
struct region {
    uint64_t first, end; /* pages of this vCPU: from `first` up to but not including `end` */
    uint64_t pos, lap;   /* next page to write, counted in write order from `first`, and its lap */
    _Atomic bool writing;
};
extern struct region regions[MAX_CPUS];
extern unsigned char *area;
extern uint64_t area_pages;
bool region_hold(struct text *out); /* stop all writers at a page boundary */
void region_release(void);
bool region_park_if_held(unsigned cpu);
bool region_allocate(struct text *out, uint64_t mib);

/* memory.c: fills the area and runs the writers */
bool memory_writing(unsigned cpu);
void memory_write_slice(unsigned cpu);
uint64_t memory_laps(void);
struct load {
    uint64_t mib, rate; /* rate: MiB/s over all vCPUs, 0 for no limit */
    uint64_t noise;     /* one word in so many is noise */
    bool scattered;
};
void memory_write(struct text *out, const struct load *load);
void memory_fill(struct text *out, uint64_t mib);
void memory_rate(struct text *out, uint64_t rate);
void memory_write_cost(struct text *out); /* how long page writes took since the last call */

/* still.c: memory that is filled once and never written again */
void still_fill(struct text *out, uint64_t mib); /* at most `mib`; 0: all that is free */
bool still_exists(void);
void still_check_job(unsigned cpu, void *unused); /* to run on all vCPUs, before still_report() */
void still_report(struct text *out);

/* kcore.c: where /proc/kcore has the kernel's memory */
#define KCORE_RANGES 64u
struct kcore_range {
    uint64_t address, size;
    off_t offset;
};
struct kcore {
    unsigned n;
    struct kcore_range ranges[KCORE_RANGES];
};
int kcore_open(struct kcore *k);                             /* the open file, or -1 */
off_t kcore_offset(const struct kcore *k, uint64_t address); /* -1: it does not have it */

/* constant.c: code and read-only data of the kernel, files of the initramfs */
uint64_t constant_sum(const uint64_t *word, size_t words);
bool constant_has(uint64_t address); /* is the page of the kernel there looked at? */
void constant_learn(struct text *out);
void constant_check(struct text *out);

/* nodes.c: the NUMA nodes that Linux found when it booted */
void nodes_report(struct text *out);

/* frames.c: what the kernel uses the frame at this physical address for */
void frame_report(struct text *out, uint64_t address);

/* kernel_data.c: pages that the kernel reserved, and that had content before a move and have none after it */
void kernel_data_find(void);
void kernel_data_learn(void); /* later: what has changed meanwhile is not checked */
void kernel_data_report(struct text *out);

/* verify.c: checks every page of the area and of the still memory */
void memory_verify(struct text *out);
void memory_inject_damage(struct text *out, uint64_t page, const char *kind, bool writers_go_on);

#endif
