/* SPDX-License-Identifier: Apache-2.0
 * Keeps a value in a PCR, one in an NV index, and a secret that is sealed to the PCR; then reads the PCR
 * without a pause, so that a command is on its way whenever the guest is moved. At the end it looks at what
 * is left of each.
 *
 * A thread of its own talks to the TPM, so that an answer that never comes cannot block a command of the
 * host. */
#include "tpm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define JOB_US 30000000u
#define AFTER_FAILURE_US 10000u

enum job { BEGIN, LOOK };
static _Atomic uint32_t ready;
static _Atomic bool ending;
static bool exists;
static _Atomic uint64_t n_sent, n_answered, n_failed, longest_us;
static char first_failure[TPM_FAILURE];
static uint32_t primary, loaded;
static struct tpm_sealed sealed;
static const unsigned char measured[TPM_DIGEST + 1] = "hotpatch: measured into the PCR.";
static const unsigned char kept[TPM_DIGEST + 1] = "hotpatch: kept in the NV index..";
static const unsigned char secret[TPM_DIGEST + 1] = "hotpatch: the sealed secret.....";
/* What a look found: 32 bytes, or why there are none. */
static struct found {
    const char *name;
    unsigned char value[TPM_DIGEST];
    char failure[TPM_FAILURE];
} found[] = {{.name = "pcr"}, {.name = "index"}, {.name = "loaded"}, {.name = "sealed"}};
enum { IN_PCR, IN_INDEX, LOADED, SEALED, FOUND };

static void note(unsigned which, bool held)
{
    snprintf(found[which].failure, TPM_FAILURE, "%s", held ? "" : tpm_failure);
}

/* The sealed secret as at the next boot: its key is made anew from the owner's seed. */
static bool unseal_anew(unsigned char *value)
{
    return tpm_forget(loaded) && tpm_forget(primary) && tpm_create_primary(&primary)
           && tpm_load(primary, &sealed, &loaded) && tpm_unseal(loaded, value);
}

/* Opens the TPM too: of a guest that was started anew, this is the first use. */
static void look(void)
{
    bool opened = tpm_open();

    note(IN_PCR, opened && tpm_read_pcr(found[IN_PCR].value));
    note(IN_INDEX, opened && tpm_read_index(found[IN_INDEX].value));
    note(LOADED, opened && tpm_unseal(loaded, found[LOADED].value));
    note(SEALED, opened && unseal_anew(found[SEALED].value));
}

static bool keep(void)
{
    return tpm_open() && tpm_extend(measured) && tpm_define_index() && tpm_write_index(kept)
           && tpm_create_primary(&primary) && tpm_seal(primary, secret, &sealed)
           && tpm_load(primary, &sealed, &loaded);
}

static void use(void)
{
    unsigned char value[TPM_DIGEST];

    while (!atomic_load(&ending)) {
        uint64_t begun = now_us(), took;
        bool answered;

        atomic_fetch_add(&n_sent, 1);
        answered = tpm_read_pcr(value);
        took = now_us() - begun;
        if (took > atomic_load(&longest_us))
            atomic_store(&longest_us, took);
        if (!answered) {
            if (!atomic_load(&n_failed))
                memcpy(first_failure, tpm_failure, sizeof first_failure);
            atomic_fetch_add(&n_failed, 1);
            sleep_until_us(now_us() + AFTER_FAILURE_US);
        }
        atomic_fetch_add(&n_answered, 1);
    }
}

static void begin(void)
{
    bool held = keep();

    if (held) {
        look();
    } else {
        memcpy(first_failure, tpm_failure, sizeof first_failure);
        atomic_fetch_add(&n_failed, 1);
    }
    atomic_store(&ready, 1);
    futex_wake(&ready);
    if (held)
        use();
}

static void run(unsigned job)
{
    if (job == BEGIN)
        begin();
    else
        look();
}

static struct jobs jobs = {.run = run};

static void report_found(struct text *out)
{
    for (unsigned which = 0; which < FOUND; which++) {
        text_add(out, " %s=", found[which].name);
        if (*found[which].failure)
            text_quote(out, found[which].failure);
        else
            for (unsigned i = 0; i < TPM_DIGEST; i++)
                text_add(out, "%02x", found[which].value[i]);
    }
}

void tpm_begin(struct text *out)
{
    uint64_t deadline = now_us() + stretched_us(JOB_US);

    if (!exists || atomic_load(&jobs.posted)) {
        text_fail(out, exists ? "the TPM is in use already" : "this guest has no TPM");
        return;
    }
    jobs_post(&jobs, BEGIN);
    while (!atomic_load(&ready) && now_us() < deadline)
        futex_wait_us(&ready, 0, deadline);
    if (!atomic_load(&ready) || atomic_load(&n_failed))
        text_fail(out, "%s", atomic_load(&n_failed) ? first_failure : "the TPM does not answer");
    else
        report_found(out);
}

void tpm_report(struct text *out)
{
    uint64_t answered = atomic_load(&n_answered); /* first: a command is counted as sent before that */

    text_add(out, " sent=%llu answered=%llu failed=%llu longest_us=%llu first=",
             (unsigned long long)atomic_load(&n_sent), (unsigned long long)answered,
             (unsigned long long)atomic_load(&n_failed), (unsigned long long)atomic_load(&longest_us));
    text_quote(out, atomic_load(&n_failed) ? first_failure : "none");
}

void tpm_end(struct text *out)
{
    atomic_store(&ending, true);
    jobs_finished(&jobs, JOB_US, NULL);
    tpm_report(out);
}

void tpm_look(struct text *out)
{
    if (!exists) { /* there is no thread, and nothing that could block */
        look();
        report_found(out);
        return;
    }
    if (!jobs_at_rest(&jobs)) {
        text_fail(out, "the TPM has not answered a command");
        return;
    }
    jobs_post(&jobs, LOOK);
    if (!jobs_finished(&jobs, JOB_US, NULL)) {
        text_fail(out, "the TPM does not answer");
        return;
    }
    report_found(out);
}

/* No thread without a TPM: a vCPU of an idle guest that does not beat is to run one thread only. */
void tpm_start(void)
{
    if (access("/dev/tpm0", F_OK) == 0) {
        exists = true;
        jobs_start(&jobs);
    }
}
