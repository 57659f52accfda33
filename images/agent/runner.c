/* SPDX-License-Identifier: Apache-2.0
 * Runs the device checks: on demand, and all the time (churn) so that I/O is in flight at switchover.
 *
 * Each check has a thread of its own. A request that a device lost blocks a thread in the kernel for
 * ever, beyond any signal; it must not be the thread that serves the commands. */
#include "agent.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define BOUND_US 3000000u
#define CHURN_PERIOD_US 50000u

struct check {
    const char *name;
    void (*body)(char *reason);
    bool in_churn;
    pthread_mutex_t lock; /* one asker at a time; never held for longer than BOUND_US */
    _Atomic uint32_t posted, done;
    char reason[REASON];
};
static struct check checks[] = {
    {.name = "blk", .body = device_blk, .in_churn = true, .lock = PTHREAD_MUTEX_INITIALIZER},
    {.name = "net", .body = device_net, .in_churn = true, .lock = PTHREAD_MUTEX_INITIALIZER},
    {.name = "rng", .body = device_rng, .in_churn = true, .lock = PTHREAD_MUTEX_INITIALIZER},
    {.name = "balloon", .body = device_balloon, .lock = PTHREAD_MUTEX_INITIALIZER},
    {.name = "console", .body = device_console, .lock = PTHREAD_MUTEX_INITIALIZER},
};
#define CHECKS (sizeof checks / sizeof *checks)

static struct {
    pthread_mutex_t lock;
    uint64_t rounds, failed, worst_us;
    const char *worst_of;
    char first[REASON];
} churn = {.worst_of = "none", .lock = PTHREAD_MUTEX_INITIALIZER};
static _Atomic uint32_t churn_on;

static void *check_main(void *arg)
{
    struct check *c = arg;

    for (;;) {
        uint32_t seen = atomic_load(&c->done);

        if (atomic_load(&c->posted) == seen) {
            futex_wait_us(&c->posted, seen, UINT64_MAX);
            continue;
        }
        c->reason[0] = '\0';
        c->body(c->reason);
        atomic_store(&c->done, seen + 1);
        futex_wake(&c->done);
    }
    return NULL;
}

static bool finished(struct check *c, uint64_t deadline)
{
    while (atomic_load(&c->done) != atomic_load(&c->posted) && now_us() < deadline)
        futex_wait_us(&c->done, atomic_load(&c->posted) - 1, deadline);
    return atomic_load(&c->done) == atomic_load(&c->posted);
}

static void run(struct check *c, char *reason)
{
    pthread_mutex_lock(&c->lock);
    if (!finished(c, 0)) {
        snprintf(reason, REASON, "an earlier request has not ended");
    } else {
        atomic_fetch_add(&c->posted, 1);
        futex_wake(&c->posted);
        if (finished(c, now_us() + BOUND_US))
            memcpy(reason, c->reason, REASON);
        else
            snprintf(reason, REASON, "no end within %u ms", BOUND_US / 1000);
    }
    pthread_mutex_unlock(&c->lock);
}

void runner_devices(struct text *out)
{
    for (unsigned i = 0; i < CHECKS; i++) {
        char reason[REASON] = "";

        run(&checks[i], reason);
        text_add(out, " %s=", checks[i].name);
        text_quote(out, *reason ? reason : "ok");
    }
}

static void churn_once(struct check *c)
{
    char reason[REASON] = "";
    uint64_t start = now_us(), took;

    run(c, reason);
    took = now_us() - start;
    pthread_mutex_lock(&churn.lock);
    if (took > churn.worst_us) {
        churn.worst_us = took;
        churn.worst_of = c->name;
    }
    if (*reason && churn.failed++ == 0)
        snprintf(churn.first, sizeof churn.first, "%s: %.140s", c->name, reason);
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
        for (unsigned i = 0; i < CHECKS; i++)
            if (checks[i].in_churn)
                churn_once(&checks[i]);
        pthread_mutex_lock(&churn.lock);
        churn.rounds++;
        pthread_mutex_unlock(&churn.lock);
        next += CHURN_PERIOD_US;
        if (next < now_us())
            next = now_us() + CHURN_PERIOD_US / 10;
        sleep_until_us(next);
    }
    return NULL;
}

/* Turning it on begins a new count. */
void runner_churn(bool on)
{
    pthread_mutex_lock(&churn.lock);
    if (on && !atomic_load(&churn_on)) {
        churn.rounds = churn.failed = churn.worst_us = 0;
        churn.worst_of = "none";
        churn.first[0] = '\0';
    }
    pthread_mutex_unlock(&churn.lock);
    atomic_store(&churn_on, on);
    futex_wake(&churn_on);
}

void runner_churn_report(struct text *out)
{
    pthread_mutex_lock(&churn.lock);
    text_add(out, " rounds=%llu failed=%llu worst_us=%llu worst_of=%s first=",
             (unsigned long long)churn.rounds, (unsigned long long)churn.failed,
             (unsigned long long)churn.worst_us, churn.worst_of);
    text_quote(out, churn.failed ? churn.first : "none");
    pthread_mutex_unlock(&churn.lock);
}

/* In a busy guest requests start on any vCPU, so that each uses its own queue; in an idle guest only
 * the beat vCPU may be disturbed. */
void runner_start(void)
{
    int cpu = cfg.busy ? -1 : (int)cfg.beat_cpu;

    for (unsigned i = 0; i < CHECKS; i++)
        start_thread(check_main, &checks[i], cpu, 0);
    start_thread(churn_main, NULL, (int)cfg.beat_cpu, 0);
}
