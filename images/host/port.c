/* SPDX-License-Identifier: Apache-2.0
 * Frames over the port, in both directions. Neither direction ever waits. */
#include "host.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEADER 12u
#define CONGESTED (256u << 10)
#define MOST_QUEUED (64u << 20)

static int port = -1;
static unsigned char in[2 * (HEADER + MAX_PAYLOAD)];
static size_t in_len;
static unsigned char *out;
static size_t out_at, out_len, out_size;

void port_open(int fd)
{
    port = fd;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        die("the port cannot be made non-blocking: %s", strerror(errno));
}

int port_fd(void)
{
    return port;
}

bool port_wants_to_write(void)
{
    return out_len > out_at;
}

bool port_is_congested(void)
{
    return out_len - out_at > CONGESTED;
}

static uint32_t u32_at(const unsigned char *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

/* Handles the first frame of `data`; returns its length, 0 if it is not complete. */
static size_t frame(const unsigned char *data, size_t len,
                    void (*handle)(unsigned type, uint32_t id, struct fields f))
{
    uint32_t payload, type;

    if (len < HEADER)
        return 0;
    payload = u32_at(data);
    type = u32_at(data + 4);
    if (payload > MAX_PAYLOAD || type >> 16)
        die("damaged frame: %u bytes of type %#x", payload, type);
    if (len < HEADER + payload)
        return 0;
    handle(type, u32_at(data + 8), (struct fields){data + HEADER, data + HEADER + payload});
    return HEADER + payload;
}

void port_read(void (*handle)(unsigned type, uint32_t id, struct fields f))
{
    ssize_t n = read(port, in + in_len, sizeof in - in_len);
    size_t at = 0, used;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        die("the suite has closed the port");
    in_len += (size_t)n;
    while ((used = frame(in + at, in_len - at, handle)))
        at += used;
    in_len -= at;
    memmove(in, in + at, in_len);
}

void port_write(void)
{
    ssize_t n = write(port, out + out_at, out_len - out_at);

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        die("cannot write to the port: %s", strerror(errno));
    if (n > 0)
        out_at += (size_t)n;
    if (out_at == out_len)
        out_at = out_len = 0;
}

static void make_room(size_t len)
{
    if (out_at && out_len + len > out_size) {
        memmove(out, out + out_at, out_len - out_at);
        out_len -= out_at;
        out_at = 0;
    }
    if (out_len + len <= out_size)
        return;
    out_size = 2 * (out_len + len);
    out = out_size > MOST_QUEUED ? NULL : realloc(out, out_size);
    if (!out)
        die("the suite does not read its port");
}

void port_send(unsigned type, uint32_t id, const void *payload, size_t len)
{
    uint32_t header[] = {htole32((uint32_t)len), htole32(type), htole32(id)};

    make_room(sizeof header + len);
    memcpy(out + out_len, header, sizeof header);
    if (len)
        memcpy(out + out_len + sizeof header, payload, len);
    out_len += sizeof header + len;
}
