/* SPDX-License-Identifier: Apache-2.0
 * Starts the real QEMU as its child, applies the rules to it, and exits with its status. */
#include "wrong.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The start of QEMU's argument for its monitor: an inherited socket, or one to which QEMU connects. */
#define MONITOR "socket,id=monitor,"
#define INHERITED "fd="
#define CONNECTED "path="

void fail(const char *what)
{
    fprintf(stderr, "the stand-in for QEMU failed: %s: %s\n", what, strerror(errno));
    _exit(99);
}

void *not_null(void *allocated)
{
    if (!allocated)
        fail("memory");
    return allocated;
}

/* The path of this program with `suffix` added. */
static char *own_path_with(const char *suffix)
{
    char self[4096], *path = NULL;
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);

    if (len < 0 || asprintf(&path, "%.*s%s", (int)len, self, suffix) < 0)
        fail("/proc/self/exe");
    return path;
}

static char **arguments(char **argv)
{
    const struct rule *rule = NULL;
    size_t count = 0, more = 0;
    char **changed;

    while (argv[count])
        count++;
    while ((rule = rule_next(rule, "append-argument")))
        more++;
    changed = not_null(calloc(count + more + 1, sizeof *changed));
    changed[0] = argv[0];
    for (size_t i = 1; i < count; i++)
        changed[i] = replace_words("replace-in-argument", argv[i]);
    while ((rule = rule_next(rule, "append-argument")))
        changed[count++] = rule->first;
    return changed;
}

static char **monitor_argument(char **argv)
{
    for (; *argv; argv++)
        if (strncmp(*argv, MONITOR, strlen(MONITOR)) == 0)
            return argv;
    return NULL;
}

static int connected_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (made < 0 || connect(made, (struct sockaddr *)&address, sizeof address))
        fail(path);
    return made;
}

/* Keeps the rig's end of the monitor in `rig`, has the child's argument name a new socket, and keeps the other
 * end of that in `monitor`. Returns the child's number of the new socket. */
static int insert_into_monitor(char **argument, int *rig, int *monitor)
{
    const char *end = *argument + strlen(MONITOR);
    int pair[2], child_fd;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        fail("monitor");
    *monitor = pair[0];
    if (strncmp(end, CONNECTED, strlen(CONNECTED)) == 0) {
        *rig = connected_to(end + strlen(CONNECTED));
        child_fd = dup(pair[1]);
        if (child_fd < 0 || asprintf(argument, MONITOR INHERITED "%d", child_fd) < 0)
            fail("dup");
    } else {
        child_fd = atoi(end + strlen(INHERITED));
        *rig = fcntl(child_fd, F_DUPFD_CLOEXEC, 3);
        if (*rig < 0 || dup2(pair[1], child_fd) < 0)
            fail("dup2");
    }
    close(pair[1]);
    return child_fd;
}

/* Has the next program load the library that a rule names. */
static void preload(void)
{
    const struct rule *rule = rule_next(NULL, "preload");
    char *library, *end;

    if (!rule)
        return;
    library = own_path_with("");
    end = strrchr(library, '/');
    if (asprintf(&library, "%.*s/%s", (int)(end - library), library, rule->first) < 0)
        fail("asprintf");
    setenv("LD_PRELOAD", library, 1);
    setenv("WRONG", rule->second, 1);
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
    preload();
    execv(program, argv);
    fail(program);
}

static pid_t real_qemu;

/* libvirt ends a QEMU by SIGTERM, on which the real one closes its disks. */
static void pass_on(int number)
{
    kill(real_qemu, number);
}

/* Waits for the child. A frozen thread is traced by this process, which must also reap it first. */
static int wait_for_end(pid_t child)
{
    int status = 0;
    pid_t ended;

    do
        ended = waitpid(-1, &status, __WALL);
    while ((ended != child || !(WIFEXITED(status) || WIFSIGNALED(status))) && (ended > 0 || errno == EINTR));
    return status;
}

static void exit_with(int status)
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
    char *program = own_path_with(".real");
    char **argument = monitor_argument(argv);
    int child_fd = -1, rig = -1, monitor = -1, output[2];
    pid_t child;

    (void)argc;
    rules_read(own_path_with(".rules"), argv);
    if (rule_next(NULL, "exec-real"))
        execv(program, argv);
    signal(SIGPIPE, SIG_IGN);
    setrlimit(RLIMIT_CORE, &no_core);
    if (argument)
        child_fd = insert_into_monitor(argument, &rig, &monitor);
    if (pipe2(output, O_CLOEXEC))
        fail("pipe2");
    child = real_qemu = start(program, arguments(argv), output[1]);
    signal(SIGTERM, pass_on);
    close(output[1]);
    if (child_fd >= 0)
        close(child_fd);
    proxy_monitor(child, rig, monitor, output[0]);
    exit_with(wait_for_end(child));
}
