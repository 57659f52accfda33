/* SPDX-License-Identifier: Apache-2.0
 * One worker thread per vCPU. It increments the vCPU's progress counter, which every beat reports.
 *
 * busy: writes memory; before the first `write` it counts short sleeps. idle: sleeps in cycles of 2 s, so
 * that the vCPU stays in its idle loop, and counts the wakes by the vCPU's own timer. Timers of timers.c may
 * wake it in between. */
#include "agent_memory.h"

#include <sched.h>
#include <unistd.h>

#define IDLE_CYCLE_US 2000000u
#define BUSY_PAUSE_US 2000u

static void *worker_main(void *arg)
{
    unsigned cpu = (unsigned)(uintptr_t)arg;
    const struct sched_param param = {.sched_priority = 0};
    uint64_t next = now_us();

    sched_setscheduler(0, SCHED_BATCH, &param);
    while (!progress_stall_requested(cpu)) {
        if (memory_writing(cpu)) {
            memory_write_slice(cpu);
            next = now_us();
            continue;
        }
        if (cfg.busy) {
            sched_yield();
            next = now_us() + BUSY_PAUSE_US;
            sleep_until_us(next);
        } else {
            next += IDLE_CYCLE_US;
            if (next <= now_us())
                next = now_us() + IDLE_CYCLE_US;
            timers_wait(cpu, next);
        }
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
