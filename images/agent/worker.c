/* SPDX-License-Identifier: Apache-2.0
 * One worker per vCPU. Its counter, in every beat, shows that this vCPU goes on.
 *
 * busy: it writes memory (or, before `write`, counts with short sleeps). idle: it sleeps in cycles of
 * 2 s, so the vCPU is in its idle loop, and counts each time its own timer has woken it. */
#include "agent.h"

#include <sched.h>
#include <unistd.h>

#define IDLE_CYCLE_US 2000000u
#define BUSY_PAUSE_US 2000u

_Atomic uint64_t progress[MAX_CPUS];
static _Atomic bool stalled[MAX_CPUS], stopped[MAX_CPUS];

bool worker_stalled(unsigned cpu)
{
    return atomic_load(&stalled[cpu]);
}

/* Not merely told to stall: no longer in the middle of a page. */
bool worker_stopped(unsigned cpu)
{
    return atomic_load(&stopped[cpu]);
}

/* Injected fault. It acts when the worker next looks: at once if busy, at its next timer wake if idle. */
bool worker_stall(unsigned cpu)
{
    if (cpu >= cfg.cpus)
        return false;
    atomic_store(&stalled[cpu], true);
    return true;
}

static void *worker_main(void *arg)
{
    unsigned cpu = (unsigned)(uintptr_t)arg;
    uint64_t next = now_us();

    while (!worker_stalled(cpu)) {
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
        sleep_until_us(next);
        if (!worker_stalled(cpu))
            atomic_fetch_add(&progress[cpu], 1);
    }
    atomic_store(&stopped[cpu], true);
    for (;;)
        pause();
    return NULL;
}

void worker_start(void)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        start_thread(worker_main, (void *)(uintptr_t)cpu, (int)cpu, 0);
}
