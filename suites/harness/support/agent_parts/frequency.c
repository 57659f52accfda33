/* SPDX-License-Identifier: Apache-2.0
 * Runs frequency.c of the guest agent with made-up clocks, and prints its answers: the frequency in Hz, and how many ms ago
 * the clock source changed. Arguments: pairs of a time in ms and the counter's frequency by the guest's clock in kHz during
 * that time; each frequency is another clock source. A pair of 0 and a number of ms is a move, in which the clock stands
 * still for so long and the counter does not. */
#include "agent.h"

#include <stdio.h>
#include <stdlib.h>

#define BEAT_US 4000u

static uint64_t mono_us = 7000000, ticks;
static unsigned long khz = 1000;

bool read_text_file(const char *path, char *out, size_t size)
{
    (void)path;
    snprintf(out, size, "%lu kHz", khz);
    return true;
}

uint64_t ticks_read(void)
{
    return ticks;
}

struct counter_reading counter_read(uint64_t (*read)(void))
{
    return (struct counter_reading){read(), mono_us};
}

uint64_t now_us(void)
{
    return mono_us;
}

int main(int argc, char **argv)
{
    uint64_t changed;

    if (argc > 2)
        khz = strtoul(argv[2], NULL, 10);
    frequency_sample();
    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t end = mono_us + strtoul(argv[i], NULL, 10) * 1000;

        if (end == mono_us) {
            ticks += strtoul(argv[i + 1], NULL, 10) * khz;
            continue;
        }
        for (khz = strtoul(argv[i + 1], NULL, 10); mono_us < end; frequency_sample()) {
            mono_us += BEAT_US;
            ticks += BEAT_US * khz / 1000;
        }
    }
    mono_us += 1000;
    ticks += khz;
    changed = clock_source_changed_us();
    printf("%llu %llu\n", (unsigned long long)frequency_now(), changed ? (unsigned long long)(mono_us - changed) / 1000 : 0);
    return 0;
}
