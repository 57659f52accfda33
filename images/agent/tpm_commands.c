/* SPDX-License-Identifier: Apache-2.0
 * Commands of a TPM 2.0, as the TCG's "Trusted Platform Module Library", parts 2 and 3, defines them.
 * Numbers are big-endian. The device takes one command by write(2), which returns when the TPM has answered. */
#include "tpm.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum tag { NO_SESSIONS = 0x8001, SESSIONS = 0x8002 };
enum code {
    NV_DEFINE_SPACE = 0x12a, CREATE_PRIMARY = 0x131, NV_WRITE = 0x137, NV_READ = 0x14e, CREATE = 0x153,
    LOAD = 0x157, UNSEAL = 0x15e, FLUSH_CONTEXT = 0x165, START_AUTH_SESSION = 0x176, PCR_READ = 0x17e,
    POLICY_PCR = 0x17f, PCR_EXTEND = 0x182, POLICY_GET_DIGEST = 0x189,
};
enum handle { OWNER = 0x40000001, NOBODY = 0x40000007, PASSWORD = 0x40000009, INDEX = 0x01800068 };
enum algorithm { AES = 0x6, KEYED_HASH = 0x8, SHA256 = 0xb, NONE = 0x10, ECC = 0x23, CFB = 0x43, P256 = 0x3 };
enum session { POLICY = 1, TRIAL = 3 };
/* Of an index: read and written with its own, empty, password, which no lockout protects. */
#define INDEX_ATTRIBUTES 0x02060006u
/* A key of the TPM that protects others: fixed, restricted, decrypts, used with an empty password. */
#define STORAGE_KEY 0x00030472u
/* Sealed data: fixed, and used with its policy only. */
#define SEALED_DATA 0x00000412u
#define PCR 11u /* as systemd and BitLocker use for disks */
#define HEADER 10u

char tpm_failure[TPM_FAILURE];
static int device = -1;
static struct {
    unsigned char bytes[1024];
    size_t size;
} request, reply;

static void put_bytes(const void *data, size_t size)
{
    memcpy(request.bytes + request.size, data, size);
    request.size += size;
}

static void put16(uint16_t value)
{
    value = htobe16(value);
    put_bytes(&value, sizeof value);
}

static void put32(uint32_t value)
{
    value = htobe32(value);
    put_bytes(&value, sizeof value);
}

static void put_sized(const void *data, size_t size)
{
    put16((uint16_t)size);
    put_bytes(data, size);
}

static void put_empty(void)
{
    put16(0);
}

/* The PCR in the bank of SHA-256. */
static void put_selection(void)
{
    const unsigned char chosen[] = {3, PCR < 8 ? 1u << PCR : 0, PCR < 8 ? 0 : 1u << (PCR - 8), 0};

    put32(1);
    put16(SHA256);
    put_bytes(chosen, sizeof chosen);
}

static void begin(enum tag tag, enum code code)
{
    request.size = 0;
    put16(tag);
    put32(0); /* the size: see ask() */
    put32(code);
}

/* The command's only authorization: a password, which is empty, or a policy session. */
static void put_authorization(uint32_t session)
{
    const unsigned char attributes = 0;

    put32(9);
    put32(session);
    put_empty();
    put_bytes(&attributes, 1);
    put_empty();
}

/* A command that its handle's empty password authorizes. */
static void begin_with(enum code code, uint32_t handle)
{
    begin(SESSIONS, code);
    put32(handle);
    put_authorization(PASSWORD);
}

static uint32_t found32(size_t at)
{
    uint32_t value;

    memcpy(&value, reply.bytes + at, sizeof value);
    return be32toh(value);
}

static bool ask(const char *what)
{
    uint32_t size = htobe32((uint32_t)request.size);
    ssize_t got;

    memcpy(request.bytes + 2, &size, sizeof size);
    if (write(device, request.bytes, request.size) != (ssize_t)request.size) {
        snprintf(tpm_failure, sizeof tpm_failure, "%s: write: %s", what, strerror(errno));
        return false;
    }
    memset(&reply, 0, sizeof reply);
    got = read(device, reply.bytes, sizeof reply.bytes);
    if (got < (ssize_t)HEADER || found32(6)) {
        snprintf(tpm_failure, sizeof tpm_failure, "%s: %s 0x%x", what,
                 got < (ssize_t)HEADER ? "a short answer" : "the TPM answers", (unsigned)found32(6));
        return false;
    }
    reply.size = (size_t)got;
    return true;
}

/* What the reply has at `at`, after its size in two bytes. Returns the size; 0 if it is more than `most`. */
static size_t found_sized(size_t at, const unsigned char **data, size_t most)
{
    size_t size = (size_t)reply.bytes[at] << 8 | reply.bytes[at + 1];

    *data = reply.bytes + at + 2;
    return size <= most && at + 2 + size <= reply.size ? size : 0;
}

static bool take_digest(const char *what, size_t at, unsigned char *value)
{
    const unsigned char *data;

    if (found_sized(at, &data, TPM_DIGEST) != TPM_DIGEST) {
        snprintf(tpm_failure, sizeof tpm_failure, "%s: not %u bytes", what, TPM_DIGEST);
        return false;
    }
    memcpy(value, data, TPM_DIGEST);
    return true;
}

