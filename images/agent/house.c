/* SPDX-License-Identifier: Apache-2.0
 * Keeps the kernel's own work on the beat vCPU.
 *
 * Two reasons. An idle guest must have vCPUs that sleep for seconds, and by default the console's
 * interrupt wakes vCPU 0 at every beat. And beats and commands must not need a vCPU that may be dead:
 * the serial interrupts, the threads and work queues that carry tty data go where the beats are. */
#include "agent.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void for_each_number(const char *directory, void (*what)(unsigned number, const char *mask),
                            const char *mask)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;

    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        char *end;
        unsigned long n = strtoul(entry->d_name, &end, 10);

        if (end != entry->d_name && !*end)
            what((unsigned)n, mask);
    }
    closedir(dir);
}

/* Refusals are normal: per-CPU interrupts and threads cannot move, nor need they. */
static void move_interrupt(unsigned irq, const char *mask)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/irq/%u/smp_affinity", irq);
    write_text_file(path, mask);
}

static void move_thread(unsigned pid, const char *mask)
{
    cpu_set_t set;

    (void)mask;
    CPU_ZERO(&set);
    CPU_SET(cfg.beat_cpu, &set);
    sched_setaffinity((pid_t)pid, sizeof set, &set);
}

/* Call it with the ttys open (they have their interrupts) and before the modules are loaded, while
 * this process is alone: it moves this thread too. `all_interrupts`: also those that come later. */
void house_keep_vcpus_idle(bool all_interrupts)
{
    char mask[24]; /* 32-bit groups, highest first */

    if (cfg.beat_cpu < 32)
        snprintf(mask, sizeof mask, "%x", 1u << cfg.beat_cpu);
    else
        snprintf(mask, sizeof mask, "%x,00000000", 1u << (cfg.beat_cpu - 32));
    for_each_number("/proc/irq", move_interrupt, mask);
    if (all_interrupts)
        write_text_file("/proc/irq/default_smp_affinity", mask);
    for_each_number("/proc", move_thread, mask);
    write_text_file("/sys/devices/virtual/workqueue/cpumask", mask);
}
