/* SPDX-License-Identifier: Apache-2.0
 * Lines of the two ports: built in one buffer, ended with a checksum, sent by one write(). */
#include "agent.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes kept free for text_seal(), so that a line that is cut off still gets its checksum. */
#define SEAL 8

uint16_t crc16(const char *data, size_t len)
{
    uint16_t crc = 0xffff; /* CRC-16/CCITT-FALSE */

    for (size_t i = 0; i < len; i++) {
        crc ^= (uint16_t)((unsigned char)data[i] << 8);
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    return crc;
}

bool text_to_number(const char *s, uint64_t *value)
{
    char *end;

    if (!s || *s < '0' || *s > '9')
        return false;
    errno = 0;
    *value = strtoull(s, &end, 10);
    return !*end && !errno;
}

void text_start(struct text *t)
{
    t->len = 0;
    t->buf[0] = '\0';
    t->failed = false;
}

static void append(struct text *t, const char *format, va_list args)
{
    size_t room = sizeof t->buf - SEAL - t->len;
    int n = vsnprintf(t->buf + t->len, room, format, args);

    if (n > 0)
        t->len += (size_t)n < room ? (size_t)n : room - 1;
}

void text_add(struct text *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    append(t, format, args);
    va_end(args);
}

/* Replaces what was added so far by this error. */
void text_fail(struct text *t, const char *format, ...)
{
    va_list args;

    text_start(t);
    t->failed = true;
    va_start(args, format);
    append(t, format, args);
    va_end(args);
}

void text_quote(struct text *t, const char *raw)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/-";

    for (; *raw; raw++) {
        if (strchr(plain, *raw))
            text_add(t, "%c", *raw);
        else
            text_add(t, "%%%02X", (unsigned char)*raw);
    }
}

void text_seal(struct text *t)
{
    t->len += (size_t)snprintf(t->buf + t->len, SEAL, " *%04x\n", crc16(t->buf, t->len));
}