bool tpm_open(void)
{
    if (device < 0)
        device = open("/dev/tpm0", O_RDWR | O_CLOEXEC);
    if (device < 0)
        snprintf(tpm_failure, sizeof tpm_failure, "open /dev/tpm0: %s", strerror(errno));
    return device >= 0;
}

bool tpm_extend(const unsigned char *digest)
{
    begin_with(PCR_EXTEND, PCR);
    put32(1);
    put16(SHA256);
    put_bytes(digest, TPM_DIGEST);
    return ask("PCR_Extend");
}

bool tpm_read_pcr(unsigned char *value)
{
    begin(NO_SESSIONS, PCR_READ);
    put_selection();
    /* Update counter, selection, number of digests. */
    return ask("PCR_Read") && take_digest("PCR_Read", HEADER + 4 + 10 + 4, value);
}

bool tpm_define_index(void)
{
    begin_with(NV_DEFINE_SPACE, OWNER);
    put_empty();
    put16(14);
    put32(INDEX);
    put16(SHA256);
    put32(INDEX_ATTRIBUTES);
    put_empty();
    put16(TPM_DIGEST);
    return ask("NV_DefineSpace");
}

static void begin_on_index(enum code code)
{
    begin(SESSIONS, code);
    put32(INDEX);
    put32(INDEX);
    put_authorization(PASSWORD);
}

bool tpm_write_index(const unsigned char *data)
{
    begin_on_index(NV_WRITE);
    put_sized(data, TPM_DIGEST);
    put16(0);
    return ask("NV_Write");
}

bool tpm_read_index(unsigned char *data)
{
    begin_on_index(NV_READ);
    put16(TPM_DIGEST);
    put16(0);
    return ask("NV_Read") && take_digest("NV_Read", HEADER + 4, data);
}

bool tpm_create_primary(uint32_t *handle)
{
    begin_with(CREATE_PRIMARY, OWNER);
    put16(4); /* no password, no data */
    put_empty();
    put_empty();
    put16(26);
    put16(ECC);
    put16(SHA256);
    put32(STORAGE_KEY);
    put_empty(); /* policy */
    put16(AES);
    put16(128);
    put16(CFB);
    put16(NONE);
    put16(P256);
    put16(NONE);
    put_empty();
    put_empty();
    put_empty(); /* nothing from outside, no PCRs at creation */
    put32(0);
    if (!ask("CreatePrimary"))
        return false;
    *handle = found32(HEADER);
    return true;
}

static bool start_session(enum session kind, uint32_t *handle)
{
    static const unsigned char nonce[16];

    begin(NO_SESSIONS, START_AUTH_SESSION);
    put32(NOBODY);
    put32(NOBODY);
    put_sized(nonce, sizeof nonce);
    put_empty();
    put_bytes(&(unsigned char){kind}, 1);
    put16(NONE);
    put16(SHA256);
    if (!ask("StartAuthSession"))
        return false;
    *handle = found32(HEADER);
    begin(NO_SESSIONS, POLICY_PCR);
    put32(*handle);
    put_empty();
    put_selection();
    return ask("PolicyPCR");
}

static bool policy_of_now(unsigned char *digest)
{
    uint32_t trial;

    if (!start_session(TRIAL, &trial))
        return false;
    begin(NO_SESSIONS, POLICY_GET_DIGEST);
    put32(trial);
    return ask("PolicyGetDigest") && take_digest("PolicyGetDigest", HEADER, digest) && tpm_forget(trial);
}

bool tpm_seal(uint32_t parent, const unsigned char *secret, struct tpm_sealed *sealed)
{
    const unsigned char *private_part, *public_part;
    unsigned char policy[TPM_DIGEST];

    if (!policy_of_now(policy))
        return false;
    begin_with(CREATE, parent);
    put16(4 + TPM_DIGEST);
    put_empty();
    put_sized(secret, TPM_DIGEST);
    put16(14 + TPM_DIGEST);
    put16(KEYED_HASH);
    put16(SHA256);
    put32(SEALED_DATA);
    put_sized(policy, TPM_DIGEST);
    put16(NONE);
    put_empty();
    put_empty();
    put32(0);
    if (!ask("Create"))
        return false;
    sealed->private_size = found_sized(HEADER + 4, &private_part, TPM_BLOB);
    sealed->public_size = found_sized(HEADER + 4 + 2 + sealed->private_size, &public_part, TPM_BLOB);
    memcpy(sealed->private_part, private_part, sealed->private_size);
    memcpy(sealed->public_part, public_part, sealed->public_size);
    return true;
}

bool tpm_load(uint32_t parent, const struct tpm_sealed *sealed, uint32_t *handle)
{
    begin_with(LOAD, parent);
    put_sized(sealed->private_part, sealed->private_size);
    put_sized(sealed->public_part, sealed->public_size);
    if (!ask("Load"))
        return false;
    *handle = found32(HEADER);
    return true;
}

bool tpm_unseal(uint32_t handle, unsigned char *secret)
{
    uint32_t session;

    if (!start_session(POLICY, &session))
        return false;
    begin(SESSIONS, UNSEAL);
    put32(handle);
    put_authorization(session);
    return ask("Unseal") && take_digest("Unseal", HEADER + 4, secret);
}

bool tpm_forget(uint32_t handle)
{
    begin(NO_SESSIONS, FLUSH_CONTEXT);
    put32(handle);
    return ask("FlushContext");
}
