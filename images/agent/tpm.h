/* SPDX-License-Identifier: Apache-2.0
 *
 * The TPM 2.0 of the guest: raw commands to /dev/tpm0, and what the agent keeps in the TPM over a move.
 */
#ifndef TPM_H
#define TPM_H

#include "agent.h"

#define TPM_DIGEST 32u /* bytes of a SHA-256, and of everything else that the agent keeps in the TPM */
#define TPM_BLOB 256u
#define TPM_FAILURE 120
struct tpm_sealed {
    unsigned char private_part[TPM_BLOB], public_part[TPM_BLOB];
    size_t private_size, public_size;
};

/* tpm_commands.c: each sends commands and waits for their answers; false if one fails: see tpm_failure */
extern char tpm_failure[TPM_FAILURE]; /* of the latest one that failed */
bool tpm_open(void);
bool tpm_extend(const unsigned char *digest); /* the PCR that disk encryption and the agent use */
bool tpm_read_pcr(unsigned char *value);
bool tpm_define_index(void); /* an NV index of TPM_DIGEST bytes */
bool tpm_write_index(const unsigned char *data);
bool tpm_read_index(unsigned char *data);
bool tpm_create_primary(uint32_t *handle); /* the same key each time, made from the owner's seed */
/* `secret` can be read only by a program that proves the value that the PCR has now. */
bool tpm_seal(uint32_t parent, const unsigned char *secret, struct tpm_sealed *sealed);
bool tpm_load(uint32_t parent, const struct tpm_sealed *sealed, uint32_t *handle);
bool tpm_unseal(uint32_t handle, unsigned char *secret);
bool tpm_forget(uint32_t handle);

/* tpm.c: keeps something in the TPM, sends it commands without a pause, and looks at what it has */
void tpm_start(void); /* before any command: creates the thread */
void tpm_begin(struct text *out);
void tpm_report(struct text *out);
void tpm_end(struct text *out);
void tpm_look(struct text *out);

#endif
