/* SPDX-License-Identifier: Apache-2.0
 * Loaded into the real QEMU that receives a guest: does something wrong with what QEMU sends to the swtpm of the
 * guest's TPM, as the environment variable WRONG says:
 *
 *   pcr           the TPM's state has another value of the PCR that the guest agent has extended
 *   index         it has other content of the agent's NV index (images/agent/tpm.c)
 *   secret        it has another secret in the sealed object that the agent has loaded
 *   not-volatile  the volatile state is not loaded, as if the TPM had just been switched on
 *   never-ends    a command of the guest is not sent, so that it is never answered
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <endian.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* swtpm's control channel (tpm_ioctl.h): the command that gives it a part of the state, and the parts. */
#define SET_STATEBLOB 13u
#define AT_PART 8
#define HEADER 16
#define VOLATILE 2u
#define SAVED 3u
/* A command of the guest: the tag of one without sessions. */
#define NO_SESSIONS 0x8001u
#define FIRST 100u

/* SHA-256 of 32 zeros and what the agent extends the PCR with. */
static const unsigned char pcr[] = "\xed\x09\xe1\x3b\xcd\x2c\x88\x41\x32\xba\x4f\x98\x03\x8b\x70\x20";
static const unsigned char kept[] = "hotpatch: kept i";
static const unsigned char secret[] = "hotpatch: the se";
static const char *wrong = "";
static _Atomic unsigned commands;

__attribute__((constructor)) static void begin(void)
{
    char line[65536];
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = read(fd, line, sizeof line);

    close(fd);
    if (getenv("WRONG") && got > 0 && memmem(line, (size_t)got, "-incoming", sizeof "-incoming"))
        wrong = getenv("WRONG");
}

static bool is(const char *what)
{
    return strcmp(wrong, what) == 0;
}

static void damage(struct iovec *part, const unsigned char *content)
{
    unsigned char *at = part->iov_base;

    while ((at = memmem(at, (size_t)((unsigned char *)part->iov_base + part->iov_len - at), content, 16)))
        *at++ ^= 1;
}

static void other_part(struct iovec *part)
{
    uint32_t words[HEADER / 4];

    if (part->iov_len != HEADER)
        return;
    memcpy(words, part->iov_base, sizeof words);
    if (be32toh(words[0]) == SET_STATEBLOB && be32toh(words[AT_PART / 4]) == VOLATILE) {
        words[AT_PART / 4] = htobe32(SAVED);
        memcpy(part->iov_base, words, sizeof words);
    }
}

static bool is_command(const struct iovec *part)
{
    const unsigned char *bytes = part->iov_base;

    return part->iov_len > 10 && (bytes[0] << 8 | bytes[1]) == NO_SESSIONS;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    ssize_t (*real)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");

    for (size_t i = 0; *wrong && i < message->msg_iovlen; i++) {
        struct iovec *part = message->msg_iov + i;

        if (is("pcr"))
            damage(part, pcr);
        else if (is("index"))
            damage(part, kept);
        else if (is("secret"))
            damage(part, secret);
        else if (is("not-volatile"))
            other_part(part);
        else if (is("never-ends") && is_command(part) && atomic_fetch_add(&commands, 1) >= FIRST)
            return (ssize_t)part->iov_len;
    }
    return real(fd, message, flags);
}
