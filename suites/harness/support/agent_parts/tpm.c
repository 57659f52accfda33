/* SPDX-License-Identifier: Apache-2.0
 * Runs what the guest agent does with a TPM, over a made-up one that remembers nothing but a PCR, and prints
 * its answers. Arguments: what to do, one after another. The TPM, from then on: `refuse` answers each command
 * with an error, `silent` never answers, `long` says that its answers have more content than they have, and
 * `reset` has another value in the PCR. Only as the first argument: `none` for a guest without a TPM. */
#include "tpm.h"

#define STRETCH / 30 /* so that a test of silence ends soon */
#include "threads.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TPM 77
#define TRY_US 1000
#define MOST_TRIES 10000

struct config cfg;
static _Atomic bool refusing, silent, waits, exaggerating;
static bool none;
static _Atomic unsigned char pcr = 0x5a;
static unsigned char answer[256];
static size_t answer_size;

int access(const char *path, int mode)
{
    (void)mode;
    return none || strcmp(path, "/dev/tpm0");
}

int open(const char *path, int flags, ...)
{
    (void)flags;
    errno = ENOENT;
    return none || strcmp(path, "/dev/tpm0") ? -1 : TPM;
}

static void add(const void *data, size_t size)
{
    memcpy(answer + answer_size, data, size);
    answer_size += size;
}

static void add_sized(unsigned char content, unsigned char size)
{
    const unsigned char sizes[] = {exaggerating ? 0x7f : 0, size};
    unsigned char data[TPM_DIGEST];

    memset(data, content, sizeof data);
    add(sizes, sizeof sizes);
    add(data, size);
}

ssize_t write(int fd, const void *data, size_t size)
{
    static const unsigned char header[10], parameters[4], selected[18], handle[] = {0x80, 0, 0, 0};
    const unsigned char *command = data;

    if (fd != TPM)
        abort();
    while (silent) {
        waits = true;
        pause();
    }
    answer_size = 0;
    add(header, sizeof header);
    switch (command[8] << 8 | command[9]) {
    case 0x17e: /* PCR_Read */
        add(selected, sizeof selected);
        add_sized(pcr, TPM_DIGEST);
        break;
    case 0x14e: /* NV_Read */
    case 0x15e: /* Unseal */
        add(parameters, sizeof parameters);
        add_sized(0x11, TPM_DIGEST);
        break;
    case 0x189: /* PolicyGetDigest */
        add_sized(0x22, TPM_DIGEST);
        break;
    case 0x153: /* Create */
        add(parameters, sizeof parameters);
        add_sized(0x33, 4);
        add_sized(0x44, 4);
        break;
    default:
        add(handle, sizeof handle);
    }
    answer[8] = refusing;
    return (ssize_t)size;
}

ssize_t read(int fd, void *data, size_t size)
{
    if (fd != TPM || size < answer_size)
        abort();
    memcpy(data, answer, answer_size);
    return (ssize_t)answer_size;
}

static void print(void (*command)(struct text *out))
{
    struct text out;

    text_start(&out);
    command(&out);
    puts(out.buf);
}

int main(int argc, char **argv)
{
    none = argc > 1 && !strcmp(argv[1], "none");
    tpm_start();
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "begin"))
            print(tpm_begin);
        else if (!strcmp(argv[i], "end"))
            print(tpm_end);
        else if (!strcmp(argv[i], "look"))
            print(tpm_look);
        else if (!strcmp(argv[i], "silent")) {
            silent = true;
            for (int tries = 0; !waits && tries < MOST_TRIES; tries++)
                usleep(TRY_US); /* until a command was sent: on a busy machine none may come before `end` */
        } else if (!strcmp(argv[i], "long"))
            exaggerating = true;
        else if (!strcmp(argv[i], "refuse"))
            refusing = true;
        else if (!strcmp(argv[i], "reset"))
            pcr = 0;
        usleep(20000); /* commands are sent meanwhile */
    }
    return 0;
}
