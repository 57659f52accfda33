/* SPDX-License-Identifier: Apache-2.0
 * A hardware breakpoint on each vCPU, armed for good: it must count a write after the vCPU was moved too.
 * Each watched word has a page of its own, because TCG checks every access to a watched page. */
#include "agent.h"

#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    volatile uint64_t word;
} __attribute__((aligned(4096))) watched[MAX_CPUS];
static int events[MAX_CPUS]; /* 0: not armed yet, -1: this vCPU has no breakpoints */

static int arm(unsigned cpu)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_BREAKPOINT,
        .size = sizeof attr,
        .bp_type = HW_BREAKPOINT_W,
        .bp_addr = (uintptr_t)&watched[cpu].word,
        .bp_len = HW_BREAKPOINT_LEN_8,
        .exclude_kernel = 1,
    };

    return (int)syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static uint64_t counted(unsigned cpu)
{
    uint64_t count = 0;

    return read(events[cpu], &count, sizeof count) == sizeof count ? count : 0;
}

bool breakpoint_count_one_write(unsigned cpu, uint64_t *hits)
{
    uint64_t before;

    if (events[cpu] == 0)
        events[cpu] = arm(cpu);
    if (events[cpu] < 0)
        return false;
    before = counted(cpu);
    watched[cpu].word++;
    *hits = counted(cpu) - before;
    return true;
}
