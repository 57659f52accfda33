/* SPDX-License-Identifier: Apache-2.0
 * The local interrupt controller of each vCPU of a PC. */
#include "readback.h"

#ifndef __x86_64__
void readback_lapics(struct text *out)
{
    (void)out;
}

void readback_wait_for_timers(struct text *out)
{
    (void)out;
}
#else
#include <stdio.h>

#define LAPIC 0xfee00000u
/* Not: the interrupt command and what is in service or requested, the initial and current count. Of the
 * local vectors not whether an interrupt is pending, nor masks that Linux sets while no timer is armed, and
 * the CPU after an interrupt of its counters: Intel SDM, volume 3, 11.5.1. */
#define LVT_FIRST 0x320u
#define LVT_LAST 0x370u
#define LVT_PENDING 0x5000u /* delivery status and remote IRR */
#define LVT_MASKED 0x10000u
#define LVT_PERIODIC 0x20000u
#define LVT_TIMER 0x320u
#define LVT_COUNTERS 0x340u
static const uint16_t lapic_registers[] = {0x20, 0x30, 0x80, 0xd0, 0xe0, 0xf0, 0x320,
                                           0x330, 0x340, 0x350, 0x360, 0x370, 0x3e0};
#define LAPIC_REGISTERS (sizeof lapic_registers / sizeof *lapic_registers)
static uint32_t lapics[MAX_CPUS][LAPIC_REGISTERS];

static uint32_t lapic_bits(unsigned offset)
{
    if (offset < LVT_FIRST || offset > LVT_LAST)
        return UINT32_MAX;
    return offset == LVT_TIMER || offset == LVT_COUNTERS ? ~(LVT_PENDING | LVT_MASKED) : ~LVT_PENDING;
}

static void read_own_lapic(unsigned cpu, void *memory)
{
    volatile uint32_t *lapic = memory;

    for (unsigned i = 0; i < LAPIC_REGISTERS; i++)
        lapics[cpu][i] = lapic[lapic_registers[i] / 4] & lapic_bits(lapic_registers[i]);
}

static volatile void *lapic_memory;

static void lapic_job(unsigned cpu, void *unused)
{
    (void)unused;
    read_own_lapic(cpu, (void *)lapic_memory);
}

void readback_lapics(struct text *out)
{
    lapic_memory = mapped_memory(LAPIC);
    if (!lapic_memory || !helper_run_on_all(out, lapic_job))
        return;
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        char group[GROUP_NAME];

        snprintf(group, sizeof group, "lapic of vCPU %u", cpu);
        for (unsigned i = 0; i < LAPIC_REGISTERS; i++)
            readings_add(group, lapic_registers[i], lapics[cpu][i]);
    }
}

#define SETTLE_US 3000000u
#define LOOK_AGAIN_US 10000u

static bool any_timer_is_periodic(void)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        for (unsigned i = 0; i < LAPIC_REGISTERS; i++)
            if (lapic_registers[i] == LVT_TIMER && (lapics[cpu][i] & LVT_PERIODIC))
                return true;
    return false;
}

/* Linux has a periodic timer until its clock can drive high-resolution timers. The TSC can once
 * clocksource_watchdog() of Linux 6.1 has compared it with another clock, which it tries every half second: on a
 * busy host a guest may be moved before that, and would change the mode of its timer during the move. Without
 * such a clock the timer stays periodic. */
void readback_wait_for_timers(struct text *out)
{
    uint64_t until_us = now_us() + stretched_us(SETTLE_US);

    lapic_memory = mapped_memory(LAPIC);
    while (lapic_memory && now_us() < until_us) {
        if (!helper_run_on_all(out, lapic_job) || !any_timer_is_periodic())
            return;
        sleep_until_us(now_us() + LOOK_AGAIN_US);
    }
}
#endif
