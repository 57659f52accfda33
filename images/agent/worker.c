/* SPDX-License-Identifier: Apache-2.0
 * One worker thread per vCPU. It increments the vCPU's progress counter, which every beat reports.
 *
 * busy: writes memory; before the first `write` it counts short sleeps. idle: sleeps in cycles of 2 s, so
 * that the vCPU stays in its idle loop, and counts the wakes by the vCPU's own timer. */
#include "agent.h"

#include <sched.h>
#include <unistd.h>

#define IDLE_CYCLE_US 2000000u
#define BUSY_PAUSE_US 2000u

static _Atomic uint32_t nudges[MAX_CPUS];

/* Returns when it woke. A nudge puts it off: until then only the timers of timers.c wake this vCPU. */
static uint64_t sleep_until(unsigned cpu, uint64_t mono_us)
{
    while (now_us() < mono_us) {
        uint32_t seen = atomic_load(&nudges[cpu]);

        futex_wait_us(&nudges[cpu], seen, mono_us);
        if (atomic_load(&nudges[cpu]) != seen && !cfg.busy)
            mono_us = now_us() + IDLE_CYCLE_US;
    }
    return mono_us;
}

void worker_nudge(unsigned cpu)
{
    atomic_fetch_add(&nudges[cpu], 1);
    futex_wake(&nudges[cpu]);
}

static void *worker_main(void *arg)
{
    unsigned cpu = (unsigned)(uintptr_t)arg;
    const struct sched_param param = {.sched_priority = 0};
    uint64_t next = now_us();

    sched_setscheduler(0, SCHED_BATCH, &param); /* a nudged worker runs after the thread that nudges it */
    while (!progress_stall_requested(cpu)) {
        if (memory_writing(cpu)) {
            memory_write_slice(cpu);
            next = now_us();
            continue;
        }
        if (cfg.busy) {
            sched_yield();
            next = now_us() + BUSY_PAUSE_US;
        } else {
            next += IDLE_CYCLE_US;
            if (next <= now_us())
                next = now_us() + IDLE_CYCLE_US;
        }
        next = sleep_until(cpu, next);
        if (!progress_stall_requested(cpu))
            atomic_fetch_add(&progress[cpu], 1);
    }
    progress_set_worker_ended(cpu);
    for (;;)
        pause();
    return NULL;
}

void worker_start(void)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        start_thread(worker_main, (void *)(uintptr_t)cpu, (int)cpu, 0);
}
