/* SPDX-License-Identifier: Apache-2.0
 * Reads all clocks of the guest: the kernel's, the machine's counters, and the counter of each vCPU. */
#include "agent.h"

#include <time.h>

#define APART_US 100000u
#define ANSWER_US 1000000u
#define ROUNDS 200u
#define TICKS_BITS 64u

static struct counter_reading of_vcpu[MAX_CPUS];

static void ticks_job(unsigned cpu, void *arg)
{
    (void)arg;
    of_vcpu[cpu] = counter_read(ticks_read);
}

/* --- how far the counters of two vCPUs are apart ------------------------------------------------------ */

/* The beat vCPU asks, another vCPU answers with its counter. The answer was read between two readings of
 * the beat vCPU, so each round bounds the difference from both sides, whatever delays it has. */
static _Atomic uint64_t asked, answered, answer, rounds_end_us;

static void answer_job(unsigned cpu, void *arg)
{
    uint64_t seen = atomic_load(&answered);

    (void)cpu;
    (void)arg;
    while (now_us() < atomic_load(&rounds_end_us)) {
        if (atomic_load(&asked) == seen)
            continue;
        atomic_store(&answer, ticks_read());
        atomic_store(&answered, ++seen);
    }
}

static bool one_round(int64_t *low, int64_t *high)
{
    uint64_t number = atomic_load(&answered) + 1, before = ticks_read(), after;
    int64_t least, most;

    atomic_store(&asked, number);
    while (atomic_load(&answered) != number)
        if (now_us() >= atomic_load(&rounds_end_us))
            return false;
    after = ticks_read();
    least = (int64_t)(atomic_load(&answer) - after);
    most = (int64_t)(atomic_load(&answer) - before);
    *low = least > *low ? least : *low;
    *high = most < *high ? most : *high;
    return true;
}

/* Adds ` apart.<vcpu>=<least>:<most>`, in ticks; nothing if the vCPU does not answer in time. */
static void report_apart(struct text *out, unsigned cpu)
{
    int64_t low = INT64_MIN, high = INT64_MAX;
    uint64_t end = now_us() + APART_US;
    bool any = false;

    atomic_store(&asked, atomic_load(&answered));
    atomic_store(&rounds_end_us, end);
    if (!helper_post(cpu, answer_job, NULL))
        return;
    for (unsigned i = 0; i < ROUNDS && one_round(&low, &high); i++)
        any = true;
    atomic_store(&rounds_end_us, 0);
    if (helper_wait(cpu, end + stretched_us(ANSWER_US)) && any)
        text_add(out, " apart.%u=%lld:%lld", cpu, (long long)low, (long long)high);
}

/* --- the command -------------------------------------------------------------------------------------- */

static uint64_t read_realtime(void)
{
    return clock_us(CLOCK_REALTIME);
}

static void report_kernel_clocks(struct text *out)
{
    struct counter_reading real = counter_read(read_realtime);
    char source[32] = "unknown";

    read_text_file(CLOCK_SOURCE, source, sizeof source);
    text_add(out, " mono_us=%llu realtime_us=%llu source=%s source_changed_us=%llu", (unsigned long long)real.mono_us,
             (unsigned long long)real.ticks, source, (unsigned long long)clock_source_changed_us());
}

void clocks_report(struct text *out)
{
    uint64_t hz = frequency_now();

    report_kernel_clocks(out);
    rtc_report(out);
    counters_report(out);
    if (!helper_run_on_all(out, ticks_job))
        return;
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        text_add(out, " ticks.%u", cpu);
        counter_add(out, of_vcpu[cpu], hz, TICKS_BITS);
    }
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        if (cpu != cfg.beat_cpu)
            report_apart(out, cpu);
}
