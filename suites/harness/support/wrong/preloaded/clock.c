/* SPDX-License-Identifier: Apache-2.0
 * Loaded into the real QEMU: once it gets SIGURG, which QEMU does not use, its monotonic clock is 2 s ahead.
 * QEMU's virtual clock, and so the guest's timers, follow that clock.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define AHEAD_S 2

static volatile sig_atomic_t is_ahead;

static void jump(int signal)
{
    (void)signal;
    is_ahead = 1;
}

__attribute__((constructor)) static void listen_for_signal(void)
{
    struct sigaction action = {.sa_handler = jump, .sa_flags = SA_RESTART};

    sigaction(SIGURG, &action, NULL);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int status = (int)syscall(SYS_clock_gettime, clock, time);

    if (status == 0 && clock == CLOCK_MONOTONIC && is_ahead)
        time->tv_sec += AHEAD_S;
    return status;
}
