/* SPDX-License-Identifier: Apache-2.0
 * Runs readback_lapic.c on two vCPUs whose timers are periodic until so many ms have passed (the argument), and
 * prints how long it waited for them. */
#include "readback.h"

#include <stdio.h>
#include <stdlib.h>

struct config cfg;
static uint64_t clock_us_now, one_shot_from_us;
static uint32_t lapic[0x1000 / 4];

uint64_t now_us(void)
{
    return clock_us_now;
}

uint64_t stretched_us(uint64_t us)
{
    return us;
}

void sleep_until_us(uint64_t mono_us)
{
    clock_us_now = mono_us;
}

volatile void *mapped_memory(uint64_t page)
{
    (void)page;
    return lapic;
}

/* The first vCPU's timer is one-shot from the beginning. */
bool helper_run_on_all(struct text *out, void (*job)(unsigned cpu, void *arg))
{
    (void)out;
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        lapic[0x320 / 4] = cpu && clock_us_now < one_shot_from_us ? 0x200ec : 0xec;
        job(cpu, NULL);
    }
    return true;
}

void readings_add(const char *group, unsigned offset, uint64_t value)
{
    (void)group;
    (void)offset;
    (void)value;
}

int main(int argc, char **argv)
{
    struct text out;

    cfg.cpus = 2;
    one_shot_from_us = argc > 1 ? strtoull(argv[1], NULL, 10) * 1000 : 0;
    text_start(&out);
    readback_wait_for_timers(&out);
    printf("%llu\n", (unsigned long long)(clock_us_now / 1000));
    return 0;
}
