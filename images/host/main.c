/* SPDX-License-Identifier: Apache-2.0
 * The init of an emulated host. For tests, `init PORT NEWROOT` runs it as a usual process of root: with the
 * protocol on the inherited socket PORT, and NEWROOT an empty directory for the roots of programs. */
#include "host.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define MOST_FILES 4096
#define MOST_POLLED 1024

static struct pollfd polled[MOST_POLLED];

static int watch_children(void)
{
    sigset_t child;
    int fd;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        die("no signalfd: %s", strerror(errno));
    return fd;
}

static void serve_children(int children)
{
    struct signalfd_siginfo info;

    while (read(children, &info, sizeof info) > 0)
        ;
    programs_reap();
}

static void serve_once(int children)
{
    size_t n = 2, channels, programs;

    polled[0] = (struct pollfd){.fd = port_fd(), .events = POLLIN};
    if (port_wants_to_write())
        polled[0].events |= POLLOUT;
    polled[1] = (struct pollfd){.fd = children, .events = POLLIN};
    channels = channels_poll(polled + n, MOST_POLLED - n);
    programs = programs_poll(polled + n + channels, MOST_POLLED - n - channels);
    if (poll(polled, n + channels + programs, -1) < 0 && errno != EINTR)
        die("cannot poll: %s", strerror(errno));
    if (polled[0].revents & POLLOUT)
        port_write();
    programs_serve(polled + n + channels, programs);
    channels_serve(polled + n, channels);
    if (polled[1].revents)
        serve_children(children);
    if (polled[0].revents & (POLLIN | POLLHUP | POLLERR))
        port_read(request_handle);
}

/* Before all programs, which do not inherit it: bytes are passed on at once, however busy the guests are. */
static void go_first(void)
{
    const struct sched_param param = {.sched_priority = 1};

    if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) != 0)
        log_line("no priority: %s", strerror(errno));
}

int main(int argc, char **argv)
{
    const struct rlimit files = {MOST_FILES, MOST_FILES};
    bool as_init = getpid() == 1;
    int children;

    if (as_init) {
        port_open(boot());
        go_first();
    } else if (argc == 3) {
        port_open(atoi(argv[1]));
        newroot = argv[2];
    } else {
        die("usage: init PORT NEWROOT");
    }
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_NOFILE, &files);
    children = watch_children();
    boot_describe(as_init);
    for (;;)
        serve_once(children);
}
