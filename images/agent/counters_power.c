/* SPDX-License-Identifier: Apache-2.0
 * POWER: the timebase of a vCPU. pseries machines have no other counter that a guest can read. */
#ifdef __powerpc64__
#include "agent.h"

#include <sys/platform/ppc.h>

uint64_t ticks_read(void)
{
    return __ppc_get_timebase();
}

void counters_report(struct text *out)
{
    (void)out;
}
#endif
