/* SPDX-License-Identifier: Apache-2.0
 * Serves each command of the second port, and what the commands do that are about the agent as a whole. */
#include "agent_memory.h"
#include "commands.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static void do_hello(const struct request *r, struct text *out)
{
    (void)r;
    text_add(out, " proto=%d arch=%s vcpus=%u page=%u unit=%u release=%s profile=%s devices=%s "
             "beat_ms=%u beat_cpu=%u",
             PROTOCOL, cfg.arch, cfg.cpus, cfg.page, UNIT, cfg.release, cfg.busy ? "busy" : "idle",
             *cfg.devices ? cfg.devices : "none", cfg.beat_ms, cfg.beat_cpu);
}

static void do_status(const struct request *r, struct text *out)
{
    (void)r;
    text_add(out, " uptime_us=%llu mono_us=%llu realtime_us=%llu seq=%llu lap=%llu",
             (unsigned long long)clock_us(CLOCK_BOOTTIME), (unsigned long long)beat_mono_us(),
             (unsigned long long)clock_us(CLOCK_REALTIME), (unsigned long long)beat_seq(),
             (unsigned long long)memory_laps());
    kmsg_report(out);
}

static void do_mark(const struct request *r, struct text *out)
{
    (void)r;
    (void)out;
    kmsg_mark();
}

static void do_identity(const struct request *r, struct text *out)
{
    (void)r;
    identity_report(out);
}

static void do_oops(const struct request *r, struct text *out)
{
    (void)r;
    if (!kmsg_inject_trouble())
        text_fail(out, "cannot write /dev/kmsg: %s", strerror(errno));
}

static void do_afterwards(const struct request *r, struct text *out)
{
    (void)r;
    (void)out; /* command_port.c acts after it has sent this answer */
}

static void do_suspend(const struct request *r, struct text *out)
{
    char modes[64] = "";

    (void)r; /* command_port.c suspends the guest after it has sent this answer */
    if (!read_text_file("/sys/power/mem_sleep", modes, sizeof modes) || !strstr(modes, "[deep]"))
        text_fail(out, "the guest cannot be suspended to RAM: %.60s", modes);
}

static const struct command general[] = {
    {"hello", do_hello},
    {"status", do_status},
    {"mark", do_mark},
    {"identity", do_identity},
    {"oops", do_oops},
    {"poweroff", do_afterwards},
    {"restart", do_afterwards},
    {"panic", do_afterwards},
    {"suspend", do_suspend},
    {0},
};

static const struct command *const all[] = {
    general, commands_of_memory, commands_of_devices, commands_of_vcpus, commands_of_time,
    commands_of_disks, commands_of_tpm, commands_of_cdroms,
};

void commands_run(const struct request *r, struct text *out)
{
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        for (const struct command *c = all[i]; c->name; c++)
            if (!strcmp(c->name, r->command)) {
                c->serve(r, out);
                return;
            }
    text_fail(out, "unknown command");
}
