/* SPDX-License-Identifier: Apache-2.0
 * What the commands do that are about devices and firmware. */
#include "agent_devices.h"
#include "commands.h"

#include <string.h>

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
    const char *on = request_arg(r, "on"), *period = request_arg(r, "ms");
    uint64_t period_ms = 0;

    if (!checks_exist())
        text_fail(out, "this guest drives no device");
    else if (!on)
        checks_churn_report(out);
    else if (strcmp(on, "0") && strcmp(on, "1"))
        text_fail(out, "churn needs on=0 or on=1");
    else if ((period && !text_to_number(period, &period_ms)) || !checks_set_churn(*on == '1', period_ms))
        text_fail(out, "churn needs ms=<decimal>, at most 10000");
}

static void do_inputs(const struct request *r, struct text *out)
{
    (void)r;
    input_report(out);
}

static void do_paint(const struct request *r, struct text *out)
{
    uint64_t colour;

    if (request_need(r, out, "colour", &colour))
        screen_paint((uint32_t)colour);
}

static void do_observe(const struct request *r, struct text *out)
{
    (void)r;
    observe_report(out);
}

static void do_entries(const struct request *r, struct text *out)
{
    const char *directory = request_arg(r, "directory"), *start = request_arg(r, "start");

    if (directory && start)
        observe_entries(out, directory, start);
    else
        text_fail(out, "entries needs directory=<below /sys> and start=<of the names>");
}

static void do_watchdog(const struct request *r, struct text *out)
{
    uint64_t seconds;

    if (!request_arg(r, "seconds"))
        watchdog_starve(out);
    else if (request_need(r, out, "seconds", &seconds))
        watchdog_arm(out, seconds);
}

static void do_nvram(const struct request *r, struct text *out)
{
    nvram_command(out, request_arg(r, "mark"));
}

static void do_uefi(const struct request *r, struct text *out)
{
    uefi_command(out, request_arg(r, "mark"));
}

static void do_multicast(const struct request *r, struct text *out)
{
    (void)r;
    network_join_multicast(out);
}

static void do_network(const struct request *r, struct text *out)
{
    const char *driver = request_arg(r, "driver"), *echo = request_arg(r, "echo");

    if (!driver)
        text_fail(out, "network needs driver=<kernel driver of the card>");
    else if (echo)
        network_echo(out, driver);
    else
        network_report(out, driver);
}

static void do_firmware(const struct request *r, struct text *out)
{
    const char *name = request_arg(r, "name");
    uint64_t at;

    if (!name)
        firmware_report(out);
    else if (request_need(r, out, "at", &at))
        firmware_part(out, name, at);
}

static void do_readback(const struct request *r, struct text *out)
{
    if (request_arg(r, "keep"))
        readback_keep(out);
    else
        readback_compare(out);
}

static void do_bus(const struct request *r, struct text *out)
{
    const char *name = request_arg(r, "name");

    if (name)
        plugged_list(out, name);
    else
        text_fail(out, "bus needs name=<below /sys/bus>");
}

static void do_use(const struct request *r, struct text *out)
{
    const char *kind = request_arg(r, "kind"), *driver = request_arg(r, "driver");

    if (kind && driver && (!strcmp(kind, "disk") || !strcmp(kind, "net")))
        plugged_use(out, kind, driver, request_arg(r, "anew") != NULL);
    else
        text_fail(out, "use needs kind=disk or kind=net, and driver=<kernel driver>");
}

static void do_vcpu(const struct request *r, struct text *out)
{
    uint64_t number;

    if (!request_arg(r, "number"))
        plugged_vcpus(out);
    else if (request_need(r, out, "number", &number))
        plugged_vcpu(out, (unsigned)number);
}

const struct command commands_of_devices[] = {
    {"devices", do_devices},
    {"churn", do_churn},
    {"inputs", do_inputs},
    {"paint", do_paint},
    {"observe", do_observe},
    {"entries", do_entries},
    {"watchdog", do_watchdog},
    {"nvram", do_nvram},
    {"uefi", do_uefi},
    {"multicast", do_multicast},
    {"network", do_network},
    {"firmware", do_firmware},
    {"readback", do_readback},
    {"bus", do_bus},
    {"use", do_use},
    {"vcpu", do_vcpu},
    {0},
};
