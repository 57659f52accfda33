/* SPDX-License-Identifier: Apache-2.0
 *
 * A QEMU that is wrong on purpose: it stands in for the real one, which it starts as its child with other
 * arguments, and sits between that one's monitor and whoever talks to it.
 *
 * What it does wrong is in a file beside it, see orders.c. It stays as the parent, so that the program that
 * runs is the build's own, as it is with a QEMU that does these things by itself.
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

/* What is said to QEMU in the wrapper's own name; nobody else hears the answer. */
#define OWN_ID "\"id\": \"wrong\""

/* orders.c: what is to be done wrong */
struct order {
    char *when, *verb, *first, *second;
};
void orders_read(const char *file, char **argv);
const struct order *order_next(const struct order *after, const char *verb);
const struct order *order_about(const char *verb, const char *text);
char *reworded(const char *verb, const char *text); /* to be freed */
void order_done(const struct order *order);

/* lines.c: bytes into lines */
struct lines {
    int fd;
    bool objects; /* a line is a JSON object, whatever stands between two of them */
    char *held;
    size_t len;
};
bool lines_read(struct lines *in, void (*take)(char *line)); /* false at the end */
void write_line(int fd, const char *line);

/* relay.c: between QEMU and the rig until QEMU has closed all */
void relay(pid_t qemu, int rig, int monitor, int output);

/* harm.c: what is done to the running QEMU */
void harm(pid_t qemu, int monitor, const struct order *order);

void *must(void *allocated);
void fail(const char *what) __attribute__((noreturn));

#endif
