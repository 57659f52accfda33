/* SPDX-License-Identifier: Apache-2.0
 * What the guest is to drive: for each device named on the command line, the image builder wrote a file
 * whose first line says how it is checked and what it is found by; then follow its modules, each after
 * what it depends on. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    device_check *check;
    bool in_churn;
} kinds[] = {
    {"disk", device_disk, true},     {"net", device_net, true},       {"rng", device_rng, true},
    {"usb", device_usb, true},       {"screen", device_screen, true}, {"bound", device_bound, false},
    {"port", device_port, false},    {"input", device_input, false},
};

/* A second attempt would have the kernel read the whole file again. */
static bool loaded_before(const char *file)
{
    static char loaded[8192]; /* "a.ko,b.ko," */
    char mark[104];

    snprintf(mark, sizeof mark, ",%.100s,", file);
    if (strstr(loaded, mark))
        return true;
    snprintf(loaded + strlen(loaded), sizeof loaded - strlen(loaded), "%s", mark);
    return false;
}

/* A line is a file and, behind a blank, the module's options. */
static void insert(char *options)
{
    const char *file = strsep(&options, " ");
    char path[128];
    int fd;

    if (loaded_before(file))
        return;
    snprintf(path, sizeof path, "/modules/%.100s", file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die("cannot open %s: %s", path, strerror(errno));
    if (syscall(SYS_finit_module, fd, options ? options : "", 0) != 0 && errno != EEXIST)
        die("cannot load %s: %s", path, strerror(errno));
    close(fd);
}

static void add(const char *name, const char *kind, const char *selector)
{
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, kind)) {
            if (!runner_add(name, selector, kinds[i].check, kinds[i].in_churn))
                die("too many devices");
            return;
        }
    die("device %s: unknown kind %s", name, kind);
}

static void load(const char *name)
{
    char path[128], text[4096], *rest = text, *kind, *line;

    snprintf(path, sizeof path, "/devices/%.100s", name);
    if (!read_text_file(path, text, sizeof text)) /* a device left out would be a check left out */
        die("this image knows no device %s", name);
    line = strsep(&rest, "\n");
    kind = strsep(&line, " ");
    add(name, kind, line ? line : "");
    while ((line = strsep(&rest, "\n")))
        if (*line)
            insert(line);
}

void drivers_load(void)
{
    char names[sizeof cfg.devices], *rest = names, *name;

    memcpy(names, cfg.devices, sizeof names);
    while ((name = strsep(&rest, ",")))
        if (*name)
            load(name);
}
