/* SPDX-License-Identifier: Apache-2.0
 * Loads the drivers of the devices that the kernel command line names. The image builder wrote a file
 * /devices/NAME for each: the first line has the kind of check and the selector; each further line has one
 * module, after the modules that it depends on. */
#include "agent_devices.h"

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
    {"disk", check_disk, true},     {"net", check_net, true},       {"rng", check_rng, true},
    {"usb", check_usb, true},       {"screen", check_screen, true}, {"bound", check_bound, false},
    {"port", check_port, false},    {"input", check_input, false},
};

/* Loading a module again would make the kernel read the whole file again. */
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

bool drivers_load_module(const char *file, const char *options)
{
    char path[128];
    bool loaded;
    int fd;

    snprintf(path, sizeof path, "/modules/%.100s", file);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    loaded = syscall(SYS_finit_module, fd, options, 0) == 0 || errno == EEXIST;
    close(fd);
    return loaded;
}

/* `options`: a file name, optionally followed by a blank and module options. */
static void load_module(char *options)
{
    const char *file = strsep(&options, " ");

    if (!loaded_before(file) && !drivers_load_module(file, options ? options : ""))
        die("cannot load %s: %s", file, strerror(errno));
}

static void add_check(const char *name, const char *kind, const char *selector)
{
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, kind)) {
            if (!checks_add(name, selector, kinds[i].check, kinds[i].in_churn))
                die("too many devices");
            return;
        }
    die("device %s: unknown kind %s", name, kind);
}

static void load_device(const char *name)
{
    char path[128], text[4096], *rest = text, *kind, *line;

    snprintf(path, sizeof path, "/devices/%.100s", name);
    if (!read_text_file(path, text, sizeof text)) /* a device that is ignored would go unchecked */
        die("this image has no device %s", name);
    line = strsep(&rest, "\n");
    kind = strsep(&line, " ");
    add_check(name, kind, line ? line : "");
    while ((line = strsep(&rest, "\n")))
        if (*line)
            load_module(line);
}

void drivers_load(void)
{
    char names[sizeof cfg.devices], *rest = names, *name;
    char msr[] = "msr.ko";

    if (access("/modules/msr.ko", R_OK) == 0)
        load_module(msr);
    memcpy(names, cfg.devices, sizeof names);
    while ((name = strsep(&rest, ",")))
        if (*name)
            load_device(name);
}
