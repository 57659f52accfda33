/* SPDX-License-Identifier: Apache-2.0
 * PID 1 of the guest: sets everything up, then serves commands until the guest ends. */
#include "agent_devices.h"
#include "blocks.h"
#include "cdrom.h"
#include "commands.h"
#include "tpm.h"

#include <sched.h>
#include <sys/klog.h>
#include <unistd.h>

#define SYSLOG_ACTION_CONSOLE_LEVEL 8

/* The command thread runs on the beat vCPU. Its priority is below that of the beats and above all others. */
static void move_to_beat_vcpu(void)
{
    struct sched_param param = {.sched_priority = 20};
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cfg.beat_cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0 || sched_setscheduler(0, SCHED_FIFO, &param) != 0)
        die("cannot move to vCPU %u", cfg.beat_cpu);
}

int main(void)
{
    int console, port;

    if (getpid() != 1) /* the kernel's helper that is to power off: see boot_ignore_power_off_requests() */
        return 0;
    boot_mount();
    boot_ignore_power_off_requests();
    boot_configure();
    console = open_raw_tty(cfg.console);
    dup2(console, STDIN_FILENO);
    dup2(console, STDOUT_FILENO);
    dup2(console, STDERR_FILENO);
    port = open_raw_tty(cfg.port);
    /* From here on the kernel prints only emergencies between the beats. */
    klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 1);
    irq_affinity_to_beat_vcpu(!cfg.busy);
    drivers_load();
    registers_prepare(cfg.without_dscr);
    move_to_beat_vcpu();
    frequency_sample();
    kmsg_start();
    helper_start();
    wake_start();
    timers_start();
    rtc_start();
    worker_start();
    watchdog_start();
    holder_start();
    if (checks_exist()) {
        checks_start();
        disk_writer_start();
        tpm_start();
        cdrom_start();
        plugged_start();
    }
    beat_start(console);
    command_port_serve(port);
}
