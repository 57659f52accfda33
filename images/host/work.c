/* SPDX-License-Identifier: Apache-2.0
 * A fixed piece of work on registers and 256 KiB of memory. How long it takes says how fast a machine is.
 * host_image.py also compiles it, with WORK_ONLY, for the suite's own machine. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define WORDS 32768u

uint64_t now_ns(void);
uint64_t wall_ns(void);
uint64_t work_ns(uint32_t rounds);

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t wall_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t work_ns(uint32_t rounds)
{
    static volatile uint64_t memory[WORDS];
    uint64_t begin = now_ns(), x = 88172645463325252u;

    for (uint32_t i = 0; i < rounds * WORDS; i++) {
        x ^= x << 13; /* xorshift64 */
        x ^= x >> 7;
        x ^= x << 17;
        memory[x % WORDS] += x;
    }
    return now_ns() - begin;
}

#ifdef WORK_ONLY
int main(int argc, char **argv)
{
    printf("%llu\n", (unsigned long long)work_ns(argc > 1 ? (uint32_t)atoi(argv[1]) : 1));
    return 0;
}
#endif
