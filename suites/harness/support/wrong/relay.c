/* SPDX-License-Identifier: Apache-2.0
 * Between QEMU and the rig: passes each line on, reworded, and does harm at the lines that call for it. */
#include "wrong.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct lines from_rig, from_monitor, from_output;
static pid_t child;

/* A command's id as its answer repeats it, with a comma before it; empty if it has none. */
static char *id_of(const char *command)
{
    const char *key = strstr(command, "\"id\""), *begin = key ? strchr(key + strlen("\"id\""), '"') : NULL;
    const char *end = begin ? strchr(begin + 1, '"') : NULL;
    char *told = NULL;

    if (!end)
        return must(strdup(""));
    if (asprintf(&told, ", \"id\": %.*s", (int)(end + 1 - begin), begin) < 0)
        fail("asprintf");
    return told;
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

static void take_command(char *line)
{
    const struct order *refusal = order_about("refuses", line), *order = order_about("told", line);
    char *heard;

    if (refusal) {
        refuse(line, refusal->second);
        return;
    }
    heard = reworded("hears", line);
    write_line(from_monitor.fd, heard);
    free(heard);
    if (order)
        harm(child, from_monitor.fd, order);
}

static void take_answer(char *line)
{
    const struct order *order = order_about("saying", line);
    char *said = reworded("says", line);

    if (!strstr(line, OWN_ID) && !order_about("hides", line))
        write_line(from_rig.fd, said);
    free(said);
    if (order)
        harm(child, from_monitor.fd, order);
}

static void take_output(char *line)
{
    char *said = reworded("says", line);

    puts(said);
    fflush(stdout);
    free(said);
}

/* False once this one is done with. */
static bool serve(struct pollfd *ready, struct lines *in, void (*take)(char *line))
{
    if (!(ready->revents & (POLLIN | POLLHUP | POLLERR)) || lines_read(in, take))
        return true;
    ready->fd = -1;
    return false;
}

void relay(pid_t qemu, int rig, int monitor, int output)
{
    struct pollfd ready[] = {{rig, POLLIN, 0}, {monitor, POLLIN, 0}, {output, POLLIN, 0}};

    child = qemu;
    from_rig = (struct lines){.fd = rig, .objects = true};
    from_monitor.fd = monitor;
    from_output.fd = output;
    while (ready[1].fd >= 0 || ready[2].fd >= 0) {
        if (poll(ready, 3, -1) < 0)
            continue;
        if (!serve(&ready[0], &from_rig, take_command))
            shutdown(monitor, SHUT_WR);
        if (!serve(&ready[1], &from_monitor, take_answer))
            shutdown(rig, SHUT_RDWR);
        serve(&ready[2], &from_output, take_output);
    }
}
