/* SPDX-License-Identifier: Apache-2.0
 * Bytes as they come in, given on as lines, or as JSON objects where whoever talks ends no lines. */
#include "wrong.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE 65536

static bool lines_fill(struct lines *in)
{
    ssize_t got;

    in->held = must(realloc(in->held, in->len + PIECE));
    do
        got = read(in->fd, in->held + in->len, PIECE);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    in->len += (size_t)got;
    return true;
}

/* Where the object that begins at `text` ends; NULL if that has not come yet. */
static char *object_end(char *text, const char *end)
{
    bool quoted = false;
    int depth = 0;

    for (; text < end; text++) {
        if (quoted && *text == '\\')
            text++;
        else if (*text == '"')
            quoted = !quoted;
        else if (!quoted && *text == '{')
            depth++;
        else if (!quoted && *text == '}' && --depth == 0)
            return text + 1;
    }
    return NULL;
}

static char *next_end(const struct lines *in, char *begin)
{
    char *end = in->held + in->len;

    return in->objects ? object_end(begin, end) : memchr(begin, '\n', (size_t)(end - begin));
}

static void give(const char *begin, const char *end, void (*take)(char *line))
{
    char *held = must(strndup(begin, (size_t)(end - begin))), *line = held + strspn(held, "\r\n");

    line[strcspn(line, "\r\n")] = 0;
    if (*line)
        take(line);
    free(held);
}

static void give_lines(struct lines *in, void (*take)(char *line))
{
    char *begin = in->held, *end;

    while ((end = next_end(in, begin))) {
        give(begin, end, take);
        begin = in->objects ? end : end + 1;
    }
    in->len -= (size_t)(begin - in->held);
    memmove(in->held, begin, in->len);
}

bool lines_read(struct lines *in, void (*take)(char *line))
{
    bool more = lines_fill(in);

    give_lines(in, take);
    if (!more && in->len > 0) {
        give(in->held, in->held + in->len, take);
        in->len = 0;
    }
    return more;
}

/* Whoever does not listen any more does not miss it: the other side's end is seen when it is read. */
void write_line(int fd, const char *line)
{
    char *whole = NULL;
    int len = asprintf(&whole, "%s\r\n", line), done = 0;

    while (done < len) {
        ssize_t wrote = write(fd, whole + done, (size_t)(len - done));

        if (wrote < 0 && errno != EINTR)
            break;
        done += wrote > 0 ? (int)wrote : 0;
    }
    free(whole);
}
