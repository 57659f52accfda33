/* SPDX-License-Identifier: Apache-2.0
 * Timers that are armed before a move: some on each vCPU, all at once, and when each of them expired.
 *
 * In a busy guest a thread on each vCPU waits for them. In an idle guest the worker does, so that no other
 * thread wakes on a vCPU that does not beat: see registers_x86.c. */
#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const unsigned delays_ms[] = {10, 30, 100, 300, 1000, 2000, 5000};
#define TIMERS (sizeof delays_ms / sizeof *delays_ms)

struct timers {
    int fds[TIMERS];
    _Atomic uint64_t due_us[TIMERS], fired_us[TIMERS];
};
static struct timers timers[MAX_CPUS];
static unsigned factor = 1; /* all delays are so many times as long */

static void take_expired(struct timers *t, const struct pollfd *polled)
{
    uint64_t count;

    for (unsigned i = 0; i < TIMERS; i++)
        if (polled[i].revents & POLLIN && read(t->fds[i], &count, sizeof count) == sizeof count)
            atomic_store(&t->fired_us[i], now_us());
}

void timers_wait(unsigned cpu, uint64_t mono_us)
{
    struct timers *t = &timers[cpu];
    struct pollfd polled[TIMERS];
    uint64_t now;

    for (unsigned i = 0; i < TIMERS; i++)
        polled[i] = (struct pollfd){.fd = t->fds[i], .events = POLLIN};
    while ((now = now_us()) < mono_us) {
        struct timespec left = {.tv_sec = (time_t)((mono_us - now) / 1000000u),
                                .tv_nsec = (long)((mono_us - now) % 1000000u) * 1000};
        const long args[6] = {(long)polled, TIMERS, mono_us == UINT64_MAX ? 0 : (long)&left, 0, 0};

        if (registers_held_syscall(SYS_ppoll, args) > 0)
            take_expired(t, polled);
    }
}

static void *timers_main(void *arg)
{
    timers_wait((unsigned)(uintptr_t)arg, UINT64_MAX);
    return NULL;
}

/* Runs on the vCPU whose timers it arms: a timer stays on the vCPU that armed it. */
static void arm_job(unsigned cpu, void *arg)
{
    struct timers *t = &timers[cpu];
    uint64_t now = now_us();

    (void)arg;
    for (unsigned i = 0; i < TIMERS; i++) {
        uint64_t due = now + (uint64_t)delays_ms[i] * factor * 1000u;
        struct itimerspec when = {.it_value = {(time_t)(due / 1000000u), (long)(due % 1000000u) * 1000}};

        atomic_store(&t->fired_us[i], 0);
        atomic_store(&t->due_us[i], due);
        timerfd_settime(t->fds[i], TFD_TIMER_ABSTIME, &when, NULL);
    }
}

void timers_arm(struct text *out, uint64_t longer)
{
    factor = (unsigned)longer;
    helper_run_on_all(out, arm_job);
}

void timers_report(struct text *out)
{
    text_add(out, " mono_us=%llu", (unsigned long long)now_us());
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
        for (unsigned i = 0; i < TIMERS; i++)
            text_add(out, " %u.%u=%llu,%llu", cpu, delays_ms[i] * factor,
                     (unsigned long long)atomic_load(&timers[cpu].due_us[i]),
                     (unsigned long long)atomic_load(&timers[cpu].fired_us[i]));
}

/* The timer of 1 s never expires. */
bool timers_inject_loss(unsigned cpu)
{
    const struct itimerspec never = {{0, 0}, {0, 0}};

    if (cpu >= cfg.cpus)
        return false;
    for (unsigned i = 0; i < TIMERS; i++)
        if (delays_ms[i] == 1000)
            timerfd_settime(timers[cpu].fds[i], 0, &never, NULL);
    return true;
}

void timers_start(void)
{
    for (unsigned cpu = 0; cpu < cfg.cpus; cpu++) {
        for (unsigned i = 0; i < TIMERS; i++) {
            timers[cpu].fds[i] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
            if (timers[cpu].fds[i] < 0)
                die("cannot create a timer: %s", strerror(errno));
        }
        if (cfg.busy)
            start_thread(timers_main, (void *)(uintptr_t)cpu, (int)cpu, 10);
    }
}
