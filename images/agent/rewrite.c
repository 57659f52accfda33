/* SPDX-License-Identifier: Apache-2.0
 * Checks each page that a writer is about to overwrite, because `verify` comes too late for it.
 *
 * A damaged page of a lap that was being written is found within one lap. The first damaged page of each
 * vCPU is kept. Under TCG, a thorough check halves the speed of a writer without a rate limit, so such a writer
 * checks a page by page_glance() only. */
#include "agent_memory.h"

WITHOUT_HELD_REGISTERS

static struct damage found[MAX_CPUS];
static uint64_t found_us[MAX_CPUS];
static _Atomic uint64_t count[MAX_CPUS]; /* published after the two above */

void rewrite_check(unsigned cpu, const void *page, uint64_t index, uint64_t lap, bool thorough)
{
    enum page_fault why = thorough ? page_check(page, index, lap) : page_glance(page, index, lap);

    if (why == PAGE_OK)
        return;
    if (atomic_load(&count[cpu]) == 0) {
        damage_add(&found[cpu], index, lap, why, page_values(page, index, lap, why));
        found_us[cpu] = now_us();
    }
    atomic_fetch_add(&count[cpu], 1);
}

void rewrite_forget(void)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        found[cpu] = (struct damage){0};
        atomic_store(&count[cpu], 0);
    }
}

/* Adds the keys of damage_report() with the prefix `rewrite_`; the page is the first one in time. */
void rewrite_report(struct text *out)
{
    struct damage first = {0};
    uint64_t bad = 0, since_us = UINT64_MAX;

    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        uint64_t of_cpu = atomic_load(&count[cpu]);

        if (of_cpu && found_us[cpu] < since_us) {
            since_us = found_us[cpu];
            first = found[cpu];
        }
        bad += of_cpu;
    }
    first.bad = bad;
    damage_report(out, "rewrite_", &first);
}
