/* SPDX-License-Identifier: Apache-2.0
 * How fast the vCPUs' counters count by the kernel's clock, in the last second. Not since the agent's start: on an
 * overloaded host Linux can measure its TSC wrongly when it boots, and take another clock soon after. */
#include "agent.h"

#define APART_US 125000u
#define KEPT 9u

static struct counter_reading kept[KEPT]; /* the newest samples, the latest at (taken - 1) % KEPT */
static _Atomic uint32_t taken;

void frequency_sample(void)
{
    uint32_t n = atomic_load(&taken);

    if (n && now_us() - kept[(n - 1) % KEPT].mono_us < APART_US)
        return;
    kept[n % KEPT] = counter_read(ticks_read);
    atomic_store(&taken, n + 1);
}

static double slope(struct counter_reading first, struct counter_reading last)
{
    uint64_t us = last.mono_us - first.mono_us;

    return us ? (double)(last.ticks - first.ticks) * 1e6 / (double)us : 0;
}

/* Puts the value into its place among the `n` that are sorted. */
static void sort_in(double *sorted, unsigned n, double value)
{
    for (; n && sorted[n - 1] > value; n--)
        sorted[n] = sorted[n - 1];
    sorted[n] = value;
}

/* The median from each sample to the next: a move between two samples may have stopped counter and clock for
 * different times. The thread that samples may interrupt this one. */
uint64_t frequency_now(void)
{
    double slopes[KEPT];
    uint32_t n;
    unsigned count;

    do {
        n = atomic_load(&taken);
        count = 0;
        for (uint32_t i = n > KEPT ? n - KEPT + 1 : 1; i < n; i++, count++)
            sort_in(slopes, count, slope(kept[(i - 1) % KEPT], kept[i % KEPT]));
    } while (n != atomic_load(&taken));
    return (uint64_t)(count ? slopes[count / 2] : slope(kept[0], counter_read(ticks_read)));
}
