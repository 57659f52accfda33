/* SPDX-License-Identifier: Apache-2.0
 * The NUMA nodes that Linux found when it booted: their vCPUs, distances and memory. */
#include "agent_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NODES 64u

/* Pages that are present in a node: they are in all of its zones. MemTotal of a node leaves out what the
 * kernel has taken for itself, which differs from boot to boot. */
static unsigned long long present_pages(const char *zones, unsigned node)
{
    char start[32];
    unsigned long long sum = 0;
    const char *zone = zones;

    snprintf(start, sizeof start, "Node %u, zone", node);
    while ((zone = strstr(zone, start))) {
        const char *present = strstr(zone, "present ");

        zone += strlen(start);
        sum += present ? strtoull(present + strlen("present "), NULL, 10) : 0;
    }
    return sum;
}

void nodes_report(struct text *out)
{
    static char zones[65536];
    char path[80], vcpus[256], distances[256];

    if (!read_text_file("/proc/zoneinfo", zones, sizeof zones) || strlen(zones) == sizeof zones - 1) {
        text_fail(out, "cannot read all of /proc/zoneinfo");
        return;
    }
    for (unsigned node = 0; node < MAX_NODES; node++) {
        snprintf(path, sizeof path, "/sys/devices/system/node/node%u/cpulist", node);
        if (!read_text_file(path, vcpus, sizeof vcpus))
            continue;
        snprintf(path, sizeof path, "/sys/devices/system/node/node%u/distance", node);
        if (!read_text_file(path, distances, sizeof distances))
            *distances = '\0';
        for (char *space = distances; (space = strchr(space, ' '));)
            *space = ',';
        text_add(out, " %u=%s/%s/%llu", node, vcpus, distances,
                 present_pages(zones, node) * cfg.page / 1024);
    }
}
