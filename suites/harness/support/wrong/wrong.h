/* SPDX-License-Identifier: Apache-2.0
 *
 * A stand-in for QEMU with defects on purpose. It starts the real QEMU as its child, with changed arguments,
 * and passes messages between the child's monitor and the rig.
 *
 * A file next to it has the rules that say what to change, see rules.c. It stays as the parent process, so
 * the program that runs the guest is the build's own QEMU, as in a build that really has these defects.
 */
#ifndef WRONG_H
#define WRONG_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

/* The id of commands that the stand-in itself sends to QEMU. Their answers are not passed to the rig. */
#define OWN_ID "\"id\": \"wrong\""

/* rules.c: what to change */
struct rule {
    char *when, *verb, *first, *second;
};
void rules_read(const char *file, char **argv);
const struct rule *rule_next(const struct rule *after, const char *verb);
const struct rule *rule_matching(const char *verb, const char *text);
char *replace_words(const char *verb, const char *text); /* the caller frees the result */
void rule_remove(const struct rule *rule);

/* line_reader.c: splits bytes into lines */
struct lines {
    int fd;
    bool objects; /* return JSON objects; ignore what is between two of them */
    char *held;
    size_t len;
};
bool lines_read(struct lines *in, void (*handle)(char *line)); /* false at end of file */
void write_line(int fd, const char *line);

/* monitor_proxy.c: returns when QEMU has closed its monitor and its output */
void proxy_monitor(pid_t qemu, int rig, int monitor, int output);

/* faults.c: faults of the running QEMU */
void inject_fault(pid_t qemu, int monitor, const struct rule *rule);

void *not_null(void *allocated);
void fail(const char *what) __attribute__((noreturn));

#endif
