/* SPDX-License-Identifier: Apache-2.0
 * What Linux found when it booted and cannot change: processor, MMU, interrupt controller, threads of a core,
 * clock. */
#include "agent.h"

#include <string.h>

#define FIRST_CPU "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list"

/* The value of the first line of /proc/cpuinfo that begins with `key`; empty if there is none. */
static const char *cpuinfo(char *text, const char *key)
{
    size_t len = strlen(key);
    char *rest = text, *line;

    while ((line = strsep(&rest, "\n"))) {
        char *value = strncmp(line, key, len) ? NULL : strchr(line + len, ':');

        if (value)
            return value + 1 + strspn(value + 1, " ");
    }
    return "";
}

static void add_cpuinfo(struct text *out, const char *name, const char *key)
{
    char text[32768];

    text_add(out, " %s=", name);
    text_quote(out, read_text_file("/proc/cpuinfo", text, sizeof text) ? cpuinfo(text, key) : "");
}

static void add_file(struct text *out, const char *name, const char *path)
{
    char text[256];

    text_add(out, " %s=", name);
    text_quote(out, read_text_file(path, text, sizeof text) ? text : "");
}

/* The kind of interrupt controller on POWER, by the name of its interrupts. */
static void add_interrupts(struct text *out)
{
    static const char *const kinds[] = {"XIVE", "XICS"};
    char text[32768];

    text_add(out, " interrupts=");
    if (!read_text_file("/proc/interrupts", text, sizeof text))
        return;
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strstr(text, kinds[i])) {
            text_add(out, "%s", kinds[i]);
            return;
        }
}

void identity_report(struct text *out)
{
    bool ppc = !strncmp(cfg.arch, "ppc", 3);

    add_cpuinfo(out, "cpu", ppc ? "cpu\t" : "model name");
    add_cpuinfo(out, "mmu", "MMU");
    add_interrupts(out);
    add_file(out, "threads", FIRST_CPU);
    add_file(out, "clocksource", CLOCK_SOURCE);
}
