/* SPDX-License-Identifier: Apache-2.0
 * Counts damaged pages and keeps the details of the lowest one. */
#include "agent_memory.h"

WITHOUT_HELD_REGISTERS

void damage_add(struct damage *d, uint64_t page, uint64_t lap, enum page_fault why, struct page_values values)
{
    uint64_t bad = d->bad + 1;

    if (bad == 1 || page < d->page)
        *d = (struct damage){.page = page, .lap = lap, .why = why, .values = values};
    d->bad = bad;
}

void damage_merge(struct damage *into, const struct damage *other)
{
    uint64_t bad = into->bad + other->bad;

    if (other->bad && (!into->bad || other->page < into->page))
        *into = *other;
    into->bad = bad;
}

void damage_report(struct text *out, const char *prefix, const struct damage *d)
{
    text_add(out, " %sbad=%llu %sfirst_bad=%lld %swhy=%s %slap=%llu %sexpected=%#llx %sfound=%#llx", prefix,
             (unsigned long long)d->bad, prefix, d->bad ? (long long)d->page : -1ll, prefix,
             page_fault_name(d->why), prefix, (unsigned long long)d->lap, prefix,
             (unsigned long long)d->values.expected, prefix, (unsigned long long)d->values.found);
}
