/* SPDX-License-Identifier: Apache-2.0
 * Fills the area once (lap 1), then writers overwrite it lap by lap. */
#include "agent_memory.h"

WITHOUT_HELD_REGISTERS

#define SLICE_US 4000u   /* short, so that a writer soon sees a hold */
#define BACKLOG_US 200000u
#define UNPACED_PAGES 32u
#define DOZE_US 250u

struct pace {
    uint64_t since_us, written, rate;
};
static struct pace paces[MAX_CPUS];
static _Atomic uint64_t rate_mib;

/* What each writer did since the last report. */
struct write_cost {
    _Atomic uint64_t pages, worst_us, slow;
};
#define SLOW_US 1000u
static struct write_cost costs[MAX_CPUS];

bool memory_writing(unsigned cpu)
{
    return atomic_load(&regions[cpu].writing);
}

/* Laps that every vCPU has completed. */
uint64_t memory_laps(void)
{
    uint64_t least = UINT64_MAX;

    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        uint64_t lap = *(volatile uint64_t *)&regions[cpu].lap;

        if (lap < least)
            least = lap;
    }
    return least ? least - 1 : 0; /* lap 0: no area yet */
}

/* The writer of `cpu` writes the next page of its region. */
static void write_next(unsigned cpu)
{
    struct region *r = &regions[cpu];
    uint64_t page = write_order_page(r->first, r->end, r->pos - r->first, r->lap);

    if (r->lap > 1)
        rewrite_check(cpu, area + page * UNIT, page, r->lap - 1, paces[cpu].rate != 0);
    page_write(area + page * UNIT, page, r->lap);
    if (++r->pos == r->end) {
        r->pos = r->first;
        r->lap++;
    }
}

/* How many pages are due now. After a pause (a switchover, a hold) at most BACKLOG_US of writing is made up
 * for: more would be a burst at the moment when the rate matters most. */
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

/* In postcopy, the first access to a page waits until the page has arrived; `worst_us` shows that wait. */
static void add_cost(struct write_cost *cost, uint64_t us)
{
    atomic_fetch_add(&cost->pages, 1);
    if (us > atomic_load(&cost->worst_us))
        atomic_store(&cost->worst_us, us);
    if (us >= SLOW_US)
        atomic_fetch_add(&cost->slow, 1);
}

/* Beats run on this vCPU too. What a move does to registers is seen only by the thread that ran last before it,
 * if it also runs first after it: so this one wakes often. */
static void doze_until(unsigned cpu, uint64_t mono_us)
{
    while (cpu == cfg.beat_cpu && now_us() + DOZE_US < mono_us)
        sleep_until_us(now_us() + DOZE_US);
    sleep_until_us(mono_us);
}

void memory_write_slice(unsigned cpu)
{
    struct pace *p = &paces[cpu];
    uint64_t start = now_us(), before = start, due = pages_due(p, start);

    registers_hold();
    for (uint64_t i = 0; i < due && before - start <= SLICE_US; i++) { /* what is left stays due */
        uint64_t after;

        if (region_park_if_held(cpu))
            before = now_us();
        if (!memory_writing(cpu) || progress_stall_requested(cpu))
            break;
        write_next(cpu);
        p->written++;
        atomic_fetch_add(&progress[cpu], 1);
        after = now_us();
        add_cost(&costs[cpu], after - before);
        before = after;
    }
    registers_release();
    if (!memory_writing(cpu) || progress_stall_requested(cpu))
        return;
    region_park_if_held(cpu);
    if (atomic_load(&rate_mib) != 0) {
        uint64_t next = start + SLICE_US;

        if (next > now_us())
            doze_until(cpu, next);
    }
}

/* Lap 1: each vCPU writes its region once, without a rate limit. */
static void first_lap_job(unsigned cpu, void *unused)
{
    struct region *r = &regions[cpu];

    (void)unused;
    while (r->lap == 1) {
        write_next(cpu);
        if (r->pos % 64 == 0)
            helper_tick(cpu);
    }
}

/* Writers must be held. */
static bool write_once(struct text *out, const struct load *load)
{
    if (!page_set_noise(load->noise)) {
        text_fail(out, "noise must be a power of two");
        return false;
    }
    write_order_set_scattered(load->scattered);
    rewrite_forget();
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

void memory_write_cost(struct text *out)
{
    static uint64_t since_us;
    uint64_t now = now_us(), pages = 0, worst = 0, slow = 0;

    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        uint64_t of_cpu = atomic_exchange(&costs[cpu].worst_us, 0);

        worst = of_cpu > worst ? of_cpu : worst;
        pages += atomic_exchange(&costs[cpu].pages, 0);
        slow += atomic_exchange(&costs[cpu].slow, 0);
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
            paces[cpu] = (struct pace){0, 0, UINT64_MAX}; /* starts when the writer runs next */
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
