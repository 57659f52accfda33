/* SPDX-License-Identifier: Apache-2.0
 * The arguments of a request. */
#include "commands.h"

#include <string.h>

/* The value of `key=`, or NULL if the request has no such argument. */
const char *request_arg(const struct request *r, const char *key)
{
    size_t len = strlen(key);

    for (unsigned i = 0; i < r->n_args; i++)
        if (!strncmp(r->args[i], key, len) && r->args[i][len] == '=')
            return r->args[i] + len + 1;
    return NULL;
}

/* Reads a required number; the answer is an error if it is missing. */
bool request_need(const struct request *r, struct text *out, const char *key, uint64_t *value)
{
    if (text_to_number(request_arg(r, key), value))
        return true;
    text_fail(out, "%s needs %s=<decimal>", r->command, key);
    return false;
}

void request_inject_on_vcpu(const struct request *r, struct text *out, bool (*inject)(unsigned cpu))
{
    uint64_t cpu;

    if (request_need(r, out, "vcpu", &cpu) && (cpu >= cfg.cpus || !inject((unsigned)cpu)))
        text_fail(out, "there is no vcpu %llu", (unsigned long long)cpu);
}
