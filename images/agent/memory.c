/* SPDX-License-Identifier: Apache-2.0
 * Filling the area once, and the writers that go round in it, lap by lap. */
#include "agent.h"

#define SLICE_US 4000u   /* shorter than 5 ms: a writer answers a hold soon */
#define BACKLOG_US 200000u
#define UNPACED_PAGES 32u

struct pace {
    uint64_t since_us, written, rate;
};
static struct pace paces[MAX_CPUS];
static _Atomic uint64_t rate_mib;

/* What each writer did since it was last asked. */
struct toll {
    _Atomic uint64_t pages, worst_us, slow;
};
#define SLOW_US 1000u
static struct toll tolls[MAX_CPUS];

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
    uint64_t page = order_page(r->first, r->end, r->pos - r->first, r->lap);

    page_write(area + page * UNIT, page, r->lap);
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

/* The first access to a page that is still on its way waits for it: that is what this is to see. */
static void note(struct toll *t, uint64_t us)
{
    atomic_fetch_add(&t->pages, 1);
    if (us > atomic_load(&t->worst_us))
        atomic_store(&t->worst_us, us);
    if (us >= SLOW_US)
        atomic_fetch_add(&t->slow, 1);
}

void memory_write_slice(unsigned cpu)
{
    struct region *r = &regions[cpu];
    struct pace *p = &paces[cpu];
    uint64_t start = now_us(), before = start, due = pages_due(p, start);

    for (uint64_t i = 0; i < due && before - start <= SLICE_US; i++) { /* the rest stays due */
        uint64_t after;

        if (region_park_if_held(cpu))
            before = now_us();
        if (!memory_writing(cpu) || worker_stalled(cpu))
            return;
        write_next(r);
        p->written++;
        atomic_fetch_add(&progress[cpu], 1);
        after = now_us();
        note(&tolls[cpu], after - before);
        before = after;
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
static bool write_once(struct text *out, const struct load *load)
{
    if (!page_set_noise(load->noise)) {
        text_fail(out, "noise is a power of two");
        return false;
    }
    order_scatter(load->scattered);
    if (!region_allocate(out, load->mib) || !helper_run_on_all(out, first_lap_job))
        return false;
    text_add(out, " pages=%llu", (unsigned long long)area_pages);
    return true;
}

void memory_fill(struct text *out, uint64_t mib)
{
    if (!region_hold(out))
        return;
    write_once(out, &(struct load){.mib = mib, .noise = 1});
    region_release();
}

void memory_toll(struct text *out)
{
    static uint64_t since_us;
    uint64_t now = now_us(), pages = 0, worst = 0, slow = 0;

    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        uint64_t of_cpu = atomic_exchange(&tolls[cpu].worst_us, 0);

        worst = of_cpu > worst ? of_cpu : worst;
        pages += atomic_exchange(&tolls[cpu].pages, 0);
        slow += atomic_exchange(&tolls[cpu].slow, 0);
    }
    text_add(out, " pages=%llu worst_us=%llu slow=%llu us=%llu", (unsigned long long)pages,
             (unsigned long long)worst, (unsigned long long)slow, (unsigned long long)(now - since_us));
    since_us = now;
}

void memory_write(struct text *out, const struct load *load)
{
    if (!region_hold(out))
        return;
    if (write_once(out, load)) {
        atomic_store(&rate_mib, load->rate);
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
