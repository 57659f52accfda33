/* SPDX-License-Identifier: Apache-2.0
 * What each command of the second port does. */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The value of `key=`, or NULL if the request has no such argument. */
static const char *arg(const struct request *r, const char *key)
{
    size_t len = strlen(key);

    for (unsigned i = 0; i < r->n_args; i++)
        if (!strncmp(r->args[i], key, len) && r->args[i][len] == '=')
            return r->args[i] + len + 1;
    return NULL;
}

/* Reads a required number; the answer is an error if it is missing. */
static bool need(const struct request *r, struct text *out, const char *key, uint64_t *value)
{
    if (text_to_number(arg(r, key), value))
        return true;
    text_fail(out, "%s needs %s=<decimal>", r->command, key);
    return false;
}

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

static void do_write(const struct request *r, struct text *out)
{
    const char *order = arg(r, "order");
    struct load load = {.noise = 1, .scattered = order && !strcmp(order, "scattered")};

    if (order && !load.scattered && strcmp(order, "by-address"))
        text_fail(out, "write needs order=scattered or order=by-address");
    else if (need(r, out, "mib", &load.mib) && need(r, out, "rate", &load.rate)
             && (!arg(r, "noise") || need(r, out, "noise", &load.noise)))
        memory_write(out, &load);
}

static void do_fill(const struct request *r, struct text *out)
{
    uint64_t mib;

    if (need(r, out, "mib", &mib))
        memory_fill(out, mib);
}

static void do_still(const struct request *r, struct text *out)
{
    uint64_t mib;

    if (need(r, out, "mib", &mib))
        still_fill(out, mib);
}

static void do_learn(const struct request *r, struct text *out)
{
    (void)r;
    constant_learn(out);
    beat_report_pages(out);
}

static void do_constants(const struct request *r, struct text *out)
{
    (void)r;
    constant_check(out);
    rewrite_report(out);
    beat_report_pages(out);
}

static void do_frame(const struct request *r, struct text *out)
{
    uint64_t address;

    if (need(r, out, "at", &address))
        frame_report(out, address);
}

static void do_rate(const struct request *r, struct text *out)
{
    uint64_t mib;

    if (need(r, out, "mib", &mib))
        memory_rate(out, mib);
}

static void do_write_cost(const struct request *r, struct text *out)
{
    (void)r;
    memory_write_cost(out);
}

static void do_verify(const struct request *r, struct text *out)
{
    (void)r;
    memory_verify(out);
}

static void do_wake(const struct request *r, struct text *out)
{
    (void)r;
    wake_command(out);
}

static void do_devices(const struct request *r, struct text *out)
{
    (void)r;
    if (checks_exist())
        checks_run_all(out);
    else
        text_fail(out, "this guest drives no device");
}

static void do_churn(const struct request *r, struct text *out)
{
    const char *on = arg(r, "on");

    if (!checks_exist())
        text_fail(out, "this guest drives no device");
    else if (!on)
        checks_churn_report(out);
    else if (!strcmp(on, "0") || !strcmp(on, "1"))
        checks_set_churn(*on == '1');
    else
        text_fail(out, "churn needs on=0 or on=1");
}

static void do_inputs(const struct request *r, struct text *out)
{
    (void)r;
    input_report(out);
}

static void do_paint(const struct request *r, struct text *out)
{
    uint64_t colour;

    if (need(r, out, "colour", &colour))
        screen_paint((uint32_t)colour);
}

static void do_firmware(const struct request *r, struct text *out)
{
    const char *name = arg(r, "name");
    uint64_t at;

    if (!name)
        firmware_report(out);
    else if (need(r, out, "at", &at))
        firmware_part(out, name, at);
}

static void do_observe(const struct request *r, struct text *out)
{
    (void)r;
    observe_report(out);
}

static void do_entries(const struct request *r, struct text *out)
{
    const char *directory = arg(r, "directory"), *start = arg(r, "start");

    if (directory && start)
        observe_entries(out, directory, start);
    else
        text_fail(out, "entries needs directory=<below /sys> and start=<of the names>");
}

static void do_watchdog(const struct request *r, struct text *out)
{
    uint64_t seconds;

    if (!arg(r, "seconds"))
        watchdog_starve(out);
    else if (need(r, out, "seconds", &seconds))
        watchdog_arm(out, seconds);
}

static void do_nvram(const struct request *r, struct text *out)
{
    nvram_command(out, arg(r, "mark"));
}

static void do_multicast(const struct request *r, struct text *out)
{
    (void)r;
    network_join_multicast(out);
}

static void do_readback(const struct request *r, struct text *out)
{
    if (arg(r, "keep"))
        readback_keep(out);
    else
        readback_compare(out);
}

static void do_hold(const struct request *r, struct text *out)
{
    const char *on = arg(r, "on");
    uint64_t only = MAX_CPUS;

    if (!on || (strcmp(on, "0") && strcmp(on, "1")))
        text_fail(out, "hold needs on=0 or on=1");
    else if (!arg(r, "vcpu") || need(r, out, "vcpu", &only))
        for (unsigned cpu = 0; cpu < cfg.cpus; cpu++)
            if (only == MAX_CPUS || only == cpu)
                holder_spin(cpu, *on == '1');
}

