/* SPDX-License-Identifier: Apache-2.0
 * What every module needs from the system: time, threads, futexes, small files, power off. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

WITHOUT_HELD_REGISTERS

uint64_t clock_us(int clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

void sleep_until_us(uint64_t mono_us)
{
    struct timespec t = {.tv_sec = (time_t)(mono_us / 1000000u),
                         .tv_nsec = (long)(mono_us % 1000000u) * 1000};

    const long args[6] = {CLOCK_MONOTONIC, TIMER_ABSTIME, (long)&t};

    while (registers_held_syscall(SYS_clock_nanosleep, args) == -EINTR)
        ;
}

/* May return early, so callers test their condition again. FUTEX_WAIT_BITSET takes an absolute timeout. */
void futex_wait_us(_Atomic uint32_t *word, uint32_t while_is, uint64_t deadline_us)
{
    struct timespec t = {.tv_sec = (time_t)(deadline_us / 1000000u),
                         .tv_nsec = (long)(deadline_us % 1000000u) * 1000};
    const long args[6] = {
        (long)word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, while_is,
        deadline_us == UINT64_MAX ? 0 : (long)&t, 0, FUTEX_BITSET_MATCH_ANY,
    };

    registers_held_syscall(SYS_futex, args);
}

void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT32_MAX, NULL, NULL, 0);
}

/* Sets affinity and policy before the thread runs, so that it never runs on another vCPU. */
void start_thread(void *(*body)(void *), void *arg, int cpu, int fifo)
{
    struct sched_param param = {.sched_priority = fifo};
    pthread_attr_t attr;
    pthread_t thread;
    cpu_set_t set;
    int failed;

    CPU_ZERO(&set);
    for (unsigned i = 0; i < MAX_CPUS; i++)
        if (cpu < 0 || (unsigned)cpu == i)
            CPU_SET(i, &set);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 512 * 1024);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setaffinity_np(&attr, sizeof set, &set);
    /* Also for SCHED_OTHER: without this, threads inherit the command thread's priority. */
    pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attr, fifo ? SCHED_FIFO : SCHED_OTHER);
    pthread_attr_setschedparam(&attr, &param);
    failed = pthread_create(&thread, &attr, body, arg);
    if (failed)
        die("cannot start a thread on vCPU %d: %s", cpu, strerror(failed));
    pthread_attr_destroy(&attr);
}

/* A read of a file of /proc may end before the file does. */
bool read_text_file(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    ssize_t n = 0;

    if (fd < 0)
        return false;
    while (len < size - 1 && (n = read(fd, out + len, size - 1 - len)) > 0)
        len += (size_t)n;
    close(fd);
    if (n < 0)
        return false;
    while (len > 0 && out[len - 1] == '\n')
        len--;
    out[len] = '\0';
    return true;
}

bool write_text_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return false;
    n = write(fd, text, strlen(text));
    close(fd);
    return n == (ssize_t)strlen(text);
}

bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* Raw mode: otherwise the line discipline echoes requests and turns each \n into \r\n. */
int open_raw_tty(const char *name)
{
    char path[48];
    struct termios mode;
    int fd;

    snprintf(path, sizeof path, "/dev/%s", name);
    fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        die("cannot open %s: %s", path, strerror(errno));
    if (tcgetattr(fd, &mode) != 0)
        die("%s is not a terminal: %s", path, strerror(errno));
    cfmakeraw(&mode);
    mode.c_cflag |= CLOCAL | CREAD;
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    cfsetispeed(&mode, B115200);
    cfsetospeed(&mode, B115200);
    if (tcsetattr(fd, TCSANOW, &mode) != 0)
        die("cannot set %s raw: %s", path, strerror(errno));
    return fd;
}

void power_off(void)
{
    sync();
    reboot(RB_POWER_OFF);
    for (;;) /* PID 1 must not return: the kernel would panic, which would look like damage from a move */
        pause();
}

void restart(void)
{
    reboot(RB_AUTOBOOT);
    for (;;)
        pause();
}

void crash(void)
{
    write_text_file("/proc/sysrq-trigger", "c");
}

void suspend(void)
{
    write_text_file("/sys/power/state", "mem");
}

void die(const char *format, ...)
{
    char line[256] = "F ";
    va_list args;
    size_t len;

    va_start(args, format);
    vsnprintf(line + 2, sizeof line - 3, format, args);
    va_end(args);
    len = strlen(line);
    line[len++] = '\n';
    write_all(STDOUT_FILENO, line, len);
    tcdrain(STDOUT_FILENO);
    power_off();
}
