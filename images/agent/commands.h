/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests of the second port, and the commands that serve them.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "agent.h"

#define MAX_WORDS 8
struct request {
    uint64_t id;
    const char *command;
    char *args[MAX_WORDS];
    unsigned n_args;
};
/* request.c: the arguments of a request */
const char *request_arg(const struct request *r, const char *key);
bool request_need(const struct request *r, struct text *out, const char *key, uint64_t *value);
void request_inject_on_vcpu(const struct request *r, struct text *out, bool (*inject)(unsigned cpu));

struct command {
    const char *name;
    void (*serve)(const struct request *r, struct text *out);
};
/* commands_of_*.c: the commands of one subject; a command without a name ends each list */
extern const struct command commands_of_memory[], commands_of_devices[], commands_of_vcpus[],
    commands_of_time[], commands_of_disks[], commands_of_tpm[], commands_of_cdroms[];
/* commands.c: finds the command that serves a request */
void commands_run(const struct request *r, struct text *out);
/* command_port.c: reads requests and sends answers */
void command_port_serve(int port) __attribute__((noreturn));

#endif
