/* SPDX-License-Identifier: Apache-2.0
 * Moves interrupts, kernel threads and work queues to the beat vCPU.
 *
 * Two reasons. In an idle guest the other vCPUs must sleep for seconds, but by default the console's
 * interrupt wakes vCPU 0 at every beat. And beats and commands must work when any other vCPU is dead, so
 * the serial interrupts and the threads and work queues that carry tty data must be on the beat vCPU. */
#include "agent.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Calls `action` for each entry of the directory whose name is a number. */
static void for_each_number(const char *directory, void (*action)(unsigned number, const char *mask),
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
            action((unsigned)n, mask);
    }
    closedir(dir);
}

/* Errors are ignored: per-CPU interrupts and threads cannot be moved, and need not be. */
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

/* Call it after the ttys are open, because then they have their interrupts, and before modules are loaded
 * and threads are started: it moves every thread that exists, this one too. `future_interrupts`: also
 * interrupts that are set up later. */
void irq_affinity_to_beat_vcpu(bool future_interrupts)
{
    char mask[24]; /* 32-bit groups, highest first */

    if (cfg.beat_cpu < 32)
        snprintf(mask, sizeof mask, "%x", 1u << cfg.beat_cpu);
    else
        snprintf(mask, sizeof mask, "%x,00000000", 1u << (cfg.beat_cpu - 32));
    for_each_number("/proc/irq", move_interrupt, mask);
    if (future_interrupts)
        write_text_file("/proc/irq/default_smp_affinity", mask);
    for_each_number("/proc", move_thread, mask);
    write_text_file("/sys/devices/virtual/workqueue/cpumask", mask);
}
