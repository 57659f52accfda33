/* SPDX-License-Identifier: Apache-2.0
 * The orders: a line each, of four parts that tabs separate.
 *
 *   when      the order counts only if some argument holds this; empty: always
 *   argument  OLD NEW     write NEW for the word OLD in every argument
 *   append    ARGUMENT    add an argument at the end
 *   says      OLD NEW     the same for all that QEMU says: its answers, events and output
 *   hears     OLD NEW     the same for the commands that it is given
 *   hides     TEXT        keep each answer or event that holds TEXT to oneself
 *   refuses   TEXT WHY    answer each command that holds TEXT with the error WHY
 *   told      TEXT HARM   at the first command that holds TEXT, do this harm (harm.c)
 *   saying    TEXT HARM   the same after the first answer or event that holds TEXT
 *   steps-aside           run the real program in its place, and be gone
 */
#include "wrong.h"

#include <ctype.h>
#include <string.h>

#define MOST 200

static struct order orders[MOST];
static size_t count;

static bool among(char **argv, const char *text)
{
    for (; *argv; argv++)
        if (strstr(*argv, text))
            return true;
    return false;
}

static char *part(char **rest)
{
    char *found = strsep(rest, "\t");

    return must(strdup(found ? found : ""));
}

void orders_read(const char *file, char **argv)
{
    FILE *stream = fopen(file, "re");
    char *line = NULL;
    size_t size = 0;

    if (!stream)
        fail(file);
    while (count < MOST && getline(&line, &size, stream) > 0) {
        struct order *order = &orders[count];
        char *rest = line;

        line[strcspn(line, "\n")] = 0;
        order->when = part(&rest);
        order->verb = part(&rest);
        order->first = part(&rest);
        order->second = part(&rest);
        count += among(argv, order->when);
    }
    free(line);
    fclose(stream);
}

const struct order *order_next(const struct order *after, const char *verb)
{
    for (const struct order *order = after ? after + 1 : orders; order < orders + count; order++)
        if (strcmp(order->verb, verb) == 0)
            return order;
    return NULL;
}

const struct order *order_about(const char *verb, const char *text)
{
    const struct order *order = NULL;

    while ((order = order_next(order, verb)))
        if (strstr(text, order->first))
            return order;
    return NULL;
}

void order_done(const struct order *order)
{
    orders[order - orders].verb[0] = 0;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* Does `word` stand at `at` in `text`, and not as a part of a longer word? */
static bool stands_at(const char *text, const char *at, const char *word)
{
    size_t len = strlen(word);

    if (len == 0 || strncmp(at, word, len) != 0)
        return false;
    if (in_word(word[0]) && at > text && in_word(at[-1]))
        return false;
    return !(in_word(word[len - 1]) && in_word(at[len]));
}

static const struct order *order_at(const char *verb, const char *text, const char *at)
{
    const struct order *order = NULL;

    while ((order = order_next(order, verb)))
        if (stands_at(text, at, order->first))
            return order;
    return NULL;
}

/* In one pass, so that two orders can exchange two words. */
char *reworded(const char *verb, const char *text)
{
    char *new = NULL;
    size_t size = 0;
    FILE *out = must(open_memstream(&new, &size));

    for (const char *at = text; *at;) {
        const struct order *order = order_at(verb, text, at);

        if (order) {
            fputs(order->second, out);
            at += strlen(order->first);
        } else {
            fputc(*at++, out);
        }
    }
    fclose(out);
    return must(new);
}
