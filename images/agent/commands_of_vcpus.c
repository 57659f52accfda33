/* SPDX-License-Identifier: Apache-2.0
 * What the commands do that are about vCPUs and their registers. */
#include "commands.h"

#include <string.h>

static void do_wake(const struct request *r, struct text *out)
{
    (void)r;
    wake_command(out);
}

static void do_hold(const struct request *r, struct text *out)
{
    const char *on = request_arg(r, "on");
    uint64_t only = MAX_CPUS;

    if (!on || (strcmp(on, "0") && strcmp(on, "1")))
        text_fail(out, "hold needs on=0 or on=1");
    else if (!request_arg(r, "vcpu") || request_need(r, out, "vcpu", &only))
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
    if (request_arg(r, "keep"))
        cpu_state_keep(out);
    else
        cpu_state_compare(out);
}

static void do_lose_register(const struct request *r, struct text *out)
{
    request_inject_on_vcpu(r, out, registers_inject_loss);
}

static void do_stall(const struct request *r, struct text *out)
{
    request_inject_on_vcpu(r, out, progress_inject_stall);
}

static void do_deaf(const struct request *r, struct text *out)
{
    request_inject_on_vcpu(r, out, wake_inject_no_answer);
}

const struct command commands_of_vcpus[] = {
    {"wake", do_wake},
    {"hold", do_hold},
    {"registers", do_registers},
    {"cpu-state", do_cpu_state},
    {"lose-register", do_lose_register},
    {"stall", do_stall},
    {"deaf", do_deaf},
    {0},
};
