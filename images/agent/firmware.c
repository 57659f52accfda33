/* SPDX-License-Identifier: Apache-2.0
 * The tables that the firmware gave this guest and that are in its RAM: ACPI, SMBIOS, device tree. */
#include "agent.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ACPI_TABLES "/sys/firmware/acpi/tables"
#define PART 3072 /* bytes of a table in one answer: two hex digits each */

static const struct {
    const char *name, *path;
} others[] = {
    {"smbios", "/sys/firmware/dmi/tables/DMI"},
    {"device-tree", "/sys/firmware/fdt"},
};

/* The path of a table, from its name in the answer to `firmware`. */
static void path_of(const char *name, char *path, size_t size)
{
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        if (!strcmp(name, others[i].name)) {
            snprintf(path, size, "%s", others[i].path);
            return;
        }
    snprintf(path, size, ACPI_TABLES "/%.32s", name);
}

/* Adds `name=<bytes>:<hash>`; nothing if there is no such table. The hash is FNV-1a of 64 bits. */
static void add_table(struct text *out, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u, length = 0;
    unsigned char part[4096];
    char path[128];
    ssize_t n;
    int fd;

    path_of(name, path, sizeof path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    while ((n = read(fd, part, sizeof part)) > 0) {
        for (ssize_t i = 0; i < n; i++)
            hash = (hash ^ part[i]) * 0x100000001b3u;
        length += (uint64_t)n;
    }
    close(fd);
    if (length)
        text_add(out, " %.32s=%llu:%016llx", name, (unsigned long long)length, (unsigned long long)hash);
}

void firmware_report(struct text *out)
{
    DIR *dir = opendir(ACPI_TABLES);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && entry->d_type != DT_DIR)
            add_table(out, entry->d_name);
    if (dir)
        closedir(dir);
    for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
        add_table(out, others[i].name);
}

void firmware_part(struct text *out, const char *name, uint64_t at)
{
    unsigned char part[PART];
    char path[128];
    ssize_t n;
    int fd;

    path_of(name, path, sizeof path);
    fd = strchr(name, '/') ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : pread(fd, part, sizeof part, (off_t)at);
    if (fd >= 0)
        close(fd);
    if (n < 0) {
        text_fail(out, "there is no table %.32s", name);
        return;
    }
    text_add(out, " data=");
    for (ssize_t i = 0; i < n; i++)
        text_add(out, "%02x", part[i]);
}
