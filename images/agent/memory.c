/* SPDX-License-Identifier: Apache-2.0
 * Filling the area once, and the writers that go round in it, lap by lap, in address order. */
#include "agent.h"

#define SLICE_US 4000u   /* shorter than 5 ms: a writer answers a hold soon */
#define BACKLOG_US 200000u
#define UNPACED_PAGES 32u

struct pace {
    uint64_t since_us, written, rate;
};
static struct pace paces[MAX_CPUS];
static _Atomic uint64_t rate_mib;

bool memory_writing(unsigned cpu)
{
    return atomic_load(&regions[cpu].writing);
}

/* Completed by every vCPU. */
uint64_t memory_laps(void)
{
    uint64_t least = UINT64_MAX;

    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        uint64_t lap = *(volatile uint64_t *)&regions[cpu].lap;

        if (lap < least)
            least = lap;
    }
    return least ? least - 1 : 0; /* lap 0: there is no area yet */
}

static void write_next(struct region *r)
{
    page_write(area + r->pos * UNIT, r->pos, r->lap);
    if (++r->pos == r->end) {
        r->pos = r->first;
        r->lap++;
    }
}

/* How many pages are due. A pause (a migration, a hold) is not made up for beyond BACKLOG_US: that
 * would be a burst at exactly the moment when the rate matters. */
static uint64_t pages_due(struct pace *p, uint64_t now)
{
    uint64_t rate = atomic_load(&rate_mib), due;

    if (rate == 0) {
        p->rate = 0;
        return UNPACED_PAGES;
    }
    if (p->rate != rate)
        *p = (struct pace){.since_us = now, .rate = rate};
    due = (now - p->since_us) * rate * UNITS_PER_MIB / cfg.cpus / 1000000u;
    if (due - p->written > BACKLOG_US * rate * UNITS_PER_MIB / cfg.cpus / 1000000u + 1) {
        *p = (struct pace){.since_us = now, .rate = rate};
        return 0;
    }
    return due - p->written;
}

void memory_write_slice(unsigned cpu)
{
    struct region *r = &regions[cpu];
    struct pace *p = &paces[cpu];
    uint64_t start = now_us(), due = pages_due(p, start);

    for (uint64_t i = 0; i < due; i++) {
        region_park_if_held(cpu);
        if (!memory_writing(cpu) || worker_stalled(cpu))
            return;
        write_next(r);
        p->written++;
        atomic_fetch_add(&progress[cpu], 1);
        if (i % 8 == 7 && now_us() - start > SLICE_US)
            break; /* the rest stays due */
    }
    region_park_if_held(cpu);
    if (atomic_load(&rate_mib) != 0) {
        uint64_t next = start + SLICE_US;

        if (next > now_us())
            sleep_until_us(next);
    }
}

/* Lap 1, unpaced: each vCPU writes its part once, as fast as it can. */
static void first_lap_job(unsigned cpu, void *unused)
{
    struct region *r = &regions[cpu];

    (void)unused;
    while (r->lap == 1) {
        write_next(r);
        if (r->pos % 64 == 0)
            helper_tick(cpu);
    }
}

/* Writers must be held. */
static bool write_once(struct text *out, uint64_t mib)
{
    if (!region_allocate(out, mib) || !helper_run_on_all(out, first_lap_job))
        return false;
    text_add(out, " pages=%llu", (unsigned long long)area_pages);
    return true;
}

void memory_fill(struct text *out, uint64_t mib)
{
    if (!region_hold(out))
        return;
    write_once(out, mib);
    region_release();
}

void memory_write(struct text *out, uint64_t mib, uint64_t rate)
{
    if (!region_hold(out))
        return;
    if (write_once(out, mib)) {
        atomic_store(&rate_mib, rate);
        for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
            paces[cpu] = (struct pace){0, 0, UINT64_MAX}; /* begins when the writer first looks */
            atomic_store(&regions[cpu].writing, true);
        }
    }
    region_release();
}

void memory_rate(struct text *out, uint64_t rate)
{
    if (!memory_writing(0)) {
        text_fail(out, "no writers run");
        return;
    }
    atomic_store(&rate_mib, rate);
}
