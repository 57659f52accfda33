/* SPDX-License-Identifier: Apache-2.0
 * The length of each ACPI table that the firmware gave this guest. The suite compares builds by it. */
#include "agent.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#define TABLES "/sys/firmware/acpi/tables"

/* Adds nothing in a guest without ACPI. */
void acpi_report(struct text *out)
{
    DIR *dir = opendir(TABLES);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char path[300];
        struct stat table;

        snprintf(path, sizeof path, TABLES "/%.255s", entry->d_name);
        if (stat(path, &table) == 0 && S_ISREG(table.st_mode))
            text_add(out, " %.32s=%llu", entry->d_name, (unsigned long long)table.st_size);
    }
    if (dir)
        closedir(dir);
}
