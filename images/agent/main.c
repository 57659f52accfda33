/* SPDX-License-Identifier: Apache-2.0
 * PID 1 of the guest. Sets everything up, then serves commands for ever. */
#include "agent.h"

#include <sched.h>
#include <sys/klog.h>
#include <unistd.h>

#define SYSLOG_ACTION_CONSOLE_LEVEL 8

/* This thread serves the commands: on the beat vCPU, before others, after the beats. */
static void settle_on_beat_vcpu(void)
{
    struct sched_param param = {.sched_priority = 20};
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cfg.beat_cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0 || sched_setscheduler(0, SCHED_FIFO, &param) != 0)
        die("cannot settle on vCPU %u", cfg.beat_cpu);
}

int main(void)
{
    int console, port;

    boot_mount();
    boot_configure();
    console = open_raw_tty(cfg.console);
    dup2(console, STDIN_FILENO);
    dup2(console, STDOUT_FILENO);
    dup2(console, STDERR_FILENO);
    port = open_raw_tty(cfg.port);
    /* Only emergencies may still be mixed into the beats. */
    klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 1);
    house_keep_vcpus_idle(!cfg.busy);
    drivers_load();
    settle_on_beat_vcpu();
    kmsg_start();
    helper_start();
    wake_start();
    worker_start();
    if (runner_has_devices())
        runner_start();
    beat_start(console);
    command_serve(port);
}
