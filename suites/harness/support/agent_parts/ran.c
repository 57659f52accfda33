/* SPDX-License-Identifier: Apache-2.0
 * Runs ran.c of the guest agent with a made-up clock, and prints for how many ms the guest has run. Arguments: pairs of a
 * number of beats and the time between two of them, in ms. */
#include "agent.h"

#include <stdio.h>
#include <stdlib.h>

struct config cfg;
static uint64_t mono_us = 7000000;

uint64_t now_us(void)
{
    return mono_us;
}

void futex_wait_us(_Atomic uint32_t *word, uint32_t while_is, uint64_t deadline_us)
{
    (void)word;
    (void)while_is;
    printf(" waits for %llu ms", (unsigned long long)(deadline_us - mono_us) / 1000);
}

int main(int argc, char **argv)
{
    _Atomic uint32_t word = 0;

    cfg.beat_ms = 4;
    ran_until_beat(mono_us);
    for (int i = 1; i + 1 < argc; i += 2)
        for (long beats = strtol(argv[i], NULL, 10); beats; beats--) {
            mono_us += strtoul(argv[i + 1], NULL, 10) * 1000;
            ran_until_beat(mono_us);
        }
    printf("ran for %llu ms,", (unsigned long long)ran_us() / 1000);
    ran_wait(&word, 0, 5000000);
    putchar('\n');
    return 0;
}
