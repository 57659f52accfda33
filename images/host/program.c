/* SPDX-License-Identifier: Apache-2.0
 * One program: what START says of it, and the process that becomes its reaper. The reaper is the first process
 * of a PID namespace, so that its end is the end of all that the program has started.
 *
 * START: bytes root, bytes directory to start in, list of bytes argv, list of bytes environment,
 *        u32 channel for what it writes to stdout and stderr,
 *        list of (u32 number, u32 channel or handle of memory) that it inherits as descriptors,
 *        list of (bytes source, bytes target, u32 writable) that it sees: below its /tmp, or in place of a
 *        directory of its root; if one is below /run, all else there is hidden,
 *        list of bytes of the devices below /dev that it may use, u64 mask of capabilities(7) */
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUT_OF_THE_WAY 2048 /* above every number that a program inherits */
#define USUAL_OPEN_FILES 1024
#define NOT_STARTED 127 /* as a shell reports it */

static size_t take_count(struct fields *f)
{
    uint32_t n = take_u32(f);

    if (n > MOST_ENTRIES)
        die("a request has a list of %u entries", n);
    return n;
}

static void *table(size_t n, size_t size)
{
    void *made = calloc(n + 1, size);

    if (!made)
        die("out of memory");
    return made;
}

static char **take_list(struct fields *f, size_t *count)
{
    size_t n = take_count(f);
    char **list = table(n, sizeof *list);

    for (size_t i = 0; i < n; i++)
        list[i] = take_string(f);
    if (count)
        *count = n;
    return list;
}

static void take_inherited(struct program *p, struct fields *f)
{
    p->n_inherited = take_count(f);
    p->inherited = table(p->n_inherited, sizeof *p->inherited);
    for (size_t i = 0; i < p->n_inherited; i++) {
        p->inherited[i].number = take_u32(f);
        p->inherited[i].handle = take_u32(f);
        if (p->inherited[i].number <= STDERR_FILENO || p->inherited[i].number >= USUAL_OPEN_FILES)
            die("a program is to inherit descriptor %u", p->inherited[i].number);
    }
}

static void take_binds(struct program *p, struct fields *f)
{
    p->n_binds = take_count(f);
    p->binds = table(p->n_binds, sizeof *p->binds);
    for (size_t i = 0; i < p->n_binds; i++) {
        p->binds[i].source = take_string(f);
        p->binds[i].target = take_string(f);
        p->binds[i].writable = take_u32(f);
    }
}

void program_take(struct program *p, struct fields *f)
{
    p->root = take_string(f);
    p->directory = take_string(f);
    p->argv = take_list(f, NULL);
    if (!p->argv[0])
        die("a program without a name is to be started");
    p->environment = take_list(f, NULL);
    p->output = take_u32(f);
    take_inherited(p, f);
    take_binds(p, f);
    p->devices = take_list(f, &p->n_devices);
    p->capabilities = take_u64(f);
    take_end(f);
}

static void free_list(char **list)
{
    for (size_t i = 0; list[i]; i++)
        free(list[i]);
    free(list);
}

void program_free(struct program *p)
{
    free(p->root);
    free(p->directory);
    free_list(p->argv);
    free_list(p->environment);
    free_list(p->devices);
    free(p->inherited);
    for (size_t i = 0; i < p->n_binds; i++) {
        free(p->binds[i].source);
        free(p->binds[i].target);
    }
    free(p->binds);
}

bool program_find_descriptors(struct program *p)
{
    for (size_t i = 0; i < p->n_inherited; i++) {
        int fd = channel_program_end(p->inherited[i].handle);

        p->inherited[i].fd = fd >= 0 ? fd : memory_fd(p->inherited[i].handle);
        if (p->inherited[i].fd < 0)
            return false;
    }
    return true;
}

/* --- in the new process ------------------------------------------------------------------------------ */

/* First away from the low numbers: one program's number may be the init's number of another descriptor. */
static bool set_descriptors(const struct program *p, int output)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int moved[MOST_ENTRIES];
    bool done;

    output = fcntl(output, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY);
    for (size_t i = 0; i < p->n_inherited; i++)
        if ((moved[i] = fcntl(p->inherited[i].fd, F_DUPFD_CLOEXEC, OUT_OF_THE_WAY)) < 0)
            return false;
    done = dup2(null, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0;
    for (size_t i = 0; i < p->n_inherited; i++)
        done = done && dup2(moved[i], (int)p->inherited[i].number) >= 0;
    return done;
}

/* The bounding set limits what root has after exec. A program that keeps all capabilities is an init, and its
 * programs may change their privileges. Under PR_SET_NO_NEW_PRIVS, AppArmor lets no program change its profile. */
static bool drop_capabilities(uint64_t kept)
{
    bool dropped = false;

    for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
        if (!(kept >> cap & 1)) {
            if (prctl(PR_CAPBSET_DROP, cap) != 0)
                return false;
            dropped = true;
        }
    return !dropped || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static void exec_program(const struct program *p, int output)
{
    struct rlimit files = {USUAL_OPEN_FILES, 4 * USUAL_OPEN_FILES};
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    if (!set_descriptors(p, output))
        dprintf(output, "hotpatch-host: cannot set descriptors: %s\n", strerror(errno));
    else if (chdir(p->directory) != 0)
        dprintf(output, "hotpatch-host: cannot enter %s: %s\n", p->directory, strerror(errno));
    else if (setrlimit(RLIMIT_NOFILE, &files) != 0 || !drop_capabilities(p->capabilities))
        dprintf(output, "hotpatch-host: cannot drop privileges: %s\n", strerror(errno));
    else {
        execve(p->argv[0], p->argv, p->environment);
        dprintf(STDERR_FILENO, "cannot start %s: %s\n", p->argv[0], strerror(errno));
    }
    _exit(NOT_STARTED);
}

static void __attribute__((noreturn)) reap_until_end_of(pid_t program)
{
    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, 0);

        if (pid == program)
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        if (pid < 0 && errno != EINTR)
            _exit(NOT_STARTED);
    }
}

/* Says on `report` what failed, as errno and words; nothing if the program was started. */
void program_run(const struct program *p, int output, int report)
{
    bool bound = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0; /* where the init is not PID 1, as in tests */
    const char *failed = bound ? view_enter(p) : "cannot be bound to the init";
    pid_t program = failed ? -1 : fork();
    int error = errno;

    if (program < 0) {
        dprintf(report, "%d %s", error, failed ? failed : "cannot fork");
        _exit(NOT_STARTED);
    }
    if (program == 0)
        exec_program(p, output);
    syscall(SYS_close_range, 0, ~0u, 0);
    reap_until_end_of(program);
}
