/* SPDX-License-Identifier: Apache-2.0
 * A helper thread per vCPU, pinned to it, which runs one job at a time for a command.
 *
 * Helpers are created at start-up, so that a job can be posted without waiting for the vCPU. If a vCPU is
 * dead, its helper stays busy, and the caller reports that vCPU. */
#include "agent.h"

#define NO_PROGRESS_US 15000000u

struct helper {
    _Atomic uint32_t posted, done;
    _Atomic uint64_t ticks;
    void (*job)(unsigned cpu, void *arg);
    void *arg;
};
static struct helper helpers[MAX_CPUS];

static void *helper_main(void *arg)
{
    unsigned cpu = (unsigned)(uintptr_t)arg;
    struct helper *h = &helpers[cpu];

    for (;;) {
        uint32_t seen = atomic_load(&h->done);

        if (atomic_load(&h->posted) == seen) {
            futex_wait_us(&h->posted, seen, UINT64_MAX);
            continue;
        }
        h->job(cpu, h->arg);
        atomic_store(&h->done, seen + 1);
        futex_wake(&h->done);
    }
    return NULL;
}

bool helper_done(unsigned cpu)
{
    return atomic_load(&helpers[cpu].posted) == atomic_load(&helpers[cpu].done);
}

bool helper_post(unsigned cpu, void (*job)(unsigned cpu, void *arg), void *arg)
{
    struct helper *h = &helpers[cpu];

    if (!helper_done(cpu))
        return false;
    h->job = job;
    h->arg = arg;
    atomic_fetch_add(&h->posted, 1);
    futex_wake(&h->posted);
    return true;
}

bool helper_wait(unsigned cpu, uint64_t deadline_us)
{
    while (!helper_done(cpu) && now_us() < deadline_us)
        futex_wait_us(&helpers[cpu].done, atomic_load(&helpers[cpu].posted) - 1, deadline_us);
    return helper_done(cpu);
}

void helper_tick(unsigned cpu)
{
    atomic_fetch_add(&helpers[cpu].ticks, 1);
}

/* Waits as long as the job makes progress, however long it takes: the area may be large, and in postcopy its
 * pages arrive one by one. */
static bool wait_while_progressing(unsigned cpu)
{
    uint64_t ticks;

    do {
        ticks = atomic_load(&helpers[cpu].ticks);
        if (helper_wait(cpu, now_us() + stretched_us(NO_PROGRESS_US)))
            return true;
    } while (ticks != atomic_load(&helpers[cpu].ticks));
    return false;
}

bool helper_run_on_all(struct text *out, void (*job)(unsigned cpu, void *arg))
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        if (!helper_done(cpu)) {
            text_fail(out, "vcpu %u has not finished an earlier job", cpu);
            return false;
        }
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        helper_post(cpu, job, NULL);
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        if (!wait_while_progressing(cpu)) {
            text_fail(out, "vcpu %u has done nothing for %llu s", cpu,
                      (unsigned long long)stretched_us(NO_PROGRESS_US) / 1000000);
            return false;
        }
    return true;
}

void helper_start(void)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        start_thread(helper_main, (void *)(uintptr_t)cpu, (int)cpu, 0);
}
