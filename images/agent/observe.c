/* SPDX-License-Identifier: Apache-2.0
 * What the guest sees of the things that a management layer changes: memory, link, disk, devices, and
 * power-off requests of the platform. */
#include "agent_devices.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512u

/* A value of /proc/meminfo in KiB; 0 if the kernel does not report it. */
static unsigned long meminfo_kib(const char *name)
{
    char text[4096], *line;

    if (!read_text_file("/proc/meminfo", text, sizeof text) || !(line = strstr(text, name)))
        return 0;
    return strtoul(line + strlen(name), NULL, 10);
}

/* Reads a number from `/sys/<directory>/<device of this driver>/<file>`; -1 if there is none. */
static long long device_number(const char *directory, const char *driver, const char *file)
{
    char name[64], path[200], text[32];

    if (!sysfs_find_by_driver(directory, "", driver, name, sizeof name))
        return -1;
    snprintf(path, sizeof path, "%.60s/%.60s/%.40s", directory, name, file);
    return read_text_file(path, text, sizeof text) ? strtoll(text, NULL, 10) : -1;
}

/* Interrupts on all vCPUs by which RTAS announces that the guest is to power off; 0 where there is no RTAS. */
static unsigned long long epow_interrupts(void)
{
    static char text[65536];
    unsigned long long sum = 0;
    char *end, *line;

    if (!read_text_file("/proc/interrupts", text, sizeof text) || !(end = strstr(text, "RAS_EPOW")))
        return 0;
    for (line = end; line > text && line[-1] != '\n'; line--)
        ;
    line = strchr(line, ':');
    for (unsigned cpu = 0; line && cpu < cfg.cpus; cpu++)
        sum += strtoull(line + (cpu == 0), &line, 10);
    return sum;
}

void observe_report(struct text *out)
{
    long long sectors = device_number("/sys/block", "virtio_blk", "size");

    text_add(out, " memory_kib=%lu carrier=%lld disk_bytes=%lld epow=%llu", meminfo_kib("MemTotal:"),
             device_number("/sys/class/net", "virtio_net", "carrier"),
             sectors < 0 ? sectors : sectors * SECTOR, epow_interrupts());
}

/* Counts the entries of a directory below /sys whose names begin with `start`. */
void observe_entries(struct text *out, const char *directory, const char *start)
{
    struct dirent *entry;
    unsigned count = 0;
    char path[160];
    DIR *dir;

    snprintf(path, sizeof path, "/sys/%.120s", directory);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)))
        count += !strncmp(entry->d_name, start, strlen(start));
    if (dir)
        closedir(dir);
    text_add(out, " count=%u", count);
}
