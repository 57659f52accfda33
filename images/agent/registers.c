/* SPDX-License-Identifier: Apache-2.0
 * Which registers lost the value that the agent kept in them: the first one on each vCPU. */
#include "agent.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 16u

struct loss {
    _Atomic int state; /* 0: none, 1: being written, 2: complete */
    char name[24], expected[2 * SHOWN_BYTES + 1], found[2 * SHOWN_BYTES + 1];
};
static struct loss losses[MAX_CPUS];
static _Atomic uint64_t comparisons;
static _Atomic int injected_on = -1;

static void print_hex(char *out, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size && i < SHOWN_BYTES; i++)
        sprintf(out + 2 * i, "%02x", bytes[i]);
}

void registers_compared(void)
{
    atomic_fetch_add_explicit(&comparisons, 1, memory_order_relaxed);
}

void registers_lost(const char *name, const void *expected, const void *found, size_t size)
{
    int cpu = sched_getcpu(), none = 0;
    struct loss *loss;

    if (cpu < 0 || cpu >= MAX_CPUS)
        return;
    loss = &losses[cpu];
    if (!atomic_compare_exchange_strong(&loss->state, &none, 1))
        return;
    snprintf(loss->name, sizeof loss->name, "%s", name);
    print_hex(loss->expected, expected, size);
    print_hex(loss->found, found, size);
    atomic_store(&loss->state, 2);
}

bool registers_inject_loss(unsigned cpu)
{
    if (cpu >= MAX_CPUS)
        return false;
    atomic_store(&injected_on, (int)cpu);
    return true;
}

/* True once, on the vCPU for which a loss was injected. */
bool registers_take_injected_loss(void)
{
    int cpu = atomic_load_explicit(&injected_on, memory_order_relaxed);

    return cpu >= 0 && cpu == sched_getcpu() && atomic_compare_exchange_strong(&injected_on, &cpu, -1);
}

void registers_report(struct text *out)
{
    text_add(out, " compared=%llu", (unsigned long long)atomic_load(&comparisons));
    for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
        if (atomic_load(&losses[cpu].state) == 2)
            text_add(out, " %u=%s:%s:%s", cpu, losses[cpu].name, losses[cpu].expected, losses[cpu].found);
}