static void do_registers(const struct request *r, struct text *out)
{
    (void)r;
    text_add(out, " kinds=");
    registers_list_kinds(out);
    registers_report(out);
}

static void do_cpu_state(const struct request *r, struct text *out)
{
    if (arg(r, "keep"))
        cpu_state_keep(out);
    else
        cpu_state_compare(out);
}

static void do_clocks(const struct request *r, struct text *out)
{
    (void)r;
    clocks_report(out);
}

static void do_arm(const struct request *r, struct text *out)
{
    uint64_t longer = 1;

    if (!arg(r, "longer") || need(r, out, "longer", &longer))
        timers_arm(out, longer);
}

static void do_alarm(const struct request *r, struct text *out)
{
    uint64_t seconds;

    if (need(r, out, "seconds", &seconds))
        rtc_arm(out, seconds);
}

static void do_timers(const struct request *r, struct text *out)
{
    (void)r;
    timers_report(out);
}

static void do_damage(const struct request *r, struct text *out)
{
    uint64_t page, writers = 0;

    if (need(r, out, "page", &page) && (!arg(r, "writers") || need(r, out, "writers", &writers)))
        memory_inject_damage(out, page, arg(r, "kind"), writers);
}

static void do_skip_beat(const struct request *r, struct text *out)
{
    (void)r;
    (void)out;
    beat_inject_gap();
}

static void do_clock_back(const struct request *r, struct text *out)
{
    uint64_t us;

    if (need(r, out, "us", &us))
        beat_inject_clock_back(us);
}

static void do_wall_clock_ahead(const struct request *r, struct text *out)
{
    struct timespec t;
    uint64_t us;

    if (!need(r, out, "us", &us))
        return;
    us += clock_us(CLOCK_REALTIME);
    t.tv_sec = (time_t)(us / 1000000);
    t.tv_nsec = (long)(us % 1000000 * 1000);
    if (clock_settime(CLOCK_REALTIME, &t))
        text_fail(out, "cannot set the wall clock: %s", strerror(errno));
}

static void inject_on_vcpu(const struct request *r, struct text *out, bool (*inject)(unsigned cpu))
{
    uint64_t cpu;

    if (need(r, out, "vcpu", &cpu) && (cpu >= cfg.cpus || !inject((unsigned)cpu)))
        text_fail(out, "there is no vcpu %llu", (unsigned long long)cpu);
}

static void do_stall(const struct request *r, struct text *out)
{
    inject_on_vcpu(r, out, progress_inject_stall);
}

static void do_deaf(const struct request *r, struct text *out)
{
    inject_on_vcpu(r, out, wake_inject_no_answer);
}

static void do_lose_register(const struct request *r, struct text *out)
{
    inject_on_vcpu(r, out, registers_inject_loss);
}

static void do_lose_timer(const struct request *r, struct text *out)
{
    inject_on_vcpu(r, out, timers_inject_loss);
}

static void do_oops(const struct request *r, struct text *out)
{
    (void)r;
    if (!kmsg_inject_trouble())
        text_fail(out, "cannot write /dev/kmsg: %s", strerror(errno));
}

static void do_poweroff(const struct request *r, struct text *out)
{
    (void)r;
    (void)out; /* command_port.c powers off after it has sent this answer */
}

static const struct {
    const char *name;
    void (*serve)(const struct request *r, struct text *out);
} commands[] = {
    {"hello", do_hello},         {"status", do_status}, {"mark", do_mark},
    {"write", do_write},         {"fill", do_fill},     {"rate", do_rate},
    {"toll", do_write_cost},     {"identity", do_identity},
    {"still", do_still},         {"learn", do_learn},   {"constants", do_constants},
    {"frame", do_frame},
    {"verify", do_verify},       {"wake", do_wake},     {"devices", do_devices},
    {"churn", do_churn},         {"inputs", do_inputs}, {"paint", do_paint},
    {"observe", do_observe},     {"entries", do_entries}, {"watchdog", do_watchdog},
    {"nvram", do_nvram},         {"multicast", do_multicast},
    {"firmware", do_firmware},   {"readback", do_readback},
    {"hold", do_hold},           {"registers", do_registers}, {"cpu-state", do_cpu_state},
    {"lose-register", do_lose_register},
    {"damage", do_damage},       {"skip-beat", do_skip_beat},
    {"clocks", do_clocks},       {"arm", do_arm},       {"timers", do_timers},
    {"alarm", do_alarm},
    {"clock-back", do_clock_back}, {"wall-clock-ahead", do_wall_clock_ahead},
    {"stall", do_stall},         {"deaf", do_deaf},     {"oops", do_oops},
    {"lose-timer", do_lose_timer},
    {"poweroff", do_poweroff},
};

void commands_run(const struct request *r, struct text *out)
{
    for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(commands[i].name, r->command)) {
            commands[i].serve(r, out);
            return;
        }
    text_fail(out, "unknown command");
}
