/* SPDX-License-Identifier: Apache-2.0
 * A thread per vCPU that spins with known values in its registers, so that they are in the vCPU when it is
 * moved. It runs when nothing else wants the vCPU. */
#include "agent.h"

#include <sched.h>

#define ROUND_US 1000u /* time between two comparisons */
#define MOST_ROUNDS (1u << 30)

static _Atomic uint32_t spin_on[MAX_CPUS];

static void *holder_main(void *arg)
{
    _Atomic uint32_t *on = &spin_on[(uintptr_t)arg];
    const struct sched_param param = {.sched_priority = 0};
    uint64_t rounds = 1000;

    sched_setscheduler(0, SCHED_IDLE, &param);
    for (;;) {
        uint64_t before;

        if (!atomic_load(on)) {
            futex_wait_us(on, 0, UINT64_MAX);
            continue;
        }
        before = now_us();
        registers_spin(rounds);
        if (now_us() - before < ROUND_US && rounds < MOST_ROUNDS)
            rounds += rounds / 4;
        else
            rounds -= rounds / 4;
    }
    return NULL;
}

void holder_spin(unsigned cpu, bool on)
{
    atomic_store(&spin_on[cpu], on);
    futex_wake(&spin_on[cpu]);
}

void holder_start(void)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        start_thread(holder_main, (void *)(uintptr_t)cpu, (int)cpu, 0);
}
