/* SPDX-License-Identifier: Apache-2.0
 * Checks every page of the area. Each vCPU checks its own region, all at the same time. */
#include "agent_memory.h"

#include <string.h>

struct finding {
    struct damage damage;
    uint64_t min_lap, max_lap;
};
static struct finding findings[MAX_CPUS];

/* In write order, pages before the writer's position have the current lap, the others the lap before. A page
 * from an older copy of the memory violates this even if the page itself is intact. */
static void verify_area(unsigned cpu)
{
    const struct region *r = &regions[cpu];
    struct finding f = {.min_lap = UINT64_MAX};

    for (uint64_t i = r->first; i < r->end; i++) {
        uint64_t at = write_order_page(r->first, r->end, i - r->first, r->lap);
        uint64_t expected_lap = i < r->pos ? r->lap : r->lap - 1;
        const unsigned char *page = area + at * UNIT;
        enum page_fault fault = page_check(page, at, expected_lap);
        uint64_t lap = page_lap(page);

        if (fault != PAGE_OK)
            damage_add(&f.damage, at, expected_lap, fault, page_values(page, at, expected_lap, fault));
        if (lap < f.min_lap)
            f.min_lap = lap;
        if (lap > f.max_lap)
            f.max_lap = lap;
        if (i % 64 == 0)
            helper_tick(cpu);
    }
    findings[cpu] = f;
}

static void verify_job(unsigned cpu, void *unused)
{
    if (area)
        verify_area(cpu);
    still_check_job(cpu, unused);
}

static void report(struct text *out)
{
    struct finding all = {.min_lap = UINT64_MAX};

    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        const struct finding *f = &findings[cpu];

        damage_merge(&all.damage, &f->damage);
        if (f->min_lap < all.min_lap)
            all.min_lap = f->min_lap;
        if (f->max_lap > all.max_lap)
            all.max_lap = f->max_lap;
    }
    text_add(out, " pages=%llu min_lap=%llu max_lap=%llu", (unsigned long long)area_pages,
             (unsigned long long)all.min_lap, (unsigned long long)all.max_lap);
    damage_report(out, "", &all.damage);
    rewrite_report(out);
    still_report(out);
}

void memory_verify(struct text *out)
{
    if (!area && !still_exists()) {
        text_fail(out, "no memory was written yet");
        return;
    }
    if (!region_hold(out))
        return;
    if (helper_run_on_all(out, verify_job))
        report(out);
    region_release(); /* also ends the hold of memory_inject_damage() */
}

/* Unless `writers_go_on`, writers stay held until the next verify, because they would overwrite the damage. */
void memory_inject_damage(struct text *out, uint64_t page, const char *kind, bool writers_go_on)
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
    if (!region_hold(out))
        return;
    page_damage(area + page * UNIT, how);
    if (writers_go_on)
        region_release();
}
