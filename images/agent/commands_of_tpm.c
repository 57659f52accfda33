/* SPDX-License-Identifier: Apache-2.0
 * What the commands do that are about the TPM. */
#include "commands.h"
#include "tpm.h"

static void do_tpm_begin(const struct request *r, struct text *out)
{
    (void)r;
    tpm_begin(out);
}

static void do_tpm_state(const struct request *r, struct text *out)
{
    (void)r;
    tpm_report(out);
}

static void do_tpm_end(const struct request *r, struct text *out)
{
    (void)r;
    tpm_end(out);
}

static void do_tpm_look(const struct request *r, struct text *out)
{
    (void)r;
    tpm_look(out);
}

const struct command commands_of_tpm[] = {
    {"tpm-begin", do_tpm_begin},
    {"tpm-state", do_tpm_state},
    {"tpm-end", do_tpm_end},
    {"tpm-look", do_tpm_look},
    {0},
};
