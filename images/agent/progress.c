/* SPDX-License-Identifier: Apache-2.0
 * For each vCPU: the counter that every beat reports, and the state of an injected stall. */
#include "agent.h"

WITHOUT_HELD_REGISTERS

_Atomic uint64_t progress[MAX_CPUS];
static _Atomic bool stall_requested[MAX_CPUS], worker_ended[MAX_CPUS];

/* The worker stops when it next looks: at once if busy, at its next timer wake if idle. */
bool progress_inject_stall(unsigned cpu)
{
    if (cpu >= cfg.cpus)
        return false;
    atomic_store(&stall_requested[cpu], true);
    return true;
}

bool progress_stall_requested(unsigned cpu)
{
    return atomic_load(&stall_requested[cpu]);
}

void progress_set_worker_ended(unsigned cpu)
{
    atomic_store(&worker_ended[cpu], true);
}

bool progress_worker_ended(unsigned cpu)
{
    return atomic_load(&worker_ended[cpu]);
}
