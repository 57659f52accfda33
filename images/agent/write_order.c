/* SPDX-License-Identifier: Apache-2.0
 * The order in which a writer visits the pages of its region: by address, or scattered, differently in
 * each lap.
 *
 * A scattered lap is a permutation: a Feistel network over the next power of four, applied again until the
 * result is inside the region (cycle walking). So the writer and the verification compute the same n-th
 * page without a table. */
#include "agent_memory.h"

WITHOUT_HELD_REGISTERS

#define ROUNDS 4u

static bool scattered;

void write_order_set_scattered(bool on)
{
    scattered = on;
}

/* The round function of the Feistel network. */
static uint32_t mixed(uint32_t half, uint64_t lap, unsigned round)
{
    uint64_t x = (half + lap * 0x9e3779b97f4a7c15ull + round + 1) * 0xbf58476d1ce4e5b9ull;

    return (uint32_t)(x >> 32 ^ x >> 16);
}

static uint64_t permuted(uint64_t n, uint64_t lap, unsigned half_bits)
{
    uint32_t mask = (1u << half_bits) - 1, left = (uint32_t)(n >> half_bits), right = (uint32_t)n & mask;

    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t next = left ^ (mixed(right, lap, round) & mask);

        left = right;
        right = next;
    }
    return (uint64_t)left << half_bits | right;
}

/* The page that is written `n`-th (from 0) in this lap. */
uint64_t write_order_page(uint64_t first, uint64_t end, uint64_t n, uint64_t lap)
{
    uint64_t pages = end - first;
    unsigned half_bits = 1;

    if (!scattered)
        return first + n;
    while ((uint64_t)1 << 2 * half_bits < pages)
        half_bits++;
    do
        n = permuted(n, lap, half_bits);
    while (n >= pages);
    return first + n;
}
