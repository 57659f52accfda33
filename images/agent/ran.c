/* SPDX-License-Identifier: Apache-2.0
 * How long this guest has run, as its beats show it.
 *
 * The monotonic clock also counts time in which the guest does nothing: in postcopy its vCPUs wait for their pages, 4 s were
 * measured, and on an overloaded host they wait for a core. A device cannot be blamed for that time. So a beat that
 * comes late counts as the longest time between two beats that is usual, and bounds on devices are in this time. */
#include "agent.h"

#define USUAL_BEATS 10u

static _Atomic uint64_t ran, beaten; /* `beaten`: time of the last beat; 0 before the first */

void ran_until_beat(uint64_t at)
{
    uint64_t before = atomic_exchange(&beaten, at), most = USUAL_BEATS * cfg.beat_ms * 1000u;

    if (before)
        atomic_fetch_add(&ran, at - before < most ? at - before : most);
}

uint64_t ran_us(void)
{
    return atomic_load(&ran);
}

void ran_wait(_Atomic uint32_t *word, uint32_t while_is, uint64_t until_ran_us)
{
    uint64_t now = ran_us();

    futex_wait_us(word, while_is, now_us() + (now < until_ran_us ? until_ran_us - now : 0));
}
