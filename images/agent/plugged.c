/* SPDX-License-Identifier: Apache-2.0
 * What was plugged into the running guest: devices of a bus and their drivers, a disk, a network card, a vCPU.
 *
 * One thread uses them, because a request to a device that is gone, and the start of a vCPU, may never end. */
#include "agent_devices.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USE_US 5000000u      /* bound of one use of a disk or a card */
#define VCPU_US 15000000u    /* Linux itself waits 10 s for a vCPU that does not start */
#define RUN_US 20000u        /* how long the thread runs on a plugged vCPU */

enum { USE_DISK, USE_NET, RUN_ON_VCPU };

static bool exists;
static struct device disk, card;
static char reason[REASON];
static unsigned vcpu;

static void online(void)
{
    char path[64], now[8] = "";

    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/online", vcpu);
    read_text_file(path, now, sizeof now);
    if (strcmp(now, "1") && !write_text_file(path, "1"))
        snprintf(reason, sizeof reason, "vCPU %u does not come online: %s", vcpu, strerror(errno));
}

static void run_on_vcpu(void)
{
    uint64_t until;
    cpu_set_t before, set;

    online();
    CPU_ZERO(&set);
    CPU_SET(vcpu, &set);
    sched_getaffinity(0, sizeof before, &before);
    if (*reason)
        return;
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        snprintf(reason, sizeof reason, "no thread can run on vCPU %u: %s", vcpu, strerror(errno));
        return;
    }
    until = now_us() + RUN_US;
    while (now_us() < until)
        if (sched_getcpu() != (int)vcpu)
            snprintf(reason, sizeof reason, "the thread of vCPU %u runs on another one", vcpu);
    sched_setaffinity(0, sizeof before, &before);
}

static void run(unsigned job)
{
    reason[0] = '\0';
    if (job == RUN_ON_VCPU)
        run_on_vcpu();
    else if (job == USE_DISK)
        check_disk(&disk, reason);
    else
        check_net(&card, reason);
}

static struct jobs jobs = {.run = run};

static bool at_rest(struct text *out)
{
    if (!exists)
        text_fail(out, "this guest has no room for what is plugged");
    else if (!jobs_at_rest(&jobs))
        text_add(out, " result=an%%20earlier%%20use%%20has%%20not%%20ended");
    return exists && jobs_at_rest(&jobs);
}

/* Does the job. While it still runs, its thread owns `reason`. */
static void report(struct text *out, unsigned job, uint64_t us)
{
    char late[64];

    snprintf(late, sizeof late, "no end within %llu ms", (unsigned long long)stretched_us(us) / 1000);
    jobs_post(&jobs, job);
    text_add(out, " result=");
    if (!jobs_finished(&jobs, us, NULL))
        text_quote(out, late);
    else
        text_quote(out, *reason ? reason : "ok");
}

/* The names of the devices of a bus, each with its driver. */
void plugged_list(struct text *out, const char *bus)
{
    char path[96], link[400], target[256];
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "/sys/bus/%.40s/devices", bus);
    dir = opendir(path);
    if (!dir) {
        text_fail(out, "no bus %.40s: %s", bus, strerror(errno));
        return;
    }
    while ((entry = readdir(dir))) {
        ssize_t n;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(link, sizeof link, "%s/%.255s/driver", path, entry->d_name);
        n = readlink(link, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        text_add(out, " %.64s=%.64s", entry->d_name, n > 0 ? strrchr(target, '/') + 1 : "none");
    }
    closedir(dir);
}

void plugged_use(struct text *out, const char *kind, const char *driver, bool anew)
{
    bool is_disk = !strcmp(kind, "disk");
    struct device *device = is_disk ? &disk : &card;

    if (!at_rest(out))
        return;
    if (anew && device->socket > 0)
        close(device->socket);
    if (anew)
        device->socket = 0;
    device->has_written = device->has_written && !anew;
    snprintf(device->selector, sizeof device->selector, "%.63s", driver);
    device->deadline_us = ran_us() + stretched_us(USE_US);
    report(out, is_disk ? USE_DISK : USE_NET, USE_US + USE_US / 10);
}

void plugged_vcpus(struct text *out)
{
    char now[128] = "";

    read_text_file("/sys/devices/system/cpu/online", now, sizeof now);
    text_add(out, " online=");
    text_quote(out, now);
}

void plugged_vcpu(struct text *out, unsigned number)
{
    if (!at_rest(out))
        return;
    vcpu = number;
    report(out, RUN_ON_VCPU, VCPU_US);
}

/* No thread in other guests: a vCPU of an idle guest that does not beat is to run one thread only. */
void plugged_start(void)
{
    if (strstr(cfg.devices, "room")) {
        exists = true;
        jobs_start(&jobs);
    }
}
