/* SPDX-License-Identifier: Apache-2.0
 * Counts errors in the kernel log. Clock errors are counted apart: an unstable clocksource is another
 * defect than a crash. */
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct count {
    uint64_t n;
    char first[160];
};
static struct count trouble, clock_trouble;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int kmsg = -1;

/* `a`, followed by `b` unless that is NULL. */
static bool contains(const char *line, const char *a, const char *b)
{
    const char *at = strstr(line, a);

    return at && (!b || strstr(at + strlen(a), b));
}

static bool is_clock_trouble(const char *line)
{
    return contains(line, "clocksource", "unstable") || contains(line, "TSC", "unstable");
}

static bool is_device_timeout(const char *line)
{
    static const char *const device[] = {"virtio", "nvme", "ata", "sd ", "scsi", "vd", "blk", "mmc", "hwrng",
                                         "eth", "usb", "hci", "drm", "gpu", "vport", "megasas"};

    if (!strstr(line, "timed out") && !strstr(line, "timeout"))
        return false;
    for (unsigned i = 0; i < sizeof device / sizeof *device; i++)
        if (strstr(line, device[i]))
            return true;
    return false;
}

static bool is_trouble(const char *line)
{
    static const char *const pattern[][2] = {
        {"Oops", NULL},          {"Kernel panic", NULL},
        {"panic:", NULL},        {"BUG:", NULL},
        {"kernel BUG", NULL},    {"WARNING:", NULL},
        {"soft lockup", NULL},   {"hard LOCKUP", NULL},
        {"rcu", "detected"},     {"hung task", NULL},
        {"blocked for more than", NULL}, {"I/O error", NULL},
        {"Call Trace", NULL},    {"Unable to handle", NULL},
        {"NETDEV WATCHDOG", NULL}, {"Unit Hang", NULL},
        {"HC died", NULL},       {"USB disconnect", NULL},
        {"reset ", "USB device"}, {"ABORT operation", NULL},
        {"nobody cared", NULL},
    };

    for (unsigned i = 0; i < sizeof pattern / sizeof *pattern; i++)
        if (contains(line, pattern[i][0], pattern[i][1]))
            return true;
    return is_device_timeout(line);
}

/* Options have names such as rcu_cpu_stall_timeout. A guest that has rebooted logs them again. */
static bool repeats_kernel_options(const char *line)
{
    return strstr(line, "command line") || strstr(line, "Command line: ");
}

static void add(struct count *count, const char *line)
{
    if (count->n++ == 0)
        snprintf(count->first, sizeof count->first, "%.159s", line);
}

/* A record is "level,seq,time,flags;text\n", followed by lines of " KEY=value". */
static void classify(char *record)
{
    char *line = strchr(record, ';');

    if (!line)
        return;
    line[strcspn(line, "\n")] = '\0';
    line++;
    if (repeats_kernel_options(line))
        return;
    if (is_clock_trouble(line))
        add(&clock_trouble, line);
    else if (is_trouble(line))
        add(&trouble, line);
}

/* Call it with the lock held. Does not block, so a report can also read what the thread has not read yet. */
static void drain(void)
{
    static char record[8192];

    for (;;) {
        ssize_t n = read(kmsg, record, sizeof record - 1);

        if (n > 0) {
            record[n] = '\0';
            classify(record);
        } else if (n == 0 || (errno != EPIPE && errno != EINTR)) {
            return; /* EPIPE: records were overwritten; the next read returns the oldest that is left */
        }
    }
}

static void *kmsg_main(void *unused)
{
    struct pollfd want = {.fd = kmsg, .events = POLLIN};

    (void)unused;
    for (;;) {
        poll(&want, 1, -1);
        pthread_mutex_lock(&lock);
        drain();
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

void kmsg_start(void)
{
    kmsg = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (kmsg < 0)
        die("cannot open /dev/kmsg: %s", strerror(errno));
    start_thread(kmsg_main, NULL, (int)cfg.beat_cpu, 0);
}

void kmsg_mark(void)
{
    pthread_mutex_lock(&lock);
    drain();
    trouble = clock_trouble = (struct count){0, ""};
    pthread_mutex_unlock(&lock);
}

void kmsg_report(struct text *out)
{
    pthread_mutex_lock(&lock);
    drain();
    text_add(out, " oops=%llu clock=%llu first_trouble=", (unsigned long long)trouble.n,
             (unsigned long long)clock_trouble.n);
    text_quote(out, trouble.n ? trouble.first : "none");
    text_add(out, " first_clock=");
    text_quote(out, clock_trouble.n ? clock_trouble.first : "none");
    pthread_mutex_unlock(&lock);
}

bool kmsg_inject_trouble(void)
{
    static const char line[] = "<3>BUG: injected\n";

    return write(kmsg, line, sizeof line - 1) == (ssize_t)sizeof line - 1;
}
