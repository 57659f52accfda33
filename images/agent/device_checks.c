/* SPDX-License-Identifier: Apache-2.0
 * Runs the device checks: on demand, and continuously (churn) so that I/O is in flight at switchover.
 *
 * Each check has its own thread. A request that a device has lost blocks its thread in the kernel for
 * ever, and no signal ends it; that must not happen to the thread that serves the commands. */
#include "agent_devices.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* All checks run at the same time, so each takes longer the more there are. */
#define BOUND_US 3000000u
#define BOUND_EACH_US 300000u
/* A check's deadline is this much earlier than the round's, so that the check can report its own reason. */
#define OWN_REASON_US 200000u
#define CHURN_PERIOD_MS 50u
#define MOST_CHURN_PERIOD_MS 10000u
#define MAX_DEVICES 48

struct check;
typedef void report_result(struct check *c, const char *reason, uint64_t took_us, void *arg);

struct check {
    struct device device;
    _Atomic uint32_t posted, done;
    bool started; /* in this round */
    uint64_t took_us;
    char reason[REASON];
};
static struct check checks[MAX_DEVICES];
static unsigned n_checks;
static pthread_mutex_t round_lock = PTHREAD_MUTEX_INITIALIZER; /* held for one round at most */

static struct {
    pthread_mutex_t lock;
    uint64_t rounds, failed, worst_us;
    bool failed_now; /* a check of this round has failed */
    const char *worst_of;
    char first[REASON];
} churn = {.worst_of = "none", .lock = PTHREAD_MUTEX_INITIALIZER};
static _Atomic uint32_t churn_on;
static _Atomic uint32_t churn_period_us = CHURN_PERIOD_MS * 1000;

struct device *checks_add(const char *name, const char *selector, device_check *body, bool in_churn)
{
    struct check *c = &checks[n_checks];

    if (n_checks == MAX_DEVICES)
        return NULL;
    n_checks++;
    snprintf(c->device.name, sizeof c->device.name, "%s", name);
    snprintf(c->device.selector, sizeof c->device.selector, "%s", selector);
    c->device.check = body;
    c->device.in_churn = in_churn;
    return &c->device;
}

bool checks_exist(void)
{
    return n_checks > 0;
}

static void *check_main(void *arg)
{
    struct check *c = arg;

    for (;;) {
        uint32_t seen = atomic_load(&c->done);
        uint64_t start;

        if (atomic_load(&c->posted) == seen) {
            futex_wait_us(&c->posted, seen, UINT64_MAX);
            continue;
        }
        c->reason[0] = '\0';
        start = now_us();
        c->device.check(&c->device, c->reason);
        c->took_us = now_us() - start;
        atomic_store(&c->done, seen + 1);
        futex_wake(&c->done);
    }
    return NULL;
}

/* `deadline` is on the clock of ran_us(); 0 is not to wait. */
static bool finished(struct check *c, uint64_t deadline)
{
    while (atomic_load(&c->done) != atomic_load(&c->posted) && ran_us() < deadline)
        ran_wait(&c->done, atomic_load(&c->posted) - 1, deadline);
    return atomic_load(&c->done) == atomic_load(&c->posted);
}

static uint64_t bound_us(void)
{
    return stretched_us(BOUND_US + n_checks * BOUND_EACH_US);
}

static void post(struct check *c, uint64_t deadline)
{
    c->started = finished(c, 0);
    if (!c->started)
        return;
    c->device.deadline_us = deadline - OWN_REASON_US;
    atomic_fetch_add(&c->posted, 1);
    futex_wake(&c->posted);
}

/* While a check still runs, its thread owns `took_us` and `reason`: do not read them. */
static void collect(struct check *c, uint64_t start, uint64_t deadline,
                    report_result *report, void *arg)
{
    char late[REASON];

    if (!c->started) {
        report(c, "an earlier request has not ended", 0, arg);
    } else if (finished(c, deadline)) {
        report(c, c->reason, c->took_us, arg);
    } else {
        snprintf(late, sizeof late, "no end within %llu ms", (unsigned long long)bound_us() / 1000);
        report(c, late, now_us() - start, arg);
    }
}

