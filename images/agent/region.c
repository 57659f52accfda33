/* SPDX-License-Identifier: Apache-2.0
 * The memory area, one region per vCPU, and a way to stop the writers at a page boundary. */
#include "agent_memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

WITHOUT_HELD_REGISTERS

#define HOLD_US 5000000u
#define LOOK_AGAIN_US 20000u /* a stalled worker stops without a futex wake */
#define RESERVE_KIB 12288u

struct region regions[MAX_CPUS];
unsigned char *area;
uint64_t area_pages;

/* hold: 1 while writers must stop. parked[cpu]: the writer of that vCPU has stopped. */
static _Atomic uint32_t hold, parked_count;
static _Atomic bool parked[MAX_CPUS];

/* True if it had to wait. */
bool region_park_if_held(unsigned cpu)
{
    bool waited = false;

    while (atomic_load(&hold)) { /* tested again after waking: the next hold may have begun */
        atomic_store(&parked[cpu], true);
        atomic_fetch_add(&parked_count, 1);
        futex_wake(&parked_count);
        while (atomic_load(&hold))
            futex_wait_us(&hold, 1, UINT64_MAX);
        atomic_store(&parked[cpu], false);
        waited = true;
    }
    return waited;
}

static int first_running_writer(void)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        if (atomic_load(&regions[cpu].writing) && !atomic_load(&parked[cpu]) && !progress_worker_ended(cpu))
            return (int)cpu;
    return -1;
}

bool region_hold(struct text *out)
{
    uint64_t deadline = now_us() + stretched_us(HOLD_US);
    int running;

    atomic_store(&hold, 1);
    for (;;) {
        uint32_t seen = atomic_load(&parked_count);

        running = first_running_writer();
        if (running < 0)
            return true;
        if (now_us() >= deadline)
            break;
        futex_wait_us(&parked_count, seen, now_us() + LOOK_AGAIN_US);
    }
    region_release();
    text_fail(out, "writer on vcpu %d did not reach a page boundary within %llu s", running,
              (unsigned long long)stretched_us(HOLD_US) / 1000000);
    return false;
}

void region_release(void)
{
    atomic_store(&hold, 0);
    futex_wake(&hold);
}

static uint64_t available_kib(void)
{
    char text[1024], *at;

    if (!read_text_file("/proc/meminfo", text, sizeof text) || !(at = strstr(text, "MemAvailable:")))
        return 0;
    return strtoull(at + strlen("MemAvailable:"), NULL, 10);
}

/* Writers must be held. Checks the size first: the guest has no swap, and an allocation that is too large
 * would kill PID 1. */
bool region_allocate(struct text *out, uint64_t mib)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        atomic_store(&regions[cpu].writing, false);
        regions[cpu].lap = 0;
    }
    if (area)
        munmap(area, area_pages * UNIT);
    area = NULL;
    area_pages = 0;
    if (mib < 1 || mib * 1024 + RESERVE_KIB > available_kib()) {
        text_fail(out, "%llu MiB requested, %llu KiB available", (unsigned long long)mib,
                  (unsigned long long)available_kib());
        return false;
    }
    area = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (area == MAP_FAILED) {
        area = NULL;
        text_fail(out, "cannot map %llu MiB", (unsigned long long)mib);
        return false;
    }
    area_pages = mib * UNITS_PER_MIB;
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        struct region *r = &regions[cpu];

        r->first = r->pos = area_pages * cpu / cfg.cpus;
        r->end = area_pages * (cpu + 1) / cfg.cpus;
        r->lap = 1;
    }
    return true;
}
