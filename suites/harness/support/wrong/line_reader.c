/* SPDX-License-Identifier: Apache-2.0
 * Splits incoming bytes into lines, or into JSON objects where the sender does not end its lines. */
#include "wrong.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 65536

static bool lines_fill(struct lines *in)
{
    ssize_t got;

    in->held = not_null(realloc(in->held, in->len + READ_SIZE));
    do
        got = read(in->fd, in->held + in->len, READ_SIZE);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    in->len += (size_t)got;
    return true;
}

/* The end of the object that begins at `text`; NULL if it is not complete yet. */
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

static void pass_line(const char *begin, const char *end, void (*handle)(char *line))
{
    char *held = not_null(strndup(begin, (size_t)(end - begin))), *line = held + strspn(held, "\r\n");

    line[strcspn(line, "\r\n")] = 0;
    if (*line)
        handle(line);
    free(held);
}

static void pass_lines(struct lines *in, void (*handle)(char *line))
{
    char *begin = in->held, *end;

    while ((end = next_end(in, begin))) {
        pass_line(begin, end, handle);
        begin = in->objects ? end : end + 1;
    }
    in->len -= (size_t)(begin - in->held);
    memmove(in->held, begin, in->len);
}

bool lines_read(struct lines *in, void (*handle)(char *line))
{
    bool more = lines_fill(in);

    pass_lines(in, handle);
    if (!more && in->len > 0) {
        pass_line(in->held, in->held + in->len, handle);
        in->len = 0;
    }
    return more;
}

/* Errors are ignored: when a peer closes its end, the next read from it shows that. */
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