/* Runs the check of each device once, all at the same time, so that each has a request in flight. */
static void run_round(bool churning, report_result *report, void *arg)
{
    uint64_t start, deadline;

    pthread_mutex_lock(&round_lock);
    start = now_us();
    deadline = ran_us() + bound_us();
    for (unsigned i = 0; i < n_checks; i++)
        if (!churning || checks[i].device.in_churn)
            post(&checks[i], deadline);
    for (unsigned i = 0; i < n_checks; i++)
        if (!churning || checks[i].device.in_churn)
            collect(&checks[i], start, deadline, report, arg);
    pthread_mutex_unlock(&round_lock);
}

static void add_result(struct check *c, const char *reason, uint64_t took_us, void *out)
{
    (void)took_us;
    text_add(out, " %s=", c->device.name);
    text_quote(out, *reason ? reason : "ok");
}

void checks_run_all(struct text *out)
{
    run_round(false, add_result, out);
}

static void count_churn(struct check *c, const char *reason, uint64_t took_us, void *unused)
{
    (void)unused;
    pthread_mutex_lock(&churn.lock);
    if (took_us > churn.worst_us) {
        churn.worst_us = took_us;
        churn.worst_of = c->device.name;
    }
    if (*reason && !churn.failed && !churn.failed_now)
        snprintf(churn.first, sizeof churn.first, "%.31s: %.120s", c->device.name, reason);
    churn.failed_now = churn.failed_now || *reason;
    pthread_mutex_unlock(&churn.lock);
}

static void *churn_main(void *unused)
{
    uint64_t next = now_us();

    (void)unused;
    for (;;) {
        if (!atomic_load(&churn_on)) {
            futex_wait_us(&churn_on, 0, UINT64_MAX);
            continue;
        }
        run_round(true, count_churn, NULL);
        pthread_mutex_lock(&churn.lock);
        churn.rounds++;
        churn.failed += churn.failed_now;
        churn.failed_now = false;
        pthread_mutex_unlock(&churn.lock);
        next += atomic_load(&churn_period_us);
        if (next < now_us())
            next = now_us() + atomic_load(&churn_period_us) / 10;
        sleep_until_us(next);
    }
    return NULL;
}

/* Turning churn on sets its counters to 0. `period_ms` is 0 for the usual time from one round to the next. */
bool checks_set_churn(bool on, uint64_t period_ms)
{
    if (period_ms > MOST_CHURN_PERIOD_MS)
        return false;
    atomic_store(&churn_period_us, (uint32_t)(period_ms ? period_ms : CHURN_PERIOD_MS) * 1000);
    pthread_mutex_lock(&churn.lock);
    if (on && !atomic_load(&churn_on)) {
        churn.rounds = churn.failed = churn.worst_us = 0;
        churn.worst_of = "none";
        churn.first[0] = '\0';
        churn.failed_now = false;
    }
    pthread_mutex_unlock(&churn.lock);
    atomic_store(&churn_on, on);
    futex_wake(&churn_on);
    return true;
}

void checks_churn_report(struct text *out)
{
    pthread_mutex_lock(&churn.lock);
    text_add(out, " rounds=%llu failed=%llu worst_us=%llu worst_of=%s first=",
             (unsigned long long)churn.rounds, (unsigned long long)churn.failed,
             (unsigned long long)churn.worst_us, churn.worst_of);
    text_quote(out, churn.failed ? churn.first : "none");
    pthread_mutex_unlock(&churn.lock);
}

/* In a busy guest the checks run on any vCPU, so that every queue of a device is used. In an idle guest they
 * run on the beat vCPU only, because the other vCPUs must sleep. */
void checks_start(void)
{
    int cpu = cfg.busy ? -1 : (int)cfg.beat_cpu;
    bool has_net = false;

    for (unsigned i = 0; i < n_checks; i++) {
        start_thread(check_main, &checks[i], cpu, 0);
        if (checks[i].device.check == check_port)
            port_echo_start(checks[i].device.selector);
        has_net = has_net || checks[i].device.check == check_net;
    }
    if (has_net)
        network_echo_start();
    start_thread(churn_main, NULL, (int)cfg.beat_cpu, 0);
}
