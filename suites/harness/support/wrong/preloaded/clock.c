/* SPDX-License-Identifier: Apache-2.0
 * Loaded into the real QEMU: makes its monotonic clock wrong once it gets a signal that QEMU does not use.
 * SIGURG: it is 2 s ahead. SIGPWR: from then on it is 2 % fast. QEMU's virtual clock, and so the guest's
 * timers, follow that clock.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define AHEAD_NS 2000000000ll
#define FAST_PERCENT 2
#define NS_PER_S 1000000000ll

static _Atomic long long ahead_ns, fast_since_ns;

static int read_clock(clockid_t clock, struct timespec *time)
{
    return (int)syscall(SYS_clock_gettime, clock, time);
}

static long long ns_of(const struct timespec *time)
{
    return time->tv_sec * NS_PER_S + time->tv_nsec;
}

static void make_wrong(int signal)
{
    struct timespec now;

    if (signal == SIGURG)
        ahead_ns = AHEAD_NS;
    else if (read_clock(CLOCK_MONOTONIC, &now) == 0)
        fast_since_ns = ns_of(&now);
}

__attribute__((constructor)) static void listen_for_signals(void)
{
    struct sigaction action = {.sa_handler = make_wrong, .sa_flags = SA_RESTART};

    sigaction(SIGURG, &action, NULL);
    sigaction(SIGPWR, &action, NULL);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int status = read_clock(clock, time);
    long long ns;

    if (status || clock != CLOCK_MONOTONIC)
        return status;
    ns = ns_of(time) + ahead_ns;
    if (fast_since_ns)
        ns += (ns - fast_since_ns) * FAST_PERCENT / 100;
    time->tv_sec = ns / NS_PER_S;
    time->tv_nsec = ns % NS_PER_S;
    return 0;
}
