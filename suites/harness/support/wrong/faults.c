/* SPDX-License-Identifier: Apache-2.0
 * The faults that a rule can inject into the running QEMU.
 *
 *   die TEXT     QEMU prints TEXT and exits with status 1, or after `later` by abort(); without TEXT, it crashes
 *   command NAME [ARGUMENTS]
 *                QEMU executes this QMP command, which the rig did not send; ARGUMENTS is a JSON object
 *   freeze N     vCPU N never runs again
 *   stop-thread NAME  this thread of QEMU never runs again, from when it next sleeps
 *   zero N       page N of the guest agent's memory area is overwritten with zeroes
 *   jump-clock   QEMU's monotonic clock jumps ahead by 2 s; needs the rule `preload clock.so`
 *   drift-clock  from now on it is 2 % fast; needs the same rule
 *   pause MS     QEMU does nothing for so long
 *   stall MS     the same, and longer on an overloaded machine, as the suite's own bounds are (fixtures/waiting.py)
 *   memory MIB   as much more memory is in use from now on, by the stand-in
 *   descriptors N  as many more descriptors are open from now on, in the stand-in
 *   later S FAULT  FAULT, S seconds later
 */
#include "wrong.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define CHUNK (256u * PAGE)
/* The first word of each page of the agent's area; the page's number follows it. See images/agent/page.c. */
#define MAGIC 0x6863746170746f68ull
#define LOOK_AGAIN_NS 2000000

static void die(pid_t qemu, const char *text)
{
    if (*text)
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
    kill(qemu, *text ? SIGABRT : SIGSEGV); /* By SIGKILL it would be ended by something outside. */
    if (*text)
        _exit(1);
}

static bool read_small_file(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, size - 1);

    if (fd >= 0)
        close(fd);
    out[got > 0 ? got : 0] = 0;
    return got > 0;
}

static pid_t thread_named(pid_t qemu, const char *name)
{
    char path[64], comm[32];
    struct dirent *entry;
    pid_t found = 0;
    DIR *tasks;

    snprintf(path, sizeof path, "/proc/%d/task", (int)qemu);
    tasks = opendir(path);
    while (tasks && !found && (entry = readdir(tasks))) {
        snprintf(path, sizeof path, "/proc/%d/task/%d/comm", (int)qemu, atoi(entry->d_name));
        if (read_small_file(path, comm, sizeof comm) && strncmp(comm, name, strlen(name)) == 0)
            found = atoi(entry->d_name);
    }
    if (tasks)
        closedir(tasks);
    return found;
}

static bool sleeps(pid_t qemu, pid_t thread)
{
    char path[64], text[256], *end;

    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)qemu, (int)thread);
    return read_small_file(path, text, sizeof text) && (end = strrchr(text, ')')) && end[2] == 'S';
}

