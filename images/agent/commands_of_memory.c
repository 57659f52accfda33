/* SPDX-License-Identifier: Apache-2.0
 * What the commands do that are about memory. */
#include "agent_memory.h"
#include "commands.h"

#include <string.h>

static void do_write(const struct request *r, struct text *out)
{
    const char *order = request_arg(r, "order");
    struct load load = {.noise = 1, .scattered = order && !strcmp(order, "scattered")};

    if (order && !load.scattered && strcmp(order, "by-address"))
        text_fail(out, "write needs order=scattered or order=by-address");
    else if (request_need(r, out, "mib", &load.mib) && request_need(r, out, "rate", &load.rate)
             && (!request_arg(r, "noise") || request_need(r, out, "noise", &load.noise)))
        memory_write(out, &load);
}

static void do_fill(const struct request *r, struct text *out)
{
    uint64_t mib;

    if (request_need(r, out, "mib", &mib))
        memory_fill(out, mib);
}

static void do_rate(const struct request *r, struct text *out)
{
    uint64_t mib;

    if (request_need(r, out, "mib", &mib))
        memory_rate(out, mib);
}

static void do_write_cost(const struct request *r, struct text *out)
{
    (void)r;
    memory_write_cost(out);
}

static void do_still(const struct request *r, struct text *out)
{
    uint64_t mib;

    if (request_need(r, out, "mib", &mib))
        still_fill(out, mib);
}

static void do_learn(const struct request *r, struct text *out)
{
    (void)r;
    kernel_data_find();
    constant_learn(out);
    kernel_data_learn();
    beat_report_pages(out);
}

static void do_constants(const struct request *r, struct text *out)
{
    (void)r;
    constant_check(out);
    kernel_data_report(out);
    rewrite_report(out);
    beat_report_pages(out);
}

static void do_frame(const struct request *r, struct text *out)
{
    uint64_t address;

    if (request_need(r, out, "at", &address))
        frame_report(out, address);
}

static void do_nodes(const struct request *r, struct text *out)
{
    (void)r;
    nodes_report(out);
}

static void do_verify(const struct request *r, struct text *out)
{
    (void)r;
    memory_verify(out);
}

static void do_damage(const struct request *r, struct text *out)
{
    uint64_t page, writers = 0;

    if (request_need(r, out, "page", &page) && (!request_arg(r, "writers") || request_need(r, out, "writers", &writers)))
        memory_inject_damage(out, page, request_arg(r, "kind"), writers);
}

const struct command commands_of_memory[] = {
    {"write", do_write},
    {"fill", do_fill},
    {"rate", do_rate},
    {"toll", do_write_cost},
    {"still", do_still},
    {"learn", do_learn},
    {"constants", do_constants},
    {"frame", do_frame},
    {"nodes", do_nodes},
    {"verify", do_verify},
    {"damage", do_damage},
    {0},
};
