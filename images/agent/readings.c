/* SPDX-License-Identifier: Apache-2.0
 * Values of device registers: those that were read before a move, and those that are read now. A register
 * is named by its group, such as "00:1f.0 config", and its offset in it. */
#include "readback.h"

#include <stdio.h>
#include <string.h>

#define MAX_GROUPS 256
#define MAX_READINGS 8192

struct reading {
    uint16_t group;
    uint16_t offset;
    bool counts;  /* false: it does not keep still, or could not be read */
    bool differs; /* of those kept: it has not had its kept value again since readings_compare_anew() */
    uint64_t value;
};
struct list {
    struct reading all[MAX_READINGS];
    unsigned n;
};
static struct list kept, current;
static char groups[MAX_GROUPS][GROUP_NAME];
static unsigned n_groups;

void readings_begin(void)
{
    current.n = 0;
}

static uint16_t group_number(const char *name)
{
    unsigned i;

    for (i = 0; i < n_groups; i++)
        if (!strcmp(groups[i], name))
            return (uint16_t)i;
    if (n_groups < MAX_GROUPS)
        snprintf(groups[n_groups++], GROUP_NAME, "%s", name);
    return (uint16_t)(i < MAX_GROUPS ? i : MAX_GROUPS - 1);
}

/* What does not fit is not checked: the answer has the number of registers, which the suite shows. */
static void add(const char *group, unsigned offset, bool counts, uint64_t value)
{
    if (current.n < MAX_READINGS)
        current.all[current.n++] = (struct reading){
            .group = group_number(group), .offset = (uint16_t)offset, .counts = counts, .value = value};
}

void readings_add(const char *group, unsigned offset, uint64_t value)
{
    add(group, offset, true, value);
}

void readings_unread(const char *group, unsigned offset)
{
    add(group, offset, false, 0);
}

/* Registers are read in the same order each time, so the search begins where the last one ended. */
static const struct reading *find(const struct list *list, const struct reading *wanted, unsigned *from)
{
    for (unsigned i = 0; i < list->n; i++) {
        const struct reading *r = &list->all[(*from + i) % list->n];

        if (r->group == wanted->group && r->offset == wanted->offset) {
            *from = (*from + i + 1) % list->n;
            return r;
        }
    }
    return NULL;
}

void readings_keep(void)
{
    kept = current;
}

void readings_drop_changed(void)
{
    unsigned from = 0;

    for (unsigned i = 0; i < kept.n; i++) {
        const struct reading *now = find(&current, &kept.all[i], &from);

        if (!now || !now->counts || now->value != kept.all[i].value)
            kept.all[i].counts = false;
    }
}

void readings_count(unsigned *all, unsigned *still)
{
    *all = kept.n;
    *still = 0;
    for (unsigned i = 0; i < kept.n; i++)
        *still += kept.all[i].counts;
}

void readings_compare_anew(void)
{
    for (unsigned i = 0; i < kept.n; i++)
        kept.all[i].differs = kept.all[i].counts;
}

/* A driver may give a register another value for an instant. It is as before if one reading shows the kept
 * value, not only if all registers have theirs in the same reading. */
unsigned readings_differ(void)
{
    unsigned from = 0, differ = 0;

    for (unsigned i = 0; i < kept.n; i++) {
        const struct reading *now;

        if (!kept.all[i].differs)
            continue;
        now = find(&current, &kept.all[i], &from);
        if (now && (!now->counts || now->value == kept.all[i].value))
            kept.all[i].differs = false;
        differ += kept.all[i].differs;
    }
    return differ;
}

static void name(struct text *out, const struct reading *before, const char *separator)
{
    unsigned from = 0;
    const struct reading *now = find(&current, before, &from);
    char line[GROUP_NAME + 64];
    int length = snprintf(line, sizeof line, "%s%s %x: ", separator, groups[before->group], before->offset);

    if (now)
        snprintf(line + length, sizeof line - (size_t)length, "%llx, was %llx", (unsigned long long)now->value,
                 (unsigned long long)before->value);
    else
        snprintf(line + length, sizeof line - (size_t)length, "gone");
    text_quote(out, line);
}

unsigned readings_name(struct text *out, unsigned most)
{
    unsigned named = 0;

    for (unsigned i = 0; i < kept.n; i++)
        if (kept.all[i].differs && named++ < most)
            name(out, &kept.all[i], named > 1 ? "; " : "");
    return named;
}
