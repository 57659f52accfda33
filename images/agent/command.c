/* SPDX-License-Identifier: Apache-2.0
 * Serves the second port: one request line, one answer line, one at a time. */
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool decimal(const char *s, uint64_t *value)
{
    char *end;

    if (!s || *s < '0' || *s > '9')
        return false;
    errno = 0;
    *value = strtoull(s, &end, 10);
    return !*end && !errno;
}

/* A request may end in " *<crc>", as answers do; then it must be right. */
static bool crc_right_or_absent(char *line)
{
    char *star = strrchr(line, '*');
    char want[5];

    if (!star || star == line || star[-1] != ' ')
        return true;
    snprintf(want, sizeof want, "%04x", crc16(line, (size_t)(star - 1 - line)));
    star[-1] = '\0';
    return !strcmp(star + 1, want);
}

static bool parse(char *line, struct request *r)
{
    char *word;

    *r = (struct request){0};
    for (const char *c = line; *c; c++)
        if (*c < ' ' || *c > '~')
            return false;
    if (!crc_right_or_absent(line) || !decimal(strsep(&line, " "), &r->id))
        return false;
    while ((word = strsep(&line, " ")))
        if (*word && !r->command)
            r->command = word;
        else if (*word && r->n_args < MAX_WORDS && strchr(word, '='))
            r->args[r->n_args++] = word;
        else if (*word)
            return false;
    return r->command != NULL;
}

static void send_answer(int port, uint64_t id, const struct text *body)
{
    static struct text line;

    text_start(&line);
    text_add(&line, "%llu %s%s%s", (unsigned long long)id, body->failed ? "error" : "ok",
             body->failed ? " " : "", body->buf);
    text_seal(&line);
    write_all(port, line.buf, line.len);
}

static void answer(int port, char *request)
{
    static struct text body;
    struct request r;

    text_start(&body);
    if (parse(request, &r)) {
        command_answer(&r, &body);
    } else {
        r.id = 0;
        text_fail(&body, "damaged request");
    }
    send_answer(port, r.id, &body);
    if (!body.failed && !strcmp(r.command, "poweroff")) {
        sleep_until_us(now_us() + 100000); /* the answer leaves the port first */
        power_off();
    }
}

void command_serve(int port)
{
    static char line[1024];
    size_t len = 0;
    bool too_long = false;

    for (;;) {
        char c;

        if (read(port, &c, 1) != 1) {
            sleep_until_us(now_us() + 10000);
        } else if (c != '\n') {
            too_long |= len == sizeof line - 1;
            if (!too_long)
                line[len++] = c;
        } else {
            line[too_long ? 0 : len] = '\0'; /* an empty request is damaged, and so is half of one */
            answer(port, line);
            len = 0;
            too_long = false;
        }
    }
}
