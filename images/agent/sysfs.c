/* SPDX-License-Identifier: Apache-2.0
 * Finds the kernel's name of a device in sysfs, by the drivers bound to it and to its parents. A device
 * that its driver has released is not found. */
#include "agent_devices.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Is the device at `path`, or one of its parents, bound to this driver? */
static bool self_or_parent_bound(const char *path, const char *driver)
{
    char at[PATH_MAX], link[PATH_MAX + 8], target[PATH_MAX], *slash;

    snprintf(at, sizeof at, "%s", path);
    while ((slash = strrchr(at, '/')) && slash != at) {
        ssize_t n;

        snprintf(link, sizeof link, "%s/driver", at);
        n = readlink(link, target, sizeof target - 1);
        if (n > 0) {
            target[n] = '\0';
            if (!strcmp(strrchr(target, '/') ? strrchr(target, '/') + 1 : target, driver))
                return true;
        }
        *slash = '\0';
    }
    return false;
}

/* `drivers`: names separated by plus signs, all of which must be bound. */
static bool has_drivers(const char *entry, const char *drivers)
{
    char path[PATH_MAX], names[64], *rest = names, *name;

    if (!realpath(entry, path))
        return false;
    snprintf(names, sizeof names, "%s", drivers);
    while ((name = strsep(&rest, "+")))
        if (!self_or_parent_bound(path, name))
            return false;
    return true;
}

/* The first entry of a directory that starts with `start` and for which `matches` is true. */
static bool find(const char *directory, const char *start, char *name, size_t size,
                 bool (*matches)(const char *path, const void *arg), const void *arg)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;
    bool found = false;

    while (dir && !found && (entry = readdir(dir))) {
        char path[384];

        if (entry->d_name[0] == '.' || strncmp(entry->d_name, start, strlen(start)))
            continue;
        snprintf(path, sizeof path, "%.100s/%.255s", directory, entry->d_name);
        found = matches(path, arg);
        if (found)
            snprintf(name, size, "%.63s", entry->d_name);
    }
    if (dir)
        closedir(dir);
    return found;
}

static bool is_driven(const char *path, const void *drivers)
{
    char device[400];

    snprintf(device, sizeof device, "%s/device", path);
    return has_drivers(device, drivers);
}

bool sysfs_find_by_driver(const char *directory, const char *start, const char *drivers, char *name,
                          size_t size)
{
    return find(directory, start, name, size, is_driven, drivers);
}

struct name_ending {
    const char *file, *text;
};

static bool name_ends_with(const char *path, const void *arg)
{
    const struct name_ending *want = arg;
    char file[512], text[128] = "";

    snprintf(file, sizeof file, "%s/%s", path, want->file);
    read_text_file(file, text, sizeof text);
    return strlen(text) >= strlen(want->text) &&
           !strcmp(text + strlen(text) - strlen(want->text), want->text);
}

/* Matches the end of the text in `file` (relative to the entry): drivers put the vendor before the name. */
bool sysfs_find_by_name(const char *directory, const char *start, const char *file, const char *text,
                        char *name, size_t size)
{
    struct name_ending want = {file, text};

    return find(directory, start, name, size, name_ends_with, &want);
}

bool sysfs_find_port(const char *port, char *device, size_t size)
{
    char name[64];
    bool found = sysfs_find_by_name("/sys/class/virtio-ports", "vport", "name", port, name, sizeof name);

    if (found)
        snprintf(device, size, "/dev/%.31s", name);
    return found;
}
