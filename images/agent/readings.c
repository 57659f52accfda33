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
    bool counts; /* false: it does not keep still, or has its kept value again */
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
void readings_add(const char *group, unsigned offset, uint64_t value)
{
    if (current.n < MAX_READINGS)
        current.all[current.n++] = (struct reading){group_number(group), (uint16_t)offset, true, value};
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

        if (!now || now->value != kept.all[i].value)
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

unsigned readings_differ(struct text *out, unsigned most)
{
    unsigned from = 0, differ = 0;

    for (unsigned i = 0; i < kept.n; i++) {
        const struct reading *before = &kept.all[i];
        const struct reading *now = find(&current, before, &from);
        char line[GROUP_NAME + 64];

        if (!before->counts || (now && now->value == before->value))
            continue;
        if (out && differ < most) {
            int length = snprintf(line, sizeof line, "%s%s %x: ", differ ? "; " : "", groups[before->group],
                                  before->offset);

            if (now)
                snprintf(line + length, sizeof line - (size_t)length, "%llx, was %llx",
                         (unsigned long long)now->value, (unsigned long long)before->value);
            else
                snprintf(line + length, sizeof line - (size_t)length, "gone");
            text_quote(out, line);
        }
        differ++;
    }
    return differ;
}
