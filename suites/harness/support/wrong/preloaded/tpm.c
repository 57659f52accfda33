/* SPDX-License-Identifier: Apache-2.0
 * Loaded into the real QEMU that receives a guest: does something wrong with what QEMU sends to the swtpm of
 * the guest's TPM, as the environment variable WRONG says:
 *
 *   index       the TPM's state has other content of the agent's NV index (images/agent/tpm.c)
 *   pcr         another command comes before those of the guest: it extends the agent's PCR
 *   loaded      one that removes the object which the agent has loaded
 *   owner       one that changes the owner's password
 *   damages     from the 100th on, commands of the guest arrive damaged
 *   never-ends  the 100th is not sent, so that it is never answered
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "receives.h"

/* A command of the guest: the tag of one without sessions, and where its code ends. */
#define NO_SESSIONS 0x8001u
#define CODE_END 9
#define FIRST 100u

static const unsigned char kept[] = "hotpatch: kept i";
static const struct {
    const char *wrong;
    unsigned char bytes[80];
    size_t size;
} injected[] = {
    /* PCR_Extend of PCR 11, SHA-256, with zeros */
    {"pcr", "\x80\x02\0\0\0\x41\0\0\x01\x82\0\0\0\x0b\0\0\0\x09\x40\0\0\x09\0\0\0\0\0\0\0\0\x01\0\x0b", 0x41},
    /* FlushContext of the second object */
    {"loaded", "\x80\x01\0\0\0\x0e\0\0\x01\x65\x80\0\0\x01", 0x0e},
    /* HierarchyChangeAuth of the owner: one byte */
    {"owner", "\x80\x02\0\0\0\x1e\0\0\x01\x29\x40\0\0\x01\0\0\0\x09\x40\0\0\x09\0\0\0\0\0\0\x01x", 0x1e},
};
static _Atomic unsigned commands;

static void damage(struct iovec *part, const unsigned char *content)
{
    unsigned char *at = part->iov_base;

    while ((at = memmem(at, (size_t)((unsigned char *)part->iov_base + part->iov_len - at), content, 16)))
        *at++ ^= 1;
}

static void inject(int fd)
{
    unsigned char answer[256];

    for (size_t i = 0; i < sizeof injected / sizeof *injected; i++)
        if (is(injected[i].wrong) && send(fd, injected[i].bytes, injected[i].size, 0) > 0)
            (void)!recv(fd, answer, sizeof answer, 0);
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
        unsigned number;

        if (is("index"))
            damage(part, kept);
        if (!is_command(part))
            continue;
        number = atomic_fetch_add(&commands, 1);
        if (number == 0)
            inject(fd);
        if (is("damages") && number >= FIRST)
            ((unsigned char *)part->iov_base)[CODE_END] = 0;
        if (is("never-ends") && number == FIRST)
            return (ssize_t)part->iov_len;
    }
    return real(fd, message, flags);
}
