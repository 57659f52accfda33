/* SPDX-License-Identifier: Apache-2.0
 * Serves the second port: reads one request line, sends one answer line, then reads the next. */
#include "commands.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* A request may end in " *<crc>", as answers do. If it does, the checksum must match. */
static bool crc_matches_or_is_absent(char *line)
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
    if (!crc_matches_or_is_absent(line) || !text_to_number(strsep(&line, " "), &r->id))
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

/* What ends or stops the guest is done once the command was answered. */
static const struct {
    const char *command;
    void (*act)(void);
} afterwards[] = {{"poweroff", power_off}, {"restart", restart}, {"panic", crash}, {"suspend", suspend}};

static void answer(int port, char *request)
{
    static struct text body;
    struct request r;

    text_start(&body);
    if (parse(request, &r)) {
        commands_run(&r, &body);
    } else {
        r.id = 0;
        text_fail(&body, "damaged request");
    }
    send_answer(port, r.id, &body);
    for (unsigned i = 0; !body.failed && i < sizeof afterwards / sizeof *afterwards; i++) {
        if (strcmp(r.command, afterwards[i].command) != 0)
            continue;
        tcdrain(port); /* Not every port waits until an answer has left it. */
        sleep_until_us(now_us() + stretched_us(100000));
        afterwards[i].act();
    }
}

void command_port_serve(int port)
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
            line[too_long ? 0 : len] = '\0'; /* too long: answered as damaged */
            answer(port, line);
            len = 0;
            too_long = false;
        }
    }
}
