/* SPDX-License-Identifier: Apache-2.0
 * What the commands do that are about the CD-ROM drive. */
#include "cdrom.h"
#include "commands.h"

static void do_read(const struct request *r, struct text *out)
{
    const char *medium = request_arg(r, "medium");
    uint64_t blocks;

    if (!medium)
        text_fail(out, "cdrom-read needs medium=<the name in its blocks>");
    else if (request_need(r, out, "blocks", &blocks))
        cdrom_read(out, medium, blocks);
}

static void do_requests(const struct request *r, struct text *out)
{
    (void)r;
    cdrom_requests(out);
}

static void do_eject(const struct request *r, struct text *out)
{
    (void)r;
    cdrom_eject(out);
}

static void do_state(const struct request *r, struct text *out)
{
    (void)r;
    cdrom_state(out);
}

const struct command commands_of_cdroms[] = {
    {"cdrom-read", do_read},
    {"cdrom-requests", do_requests},
    {"cdrom-eject", do_eject},
    {"cdrom-state", do_state},
    {0},
};
