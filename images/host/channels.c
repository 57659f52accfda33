/* SPDX-License-Identifier: Apache-2.0
 * Channels: streams between the suite and sockets or pipes of programs. protocol.h describes their flow control. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_CHANNELS 512
#define CHUNK 32768u
#define CREDIT_STEP (WINDOW / 4) /* credit is given at once when all is passed on, else in such steps */

struct channel {
    uint32_t id;         /* 0: unused */
    int fd;              /* our end */
    int program_end;     /* what a program may inherit; -1 */
    bool listens;        /* fd is a listening socket */
    bool reads_only;     /* a pipe from the program */
    bool ended;          /* the program's side has no more data, and CLOSE is sent */
    bool suite_ended;    /* the suite's side has no more data */
    bool over;           /* the suite's side wants nothing either */
    uint32_t credit;     /* bytes that may be sent to the suite */
    uint32_t passed;     /* bytes passed on to the program for which the suite has no credit yet */
    unsigned char *data; /* not yet passed on to the program */
    size_t len;
};
static struct channel channels[MOST_CHANNELS];

static struct channel *find(uint32_t id)
{
    for (size_t i = 0; i < MOST_CHANNELS; i++)
        if (id && channels[i].id == id)
            return &channels[i];
    return NULL;
}

static struct channel *add(uint32_t id, int fd)
{
    for (size_t i = 0; i < MOST_CHANNELS && !find(id); i++)
        if (!channels[i].id) {
            channels[i] = (struct channel){.id = id, .fd = fd, .program_end = -1, .credit = WINDOW};
            fcntl(fd, F_SETFL, O_NONBLOCK);
            return &channels[i];
        }
    errno = find(id) ? EEXIST : EMFILE;
    return NULL;
}

static void drop(struct channel *c)
{
    close(c->fd);
    if (c->program_end >= 0)
        close(c->program_end);
    free(c->data);
    c->id = 0;
}

static void send_close(struct channel *c, enum close_how how, const char *reason)
{
    static struct reply r;

    r.len = 0;
    put_u32(&r, how);
    put_bytes(&r, reason, strlen(reason));
    port_send(CLOSE, c->id, r.data, r.len);
    c->ended = true;
}

bool channel_open_pair(uint32_t id)
{
    struct channel *c;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    c = add(id, pair[0]);
    if (!c) {
        close(pair[0]);
        close(pair[1]);
        return false;
    }
    c->program_end = pair[1];
    return true;
}

bool channel_add(uint32_t id, int fd, bool from_program_only)
{
    struct channel *c = add(id, fd);

    if (c)
        c->reads_only = from_program_only;
    return c;
}

bool channel_listen(uint32_t id, int fd)
{
    struct channel *c = add(id, fd);

    if (c)
        c->listens = true;
    return c;
}

int channel_program_end(uint32_t id)
{
    struct channel *c = find(id);

    return c ? c->program_end : -1;
}

bool channel_release(uint32_t id)
{
    struct channel *c = find(id);

    if (!c || c->program_end < 0)
        return false;
    close(c->program_end);
    c->program_end = -1;
    return true;
}

/* --- from the suite to the program ------------------------------------------------------------------- */

static void give_credit(struct channel *c)
{
    static struct reply r;

    if (!c->passed || (c->len && c->passed < CREDIT_STEP))
        return;
    r.len = 0;
    put_u32(&r, c->passed);
    port_send(CREDIT, c->id, r.data, r.len);
    c->passed = 0;
}

static void settle(struct channel *c)
{
    if (c->len || !c->suite_ended)
        return;
    if (c->ended || c->over)
        drop(c);
    else if (!c->reads_only && !c->listens)
        shutdown(c->fd, SHUT_WR);
}

static void pass_on(struct channel *c)
{
    ssize_t n = c->len ? send(c->fd, c->data, c->len, MSG_NOSIGNAL) : 0;
    size_t gone;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    gone = n < 0 ? c->len : (size_t)n; /* nobody will ever read it */
    c->passed += (uint32_t)gone;
    c->len -= gone;
    memmove(c->data, c->data + gone, c->len);
    give_credit(c);
    settle(c);
}

void channel_data(uint32_t id, const void *data, size_t len)
{
    struct channel *c = find(id);

    if (!c || c->reads_only || c->listens || c->suite_ended)
        return;
    if (!c->data && !(c->data = malloc(WINDOW)))
        die("out of memory");
    if (len > WINDOW - c->len) {
        send_close(c, CLOSE_OVER, "more data than its window");
        drop(c);
        return;
    }
    memcpy(c->data + c->len, data, len);
    c->len += len;
    pass_on(c);
}

void channel_close(uint32_t id, bool over)
{
    struct channel *c = find(id);

    if (!c)
        return;
    c->suite_ended = true;
    c->over |= over;
    settle(c);
}

/* --- from the program to the suite ------------------------------------------------------------------- */

void channel_credit(uint32_t id, uint32_t bytes)
{
    struct channel *c = find(id);

    if (c && bytes > WINDOW - c->credit)
        die("channel %u has more credit than its window", id);
    if (c)
        c->credit += bytes;
}

static void accept_one(struct channel *c)
{
    int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0 && errno != EOPNOTSUPP)
        return;
    if (fd >= 0) { /* else a socket of datagrams, which has no connections */
        close(c->fd);
        c->fd = fd;
    }
    c->listens = false;
    port_send(ACCEPTED, c->id, NULL, 0);
}

static void take_in(struct channel *c, bool hung_up)
{
    static unsigned char data[CHUNK];
    ssize_t n = read(c->fd, data, c->credit < CHUNK ? c->credit : CHUNK);

    if (n > 0) {
        c->credit -= (uint32_t)n;
        port_send(DATA, c->id, data, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        send_close(c, hung_up ? CLOSE_OVER : CLOSE_END, "");
        if (hung_up || c->suite_ended)
            drop(c);
    }
}

/* --- poll -------------------------------------------------------------------------------------------- */

static short events_of(const struct channel *c)
{
    bool room = !port_is_congested() && c->credit && !c->ended && !c->over;

    return (short)((c->listens || room ? POLLIN : 0) | (c->len ? POLLOUT : 0));
}

/* One entry for each channel, in the order of the table; unused ones are ignored by poll(). */
size_t channels_poll(struct pollfd *into, size_t room)
{
    if (room < MOST_CHANNELS)
        die("no room to poll all channels");
    for (size_t i = 0; i < MOST_CHANNELS; i++) {
        short events = channels[i].id ? events_of(&channels[i]) : 0;

        into[i] = (struct pollfd){.fd = events ? channels[i].fd : -1, .events = events};
    }
    return MOST_CHANNELS;
}

void channels_serve(const struct pollfd *polled, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct channel *c = &channels[i];

        if (!polled[i].revents || !c->id || c->fd != polled[i].fd)
            continue;
        if (c->listens) {
            accept_one(c);
            continue;
        }
        if ((polled[i].events & POLLIN) && (polled[i].revents & (POLLIN | POLLHUP | POLLERR)))
            take_in(c, polled[i].revents & POLLHUP);
        if (c->id && c->len && (polled[i].revents & (POLLOUT | POLLHUP | POLLERR)))
            pass_on(c);
    }
}
