/* SPDX-License-Identifier: Apache-2.0
 * An swtpm that has lost the files of its TPM whenever it starts: removes them and becomes the real one, which
 * is the file `.real` beside it. What a QEMU that receives a guest sends to it comes later, and is kept. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRECTORY "dir="

int main(int argc, char **argv)
{
    char path[4096], real[4104];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);

    if (size < 0)
        return 99;
    snprintf(real, sizeof real, "%.*s.real", (int)size, path);
    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], DIRECTORY, strlen(DIRECTORY))) {
            const char *directory = argv[i] + strlen(DIRECTORY);

            snprintf(path, sizeof path, "%.*s/tpm2-00.permall", (int)strcspn(directory, ","), directory);
            unlink(path);
        }
    execv(real, argv);
    return 98;
}