/* Is the stopped thread in the wait for a condition, as the thread of a halted vCPU is? */
static bool waits_for_condition(pid_t qemu, pid_t thread)
{
    char path[64], text[256];
    unsigned long address, operation;
    long number;

    snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", (int)qemu, (int)thread);
    return read_small_file(path, text, sizeof text) &&
           sscanf(text, "%ld %lx %lx", &number, &address, &operation) == 3 && number == SYS_futex &&
           (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
}

/* Stops the thread; true if it is where it holds no lock of QEMU. Otherwise it goes on. */
static bool stops_without_locks(pid_t qemu, pid_t thread)
{
    if (ptrace(PTRACE_INTERRUPT, thread, 0, 0) || waitpid(thread, NULL, __WALL) != thread)
        fail("freeze");
    if (waits_for_condition(qemu, thread))
        return true;
    if (ptrace(PTRACE_CONT, thread, 0, 0))
        fail("freeze");
    return false;
}

/* Stops the thread of a vCPU while it is halted, so that the rest of QEMU does not wait for its locks. */
static void freeze(pid_t qemu, const char *number)
{
    const struct timespec pause = {0, LOOK_AGAIN_NS};
    char name[32];
    pid_t thread;

    snprintf(name, sizeof name, "CPU %s/", number);
    thread = thread_named(qemu, name);
    if (!thread || ptrace(PTRACE_SEIZE, thread, 0, 0))
        fail("freeze");
    while (!sleeps(qemu, thread) || !stops_without_locks(qemu, thread))
        nanosleep(&pause, NULL);
}

static void stop_thread(pid_t qemu, const char *name)
{
    const struct timespec pause = {0, LOOK_AGAIN_NS};
    pid_t thread = thread_named(qemu, name);

    if (!thread || ptrace(PTRACE_SEIZE, thread, 0, 0))
        fail("stop-thread");
    while (!sleeps(qemu, thread))
        nanosleep(&pause, NULL);
    if (ptrace(PTRACE_INTERRUPT, thread, 0, 0) || waitpid(thread, NULL, __WALL) != thread)
        fail("stop-thread");
}

/* Zeroes page `number` if it is in the `len` bytes of QEMU's memory at `at`; true if it was found. */
static bool zero_in(pid_t qemu, uint64_t at, size_t len, uint64_t number)
{
    static unsigned char zeroes[PAGE], chunk[CHUNK];
    struct iovec from = {(void *)at, len}, into = {chunk, len}, with = {zeroes, PAGE};
    ssize_t got = process_vm_readv(qemu, &into, 1, &from, 1, 0);

    for (ssize_t offset = 0; offset + (ssize_t)PAGE <= got; offset += PAGE) {
        uint64_t word[2];

        memcpy(word, chunk + offset, sizeof word);
        if (word[0] == MAGIC && word[1] == number) {
            struct iovec page = {(void *)(at + (uint64_t)offset), PAGE};

            return process_vm_writev(qemu, &with, 1, &page, 1, 0) == PAGE;
        }
    }
    return false;
}

static bool zero_between(pid_t qemu, uint64_t at, uint64_t end, uint64_t number)
{
    for (; at < end; at += CHUNK)
        if (zero_in(qemu, at, end - at < CHUNK ? end - at : CHUNK, number))
            return true;
    return false;
}

/* The guest's RAM is in one of the mappings that are writable and not executable. */
static void zero(pid_t qemu, uint64_t number)
{
    char path[64], line[512];
    unsigned long at, end;
    bool found = false;
    FILE *maps;

    snprintf(path, sizeof path, "/proc/%d/maps", (int)qemu);
    maps = fopen(path, "re");
    if (!maps)
        fail(path);
    while (!found && fgets(line, sizeof line, maps))
        if (strstr(line, " rw-") && sscanf(line, "%lx-%lx", &at, &end) == 2)
            found = zero_between(qemu, at, end, number);
    fclose(maps);
    if (!found)
        fail("the guest agent has no such page");
}

static void command(int monitor, const char *call)
{
    int name = (int)strcspn(call, " ");
    const char *arguments = call[name] ? call + name + 1 : "{}";
    char *line = NULL;

    if (asprintf(&line, "{\"execute\": \"%.*s\", \"arguments\": %s, " OWN_ID "}", name, call, arguments) < 0)
        fail("asprintf");
    write_line(monitor, line);
    free(line);
}

static void pause_qemu(pid_t qemu, long ms)
{
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};

    kill(qemu, SIGSTOP);
    nanosleep(&pause, NULL);
    kill(qemu, SIGCONT);
}

static void stall(pid_t qemu, double ms)
{
    double load, usual = 2.0 * (double)sysconf(_SC_NPROCESSORS_ONLN);

    if (getloadavg(&load, 1) == 1 && load > usual)
        ms *= load / usual;
    pause_qemu(qemu, (long)ms);
}

static void use_memory(size_t mib)
{
    memset(not_null(malloc(mib << 20)), 1, mib << 20);
}

static void open_descriptors(long number)
{
    while (number-- > 0)
        if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
            fail("/dev/null");
}

static void inject(pid_t qemu, int monitor, const char *fault);

static void inject_later(pid_t qemu, int monitor, const char *argument)
{
    const char *fault = strchr(argument, ' ');
    const double seconds = atof(argument);
    const struct timespec wait = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    pid_t parent = getpid(), child = fork();

    if (!fault || child < 0)
        fail("later");
    if (child > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent && nanosleep(&wait, NULL) == 0)
        inject(qemu, monitor, fault + 1);
    _exit(0);
}

static void inject_named(pid_t qemu, int monitor, const char *name, const char *argument)
{
    if (strcmp(name, "die") == 0)
        die(qemu, argument);
    else if (strcmp(name, "command") == 0)
        command(monitor, argument);
    else if (strcmp(name, "freeze") == 0)
        freeze(qemu, argument);
    else if (strcmp(name, "stop-thread") == 0)
        stop_thread(qemu, argument);
    else if (strcmp(name, "zero") == 0)
        zero(qemu, strtoull(argument, NULL, 10));
    else if (strcmp(name, "jump-clock") == 0)
        kill(qemu, SIGURG);
    else if (strcmp(name, "drift-clock") == 0)
        kill(qemu, SIGPWR);
    else if (strcmp(name, "pause") == 0)
        pause_qemu(qemu, atol(argument));
    else if (strcmp(name, "stall") == 0)
        stall(qemu, atof(argument));
    else if (strcmp(name, "memory") == 0)
        use_memory((size_t)atol(argument));
    else if (strcmp(name, "descriptors") == 0)
        open_descriptors(atol(argument));
    else if (strcmp(name, "later") == 0)
        inject_later(qemu, monitor, argument);
    else
        fail(name);
}

static void inject(pid_t qemu, int monitor, const char *fault)
{
    const char *space = strchr(fault, ' ');
    char name[16] = "";

    snprintf(name, sizeof name, "%.*s", (int)(space ? (size_t)(space - fault) : strlen(fault)), fault);
    inject_named(qemu, monitor, name, space ? space + 1 : "");
}

/* Each rule injects its fault once. */
void inject_fault(pid_t qemu, int monitor, const struct rule *rule)
{
    rule_remove(rule);
    inject(qemu, monitor, rule->second);
}
