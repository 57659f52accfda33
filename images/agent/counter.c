/* SPDX-License-Identifier: Apache-2.0
 * Reads a counter together with the monotonic clock. */
#include "agent.h"

#define TRIES 5u

/* Of a few tries the one that took least time: in the others this vCPU may have been interrupted. */
struct counter_reading counter_read(uint64_t (*read)(void))
{
    struct counter_reading best = {0, 0};
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t before = now_us(), ticks = read(), after = now_us();

        if (after - before < least) {
            least = after - before;
            best = (struct counter_reading){ticks, before + least / 2};
        }
    }
    return best;
}

/* Adds `=<ticks>,<monotonic time>,<frequency>,<width in bits>` */
void counter_add(struct text *out, struct counter_reading r, uint64_t hz, unsigned bits)
{
    text_add(out, "=%llu,%llu,%llu,%u", (unsigned long long)r.ticks, (unsigned long long)r.mono_us,
             (unsigned long long)hz, bits);
}
