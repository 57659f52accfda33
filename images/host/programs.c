/* SPDX-License-Identifier: Apache-2.0
 * The table of started programs: started, killed, and their end reported. */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_PROGRAMS 128

static struct started {
    uint32_t id; /* 0: unused */
    pid_t reaper;
    int report; /* of program_run(), until it is closed; then -1 */
    bool ended;
    int status;
} programs[MOST_PROGRAMS];

static struct started *unused(void)
{
    for (size_t i = 0; i < MOST_PROGRAMS; i++)
        if (!programs[i].id)
            return &programs[i];
    return NULL;
}

/* Like fork(), but the child is the first process of new namespaces. */
static pid_t fork_into_namespaces(void)
{
    return (pid_t)syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | SIGCHLD, 0, 0, 0, 0);
}

/* The channel owns output[0] from then on; the end of the pipe reaches the suite by it. */
static bool start(struct started *s, const struct program *p, int output[2], int report[2])
{
    bool added = channel_add(p->output, output[0], true);

    if (!added)
        close(output[0]);
    s->reaper = added ? fork_into_namespaces() : -1;
    if (s->reaper == 0)
        program_run(p, output[1], report[1]);
    close(output[1]);
    close(report[1]);
    s->report = report[0];
    if (s->reaper < 0)
        close(report[0]);
    return s->reaper > 0;
}

void program_start(uint32_t request, struct fields f)
{
    struct program p = {0};
    struct started *s = unused();
    int output[2], report[2];

    program_take(&p, &f);
    if (!s)
        answer_error(request, EAGAIN, "more than %d programs", MOST_PROGRAMS);
    else if (!program_find_descriptors(&p))
        answer_error(request, EBADF, "a descriptor that it is to inherit was never made, or is released");
    else if (pipe2(output, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0)
        answer_error(request, errno, "no pipe: %s", strerror(errno));
    else if (!start(s, &p, output, report))
        answer_error(request, errno, "cannot start a process: %s", strerror(errno));
    else {
        s->id = request;
        s->ended = false;
    }
    program_free(&p);
}

void program_kill(uint32_t request, uint32_t process)
{
    for (size_t i = 0; i < MOST_PROGRAMS; i++)
        if (process && programs[i].id == process && !programs[i].ended)
            kill(programs[i].reaper, SIGKILL);
    answer_ok(request);
}

/* Once the report is read, so that the answer to START comes before ENDED. */
static void report_end(struct started *s)
{
    static struct reply r;

    if (!s->ended || s->report >= 0)
        return;
    r.len = 0;
    put_u32(&r, (uint32_t)s->status);
    port_send(ENDED, s->id, r.data, r.len);
    s->id = 0;
}

void programs_reap(void)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < MOST_PROGRAMS; i++)
            if (programs[i].id && programs[i].reaper == pid && !programs[i].ended) {
                programs[i].ended = true;
                programs[i].status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
                report_end(&programs[i]);
            }
}

/* The report is closed when the program runs, or it has what failed. */
static void read_report(struct started *s)
{
    char words[256] = "";
    ssize_t n = read(s->report, words, sizeof words - 1);
    char *message = words;

    close(s->report);
    s->report = -1;
    if (n > 0) {
        int error = (int)strtol(words, &message, 10);

        answer_error(s->id, error, "%s: %s", message + 1, strerror(error));
    } else {
        struct reply *r = answer_start();

        put_u32(r, (uint32_t)s->reaper);
        answer(s->id, r);
    }
    report_end(s);
}

size_t programs_poll(struct pollfd *into, size_t room)
{
    if (room < MOST_PROGRAMS)
        die("no room to poll all programs");
    for (size_t i = 0; i < MOST_PROGRAMS; i++)
        into[i] = (struct pollfd){.fd = programs[i].id ? programs[i].report : -1, .events = POLLIN};
    return MOST_PROGRAMS;
}

void programs_serve(const struct pollfd *polled, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (polled[i].revents && programs[i].id && programs[i].report == polled[i].fd)
            read_report(&programs[i]);
}
