/* SPDX-License-Identifier: Apache-2.0
 * Hands each frame of the suite to the module that serves it, and makes the answers. */
#include "host.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

static struct reply reply;

struct reply *answer_start(void)
{
    reply.len = 0;
    put_u32(&reply, 0);
    return &reply;
}

void answer(uint32_t request, struct reply *r)
{
    port_send(ANSWER, request, r->data, r->len);
}

void answer_ok(uint32_t request)
{
    answer(request, answer_start());
}

void answer_error(uint32_t request, int error, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    reply.len = 0;
    put_u32(&reply, (uint32_t)error);
    put_bytes(&reply, message, strlen(message));
    answer(request, &reply);
}

void answer_errno(uint32_t request, const char *what)
{
    if (errno)
        answer_error(request, errno, "%s: %s", what, strerror(errno));
    else
        answer_ok(request);
}

static void ping(uint32_t id)
{
    struct reply *r = answer_start();

    put_u64(r, now_ns());
    put_u64(r, wall_ns());
    answer(id, r);
}

static void work(uint32_t id, uint32_t rounds)
{
    struct reply *r = answer_start();

    put_u64(r, work_ns(rounds));
    answer(id, r);
}

static void mount_share(uint32_t id, struct fields f)
{
    char *tag = take_string(&f), *directory = take_string(&f);
    const char *options = "trans=virtio,version=9p2000.L,cache=loose,msize=1048576";

    mkdir(directory, 0755);
    if (mount(tag, directory, "9p", MS_RDONLY | MS_NOSUID | MS_NODEV, options) == 0)
        errno = 0;
    answer_errno(id, tag);
    free(tag);
    free(directory);
}

static void of_channel(unsigned type, uint32_t id, struct fields f)
{
    if (type == DATA)
        channel_data(id, f.at, (size_t)(f.end - f.at));
    else if (type == CREDIT)
        channel_credit(id, take_u32(&f));
    else
        channel_close(id, take_u32(&f) == CLOSE_OVER);
}

static void of_handle(unsigned type, uint32_t id, struct fields f)
{
    uint32_t handle = take_u32(&f);
    bool done;

    errno = 0;
    if (type == OPEN)
        done = channel_open_pair(handle);
    else if (type == MEMORY)
        done = memory_add(handle, take_u64(&f));
    else
        done = channel_release(handle) || memory_release(handle) || true;
    if (done)
        errno = 0;
    answer_errno(id, type == OPEN ? "cannot open a channel" : "cannot make memory");
}

void request_handle(unsigned type, uint32_t id, struct fields f)
{
    switch (type) {
    case DATA: case CREDIT: case CLOSE:
        of_channel(type, id, f);
        return;
    case PING:
        ping(id);
        return;
    case WORK:
        work(id, take_u32(&f));
        return;
    case MOUNT:
        mount_share(id, f);
        return;
    case OPEN: case MEMORY: case RELEASE:
        of_handle(type, id, f);
        return;
    case START:
        program_start(id, f);
        return;
    case KILL:
        program_kill(id, take_u32(&f));
        return;
    case LISTEN: case CONNECT:
        socket_request(type, id, f);
        return;
    default:
        if ((type < MAKE_FILE || type > COUNT) && type != MAKE_LINK && type != CUT_OUT)
            die("unknown type of frame %u", type);
        file_request(type, id, f);
    }
}
