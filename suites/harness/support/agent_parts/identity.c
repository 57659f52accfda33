/* SPDX-License-Identifier: Apache-2.0
 * Runs identity.c of the guest agent and prints its answer. Arguments: the architecture, and the directory with
 * what stands for /proc/cpuinfo, /proc/interrupts and the files below /sys, each under its last name. */
#include "agent.h"

#include <stdio.h>
#include <string.h>

struct config cfg;
static const char *directory;

bool read_text_file(const char *path, char *out, size_t size)
{
    char name[512];
    size_t n;
    FILE *file;

    snprintf(name, sizeof name, "%s%s", directory, strrchr(path, '/'));
    file = fopen(name, "r");
    if (!file)
        return false;
    n = fread(out, 1, size - 1, file);
    fclose(file);
    while (n > 0 && out[n - 1] == '\n')
        n--;
    out[n] = '\0';
    return true;
}

int main(int argc, char **argv)
{
    struct text answer;

    if (argc != 3)
        return 2;
    snprintf(cfg.arch, sizeof cfg.arch, "%s", argv[1]);
    directory = argv[2];
    text_start(&answer);
    identity_report(&answer);
    puts(answer.buf);
    return 0;
}
