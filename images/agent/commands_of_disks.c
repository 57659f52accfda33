/* SPDX-License-Identifier: Apache-2.0
 * What the commands do that are about the disk writer. */
#include "blocks.h"
#include "commands.h"

static void do_disk_write(const struct request *r, struct text *out)
{
    const char *driver = request_arg(r, "driver"), *disk = request_arg(r, "disk");
    uint64_t written, once, blocks, depth, laps;

    if (!driver || !disk)
        text_fail(out, "disk-write needs driver=<of the disk> and disk=<its name>");
    else if (request_need(r, out, "written", &written) && request_need(r, out, "once", &once)
             && request_need(r, out, "blocks", &blocks) && request_need(r, out, "depth", &depth)
             && request_need(r, out, "laps", &laps))
        disk_writer_begin(out, driver, disk, written, once, blocks, depth, laps);
}

static void do_disk_state(const struct request *r, struct text *out)
{
    (void)r;
    disk_writer_report(out);
}

static void do_disk_end(const struct request *r, struct text *out)
{
    (void)r;
    disk_writer_end(out);
}

static void do_disk_verify(const struct request *r, struct text *out)
{
    (void)r;
    disk_writer_verify(out);
}

const struct command commands_of_disks[] = {
    {"disk-write", do_disk_write},
    {"disk-state", do_disk_state},
    {"disk-end", do_disk_end},
    {"disk-verify", do_disk_verify},
    {0},
};
