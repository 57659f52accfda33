/* SPDX-License-Identifier: Apache-2.0
 * Checks every page of the area. Each vCPU checks its own region, all at the same time. */
#include "agent.h"

#include <string.h>

struct finding {
    uint64_t bad, first_bad, min_lap, max_lap;
    enum page_fault why;
};
static struct finding findings[MAX_CPUS];

/* In write order, pages before the writer's position have the current lap, the others the lap before. A page
 * from an older copy of the memory violates this even if the page itself is intact. */
static void verify_job(unsigned cpu, void *unused)
{
    const struct region *r = &regions[cpu];
    struct finding f = {.min_lap = UINT64_MAX};

    (void)unused;
    for (uint64_t i = r->first; i < r->end; i++) {
        uint64_t at = write_order_page(r->first, r->end, i - r->first, r->lap);
        const unsigned char *page = area + at * UNIT;
        enum page_fault fault = page_check(page, at, i < r->pos ? r->lap : r->lap - 1);
        uint64_t lap = page_lap(page);

        if (fault != PAGE_OK && (f.bad++ == 0 || at < f.first_bad)) {
            f.first_bad = at;
            f.why = fault;
        }
        if (lap < f.min_lap)
            f.min_lap = lap;
        if (lap > f.max_lap)
            f.max_lap = lap;
        if (i % 64 == 0)
            helper_tick(cpu);
    }
    findings[cpu] = f;
}

static void report(struct text *out)
{
    struct finding all = {.min_lap = UINT64_MAX};

    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        const struct finding *f = &findings[cpu];

        if (f->bad && !all.bad) { /* regions are in address order, so the first bad page is the lowest */
            all.first_bad = f->first_bad;
            all.why = f->why;
        }
        all.bad += f->bad;
        if (f->min_lap < all.min_lap)
            all.min_lap = f->min_lap;
        if (f->max_lap > all.max_lap)
            all.max_lap = f->max_lap;
    }
    text_add(out, " pages=%llu bad=%llu first_bad=%lld why=%s min_lap=%llu max_lap=%llu",
             (unsigned long long)area_pages, (unsigned long long)all.bad,
             all.bad ? (long long)all.first_bad : -1ll, page_fault_name(all.why),
             (unsigned long long)all.min_lap, (unsigned long long)all.max_lap);
}

void memory_verify(struct text *out)
{
    if (!area) {
        text_fail(out, "no memory was written yet");
        return;
    }
    if (!region_hold(out))
        return;
    if (helper_run_on_all(out, verify_job))
        report(out);
    region_release(); /* also ends the hold of memory_inject_damage() */
}

/* Writers stay held until the next verify, because they would overwrite the damage. */
void memory_inject_damage(struct text *out, uint64_t page, const char *kind)
{
    enum page_fault how = PAGE_CHECKSUM;

    if (page >= area_pages) {
        text_fail(out, "page %llu is not in the area of %llu pages", (unsigned long long)page,
                  (unsigned long long)area_pages);
        return;
    }
    while (kind && strcmp(kind, page_fault_name(how)))
        if ((how = how == PAGE_CONTENT ? PAGE_INDEX : how + 1) == PAGE_CHECKSUM) {
            text_fail(out, "unknown kind of damage");
            return;
        }
    if (region_hold(out))
        page_damage(area + page * UNIT, how);
}
