/* SPDX-License-Identifier: Apache-2.0
 * What the guest can read of each vCPU and what a move must not change: kept before it, compared after it. */
#include "agent.h"

#include <stdio.h>
#include <string.h>

#define LISTED 12u /* differences in one answer */

static struct cpu_value kept[MAX_CPUS][MAX_CPU_VALUES], found[MAX_CPUS][MAX_CPU_VALUES];
static unsigned n_kept[MAX_CPUS], n_found[MAX_CPUS];

/* What a vCPU shows, and how many of one write its breakpoint counts: 1. */
static unsigned read_all(unsigned cpu, struct cpu_value *values)
{
    unsigned n = cpu_state_read(cpu, values);
    uint64_t hits;

    if (n == MAX_CPU_VALUES || !breakpoint_count_one_write(cpu, &hits))
        return n;
    values[n] = (struct cpu_value){.kind = BREAKPOINT, .words = {(uint32_t)hits}};
    return n + 1;
}

static void keep_job(unsigned cpu, void *unused)
{
    (void)unused;
    n_kept[cpu] = read_all(cpu, kept[cpu]);
}

static void read_job(unsigned cpu, void *unused)
{
    (void)unused;
    n_found[cpu] = read_all(cpu, found[cpu]);
}

static bool same_place(const struct cpu_value *a, const struct cpu_value *b)
{
    return a->kind == b->kind && a->leaf == b->leaf && a->subleaf == b->subleaf;
}

static const struct cpu_value *find(const struct cpu_value *wanted, const struct cpu_value *values, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (same_place(wanted, &values[i]))
            return &values[i];
    return NULL;
}

/* An accelerator may accept a breakpoint and never stop at it. */
static bool counts_nothing(const struct cpu_value *value)
{
    return value->kind == BREAKPOINT && value->words[0] == 0;
}

/* A value that changes without a move says nothing about one. */
static unsigned drop_unsteady(unsigned cpu)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_kept[cpu]; i++) {
        const struct cpu_value *again = find(&kept[cpu][i], found[cpu], n_found[cpu]);

        if (again && !counts_nothing(again)
            && !memcmp(again->words, kept[cpu][i].words, sizeof again->words))
            kept[cpu][n++] = kept[cpu][i];
    }
    return n;
}

void cpu_state_keep(struct text *out)
{
    unsigned n = 0;

    if (!helper_run_on_all(out, keep_job) || !helper_run_on_all(out, read_job))
        return;
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        n += n_kept[cpu] = drop_unsteady(cpu);
    text_add(out, " values=%u", n);
}

static void add_words(struct text *out, const struct cpu_value *value)
{
    if (!value)
        text_add(out, "missing");
    for (unsigned i = 0; value && i < 4; i++)
        text_add(out, i ? ".%x" : "%x", value->words[i]);
}

static void add_difference(struct text *out, unsigned cpu, const struct cpu_value *before,
                           const struct cpu_value *now)
{
    static const char *const kinds[] = {"cpuid", "msr", "spr", "breakpoint"};
    const struct cpu_value *at = before ? before : now;

    text_add(out, " %u:%s:%x.%x=", cpu, kinds[at->kind], at->leaf, at->subleaf);
    add_words(out, before);
    text_add(out, ":");
    add_words(out, now);
}

/* Adds what differs on one vCPU; returns how much. */
static unsigned compare_vcpu(struct text *out, unsigned cpu, unsigned listed)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_kept[cpu]; i++) {
        const struct cpu_value *now = find(&kept[cpu][i], found[cpu], n_found[cpu]);

        if (now && !memcmp(now->words, kept[cpu][i].words, sizeof now->words))
            continue;
        if (listed + n++ < LISTED)
            add_difference(out, cpu, &kept[cpu][i], now);
    }
    return n;
}

void cpu_state_compare(struct text *out)
{
    unsigned n = 0, values = 0;

    if (!helper_run_on_all(out, read_job))
        return;
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        n += compare_vcpu(out, cpu, n);
        values += n_kept[cpu];
    }
    text_add(out, " values=%u differ=%u", values, n);
}
