/* SPDX-License-Identifier: Apache-2.0
 * Mounts the kernel file systems and reads the configuration from the kernel command line. */
#include "agent.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

struct config cfg;

static void mount_one(const char *type, const char *at)
{
    mkdir(at, 0755);
    if (mount(type, at, type, 0, NULL) != 0 && errno != EBUSY)
        die("cannot mount %s on %s: %s", type, at, strerror(errno));
}

void boot_mount(void)
{
    mount_one("devtmpfs", "/dev");
    mount_one("proc", "/proc");
    mount_one("sysfs", "/sys");
    mount_one("tmpfs", "/tmpfs");
}

/* On pseries the kernel itself powers off when RTAS asks for it, unless the program that it runs for that
 * starts. This program is that program and does nothing, so that the guest lives on and the suite can see
 * that the request arrived. */
void boot_ignore_power_off_requests(void)
{
    write_text_file("/proc/sys/kernel/poweroff_cmd", "/init");
}

static unsigned number(const char *key, const char *value, unsigned low, unsigned high)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);

    if (end == value || *end || n < low || n > high)
        die("hotpatch.%s=%s is not a number from %u to %u", key, value, low, high);
    return (unsigned)n;
}

static void set_option(const char *key, const char *value)
{
    if (!strcmp(key, "console"))
        snprintf(cfg.console, sizeof cfg.console, "%s", value);
    else if (!strcmp(key, "agent"))
        snprintf(cfg.port, sizeof cfg.port, "%s", value);
    else if (!strcmp(key, "profile") && (!strcmp(value, "idle") || !strcmp(value, "busy")))
        cfg.busy = !strcmp(value, "busy");
    else if (!strcmp(key, "devices"))
        snprintf(cfg.devices, sizeof cfg.devices, "%s", value);
    else if (!strcmp(key, "beat_ms"))
        cfg.beat_ms = number(key, value, 1, 1000);
    else if (!strcmp(key, "beat_rest"))
        cfg.beat_rest = number(key, value, 0, 100);
    else if (!strcmp(key, "without_dscr"))
        cfg.without_dscr = number(key, value, 0, 1);
    else if (!strcmp(key, "beat_cpu"))
        cfg.beat_cpu = number(key, value, 0, cfg.cpus - 1);
    else if (!strcmp(key, "stretch"))
        cfg.stretch = number(key, value, 100, 10000);
    else /* if a misspelt option were ignored, the run would silently test something else */
        die("unknown option hotpatch.%s=%s", key, value);
}

uint64_t stretched_us(uint64_t us)
{
    return us * cfg.stretch / 100;
}

void boot_configure(void)
{
    char line[4096], *rest = line, *word;
    struct utsname name;
    cpu_set_t set;
    bool ppc;

    uname(&name);
    snprintf(cfg.arch, sizeof cfg.arch, "%.31s", name.machine);
    snprintf(cfg.release, sizeof cfg.release, "%.79s", name.release);
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    cfg.cpus = (unsigned)CPU_COUNT(&set);
    if (cfg.cpus < 1 || cfg.cpus > MAX_CPUS)
        die("the guest has %u vCPUs; the agent supports 1 to %u", cfg.cpus, MAX_CPUS);
    cfg.page = (unsigned)sysconf(_SC_PAGESIZE);
    ppc = !strncmp(cfg.arch, "ppc", 3);
    snprintf(cfg.console, sizeof cfg.console, "%s", ppc ? "hvc0" : "ttyS0");
    snprintf(cfg.port, sizeof cfg.port, "%s", ppc ? "hvc1" : "ttyS1");
    cfg.beat_ms = 4;
    cfg.stretch = 100;
    cfg.beat_cpu = cfg.cpus - 1;
    if (!read_text_file("/proc/cmdline", line, sizeof line))
        die("cannot read /proc/cmdline");
    while ((word = strsep(&rest, " \n"))) {
        char *value = strchr(word, '=');

        if (strncmp(word, "hotpatch.", 9) || !value)
            continue;
        *value++ = '\0';
        set_option(word + 9, value);
    }
}
