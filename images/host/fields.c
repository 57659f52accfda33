/* SPDX-License-Identifier: Apache-2.0
 * The fields of payloads. A payload that breaks the rules ends the connection: see protocol.h. */
#include "host.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char *take(struct fields *f, size_t len)
{
    const unsigned char *at = f->at;

    if ((size_t)(f->end - f->at) < len)
        die("a request is %zu bytes too short", len - (size_t)(f->end - f->at));
    f->at += len;
    return at;
}

uint32_t take_u32(struct fields *f)
{
    uint32_t value;

    memcpy(&value, take(f, sizeof value), sizeof value);
    return le32toh(value);
}

uint64_t take_u64(struct fields *f)
{
    uint64_t value;

    memcpy(&value, take(f, sizeof value), sizeof value);
    return le64toh(value);
}

struct bytes take_bytes(struct fields *f)
{
    size_t len = take_u32(f);

    return (struct bytes){.data = (const char *)take(f, len), .len = len};
}

char *take_string(struct fields *f)
{
    struct bytes b = take_bytes(f);
    char *copy;

    if (memchr(b.data, '\0', b.len))
        die("a request has a string with a zero byte in it");
    copy = strndup(b.data, b.len);
    if (!copy)
        die("out of memory");
    return copy;
}

void take_end(const struct fields *f)
{
    if (f->at != f->end)
        die("a request is %zu bytes too long", (size_t)(f->end - f->at));
}

static void put(struct reply *r, const void *data, size_t len)
{
    if (len > sizeof r->data - r->len)
        die("an answer is longer than %u bytes", MAX_PAYLOAD);
    memcpy(r->data + r->len, data, len);
    r->len += len;
}

void put_u32(struct reply *r, uint32_t value)
{
    value = htole32(value);
    put(r, &value, sizeof value);
}

void put_u64(struct reply *r, uint64_t value)
{
    value = htole64(value);
    put(r, &value, sizeof value);
}

void put_bytes(struct reply *r, const void *data, size_t len)
{
    put_u32(r, (uint32_t)len);
    put(r, data, len);
}
