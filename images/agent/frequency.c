/* SPDX-License-Identifier: Apache-2.0
 * How fast the vCPUs' counters count by the kernel's clock, in the last second, and since when the kernel has its present
 * clock. On an overloaded host Linux can measure its TSC wrongly when it boots, and take another clock soon after. */
#include "agent.h"

#include <string.h>

#define APART_US 125000u
#define KEPT 9u

static struct counter_reading kept[KEPT]; /* the newest samples, the latest at (taken - 1) % KEPT */
static _Atomic uint32_t taken;
static _Atomic uint64_t source, source_changed_us;

/* The first letters of the name of the kernel's clock; 0 if there is no memory to read the file. */
static uint64_t source_now(void)
{
    char name[32] = "";
    uint64_t letters;

    read_text_file(CLOCK_SOURCE, name, sizeof name);
    memcpy(&letters, name, sizeof letters);
    return letters;
}

uint64_t clock_source_changed_us(void)
{
    uint64_t letters = source_now();

    return letters && letters != atomic_load(&source) ? now_us() : atomic_load(&source_changed_us);
}

static void source_sample(uint64_t mono_us)
{
    uint64_t letters = source_now(), before = atomic_load(&source);

    if (!letters || letters == before)
        return;
    if (before)
        atomic_store(&source_changed_us, mono_us);
    atomic_store(&source, letters);
}

void frequency_sample(void)
{
    uint32_t n = atomic_load(&taken);

    if (n && now_us() - kept[(n - 1) % KEPT].mono_us < APART_US)
        return;
    kept[n % KEPT] = counter_read(ticks_read);
    source_sample(kept[n % KEPT].mono_us);
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
