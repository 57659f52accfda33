/* SPDX-License-Identifier: Apache-2.0
 * Tests whether each vCPU can still be woken, by an interrupt from another vCPU and by its own timer.
 *
 * A sleeper thread on each vCPU waits on a futex. The helper of another vCPU wakes the futex, which sends
 * an interrupt; then the sleeper sleeps 20 ms by its own timer. vCPUs are tested one after another: a vCPU
 * that has just run something would not have to be woken from its idle loop. */
#include "agent.h"

#include <string.h>

#define ATTEMPT_US 700000u
#define ALL_ATTEMPTS_US 4000000u
#define OWN_TIMER_US 20000u
#define TIMERS_US 700000u
#define ALL_US 4900000u

struct sleeper {
    _Atomic uint32_t call;     /* futex: number of the latest call */
    _Atomic uint32_t answered; /* latest call that woke it */
    _Atomic uint32_t timer;    /* latest call after which its own timer woke it */
    _Atomic uint64_t called_us, woken_us;
    _Atomic bool no_answer; /* injected fault: ignores calls */
};
static struct sleeper sleepers[MAX_CPUS];
static _Atomic uint32_t change; /* futex of the command thread, incremented at every answer */

static void notify(void)
{
    atomic_fetch_add(&change, 1);
    futex_wake(&change);
}

static void *sleeper_main(void *arg)
{
    struct sleeper *s = &sleepers[(uintptr_t)arg];
    uint32_t seen = 0;

    for (;;) {
        futex_wait_us(&s->call, seen, UINT64_MAX);
        if (atomic_load(&s->call) == seen)
            continue;
        seen = atomic_load(&s->call);
        if (atomic_load(&s->no_answer))
            continue;
        atomic_store(&s->woken_us, now_us());
        atomic_store(&s->answered, seen);
        notify();
        sleep_until_us(now_us() + OWN_TIMER_US);
        atomic_store(&s->timer, seen);
        notify();
    }
    return NULL;
}

void wake_start(void)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        start_thread(sleeper_main, (void *)(uintptr_t)cpu, (int)cpu, 10);
}

bool wake_inject_no_answer(unsigned cpu)
{
    if (cpu >= cfg.cpus)
        return false;
    atomic_store(&sleepers[cpu].no_answer, true);
    return true;
}

/* Runs on the vCPU that sends the interrupt. */
static void call_job(unsigned cpu, void *arg)
{
    struct sleeper *s = arg;

    (void)cpu;
    atomic_store(&s->called_us, now_us());
    atomic_fetch_add(&s->call, 1);
    futex_wake(&s->call);
    notify();
}

static bool equal_in_time(_Atomic uint32_t *a, const _Atomic uint32_t *b, uint64_t deadline)
{
    for (;;) {
        uint32_t seen = atomic_load(&change);

        if (atomic_load(a) == atomic_load(b))
            return true;
        if (now_us() >= deadline)
            return false;
        futex_wait_us(&change, seen, deadline);
    }
}

/* The first other vCPU that is able to calls this one. A vCPU that cannot call is not tried again. */
static bool call_vcpu(unsigned cpu, bool *cannot_call, uint64_t deadline)
{
    struct sleeper *s = &sleepers[cpu];

    for (unsigned i = 1; i <= cfg.cpus && now_us() < deadline; i++) {
        unsigned by = (cpu + i) % cfg.cpus;
        uint64_t end = now_us() + stretched_us(ATTEMPT_US);

        if (cannot_call[by] || (by == cpu && cfg.cpus > 1))
            continue;
        if (!helper_post(by, call_job, s) || !helper_wait(by, end)) {
            cannot_call[by] = true;
            continue;
        }
        return equal_in_time(&s->answered, &s->call, now_us() + stretched_us(ATTEMPT_US));
    }
    return false;
}

/* Does the vCPU's own timer still wake it? If no interrupt reaches the vCPU, an idle guest still shows it:
 * the worker counts timer wakes in cycles of 2 s. */
static bool timer_seen(unsigned cpu, bool woken, uint64_t count_before, uint64_t start)
{
    struct sleeper *s = &sleepers[cpu];

    if (woken)
        return equal_in_time(&s->timer, &s->call, now_us() + stretched_us(TIMERS_US));
    if (cfg.busy || atomic_load(&s->no_answer))
        return false;
    while (atomic_load(&progress[cpu]) == count_before && now_us() < start + stretched_us(ALL_US))
        sleep_until_us(now_us() + 10000);
    return atomic_load(&progress[cpu]) != count_before;
}

/* Adds ` key=` and the vCPUs for which one of the two arrays is false. */
static void list_missing(struct text *out, const char *key, const bool *ok, const bool *also_ok)
{
    const char *separator = "";

    text_add(out, " %s=", key);
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        if (!ok[cpu] || !also_ok[cpu]) {
            text_add(out, "%s%u", separator, cpu);
            separator = ",";
        }
    if (!*separator)
        text_add(out, "none");
}

void wake_command(struct text *out)
{
    bool woken[MAX_CPUS], timer[MAX_CPUS], cannot_call[MAX_CPUS] = {false};
    uint64_t counts[MAX_CPUS], start = now_us(), worst = 0;
    unsigned n_woken = 0, n_timer = 0;

    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        counts[cpu] = atomic_load(&progress[cpu]);
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        const struct sleeper *s = &sleepers[cpu];

        woken[cpu] = call_vcpu(cpu, cannot_call, start + stretched_us(ALL_ATTEMPTS_US));
        n_woken += woken[cpu];
        if (woken[cpu] && s->woken_us - s->called_us > worst)
            worst = s->woken_us - s->called_us;
    }
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        timer[cpu] = timer_seen(cpu, woken[cpu], counts[cpu], start);
        n_timer += timer[cpu];
    }
    text_add(out, " woken=%u worst_us=%llu timer=%u", n_woken, (unsigned long long)worst, n_timer);
    list_missing(out, "missing", woken, timer);
    list_missing(out, "ipi_missing", woken, woken);
    list_missing(out, "timer_missing", timer, timer);
}
