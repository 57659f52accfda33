/* SPDX-License-Identifier: Apache-2.0
 * Passes lines between QEMU and the rig, applies the rules to them, and injects faults. */
#include "wrong.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct lines from_rig, from_monitor, from_output;
static pid_t child;

static const char *last_of(const char *text, const char *word)
{
    const char *last = NULL;

    for (const char *at = text; (at = strstr(at, word)); at++)
        last = at;
    return last;
}

/* The member `, "id": …` that the answer to this command must repeat; empty if the command has no id.
 * The rig writes it last, after the arguments, which may have an `id` too. */
static char *id_of(const char *command)
{
    const char *key = last_of(command, "\"id\""), *begin = key ? strchr(key + strlen("\"id\""), '"') : NULL;
    const char *end = begin ? strchr(begin + 1, '"') : NULL;
    char *member = NULL;

    if (!end)
        return not_null(strdup(""));
    if (asprintf(&member, ", \"id\": %.*s", (int)(end + 1 - begin), begin) < 0)
        fail("asprintf");
    return member;
}

static void refuse(const char *command, const char *why)
{
    char *id = id_of(command), *answer = NULL;

    if (asprintf(&answer, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"%s\"}%s}", why, id) < 0)
        fail("asprintf");
    write_line(from_rig.fd, answer);
    free(answer);
    free(id);
}

static void handle_command(char *line)
{
    const struct rule *refusal = rule_matching("refuse-command", line);
    const struct rule *rule = rule_matching("on-command", line);
    char *changed;

    if (refusal) {
        refuse(line, refusal->second);
        return;
    }
    changed = replace_words("replace-in-command", line);
    write_line(from_monitor.fd, changed);
    free(changed);
    if (rule)
        inject_fault(child, from_monitor.fd, rule);
}

static void handle_message(char *line)
{
    const struct rule *rule = rule_matching("on-message", line);
    char *changed = replace_words("replace-in-output", line);

    if (!strstr(line, OWN_ID) && !rule_matching("drop-message", line))
        write_line(from_rig.fd, changed);
    free(changed);
    if (rule)
        inject_fault(child, from_monitor.fd, rule);
}

static void handle_output(char *line)
{
    char *changed = replace_words("replace-in-output", line);

    puts(changed);
    fflush(stdout);
    free(changed);
}

/* False once the peer has closed its end. */
static bool serve(struct pollfd *ready, struct lines *in, void (*handle)(char *line))
{
    if (!(ready->revents & (POLLIN | POLLHUP | POLLERR)) || lines_read(in, handle))
        return true;
    ready->fd = -1;
    return false;
}

void proxy_monitor(pid_t qemu, int rig, int monitor, int output)
{
    struct pollfd ready[] = {{rig, POLLIN, 0}, {monitor, POLLIN, 0}, {output, POLLIN, 0}};

    child = qemu;
    from_rig = (struct lines){.fd = rig, .objects = true};
    from_monitor.fd = monitor;
    from_output.fd = output;
    while (ready[1].fd >= 0 || ready[2].fd >= 0) {
        if (poll(ready, 3, -1) < 0)
            continue;
        if (!serve(&ready[0], &from_rig, handle_command))
            shutdown(monitor, SHUT_WR);
        if (!serve(&ready[1], &from_monitor, handle_message))
            shutdown(rig, SHUT_RDWR);
        serve(&ready[2], &from_output, handle_output);
    }
}
