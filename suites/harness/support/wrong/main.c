/* SPDX-License-Identifier: Apache-2.0
 * Starts the real QEMU, wrong as ordered, stands beside it, and ends as it does. */
#include "wrong.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* How the suite has QEMU open its monitor: an inherited socket. */
#define MONITOR "socket,id=monitor,fd="

void fail(const char *what)
{
    fprintf(stderr, "a build that is wrong on purpose fails in another way: %s: %s\n", what, strerror(errno));
    _exit(99);
}

void *must(void *allocated)
{
    if (!allocated)
        fail("memory");
    return allocated;
}

/* A file beside this program, named after it. */
static char *beside(const char *suffix)
{
    char self[4096], *path = NULL;
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    if (len < 0 || asprintf(&path, "%.*s%s", (int)len, self, suffix) < 0)
        fail("/proc/self/exe");
    return path;
}

static char **arguments(char **argv)
{
    const struct order *order = NULL;
    size_t count = 0, more = 0;
    char **changed;

    while (argv[count])
        count++;
    while ((order = order_next(order, "append")))
        more++;
    changed = must(calloc(count + more + 1, sizeof *changed));
    changed[0] = argv[0];
    for (size_t i = 1; i < count; i++)
        changed[i] = reworded("argument", argv[i]);
    while ((order = order_next(order, "append")))
        changed[count++] = order->first;
    return changed;
}

static int monitor_fd(char **argv)
{
    for (; *argv; argv++)
        if (strncmp(*argv, MONITOR, strlen(MONITOR)) == 0)
            return atoi(*argv + strlen(MONITOR));
    return -1;
}

/* The rig's end of the monitor, and ours to the child, which finds its own at the number it was told. */
static void stand_between(int told, int *rig, int *monitor)
{
    int pair[2];

    *rig = fcntl(told, F_DUPFD_CLOEXEC, 3);
    if (*rig < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        fail("monitor");
    *monitor = pair[0];
    if (dup2(pair[1], told) < 0)
        fail("dup2");
    close(pair[1]);
}

static pid_t start(const char *program, char **argv, int output)
{
    pid_t parent = getpid(), child = fork();

    if (child < 0)
        fail("fork");
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(output, STDOUT_FILENO) < 0)
        _exit(98);
    execv(program, argv);
    fail(program);
}

/* A thread that was frozen is ours to bury before QEMU counts as ended. */
static int end_of(pid_t child)
{
    int status = 0;
    pid_t ended;

    do
        ended = waitpid(-1, &status, __WALL);
    while ((ended != child || !(WIFEXITED(status) || WIFSIGNALED(status))) && (ended > 0 || errno == EINTR));
    return status;
}

static void end_like(int status)
{
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        raise(WTERMSIG(status));
    }
    _exit(WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
    const struct rlimit no_core = {0, 0};
    char *program = beside(".right");
    int told, rig = -1, monitor = -1, output[2];
    pid_t child;

    (void)argc;
    orders_read(beside(".orders"), argv);
    if (order_next(NULL, "steps-aside"))
        execv(program, argv);
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &no_core);
    if ((told = monitor_fd(argv)) >= 0)
        stand_between(told, &rig, &monitor);
    if (pipe2(output, O_CLOEXEC))
        fail("pipe2");
    child = start(program, arguments(argv), output[1]);
    close(output[1]);
    if (told >= 0)
        close(told);
    relay(child, rig, monitor, output[0]);
    end_like(end_of(child));
}
