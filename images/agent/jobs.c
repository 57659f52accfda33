/* SPDX-License-Identifier: Apache-2.0
 * A thread that does one job at a time, so that a request which never ends blocks it and no command of the host. */
#include "agent.h"

static void *jobs_main(void *arg)
{
    struct jobs *jobs = arg;

    for (;;) {
        uint32_t seen = atomic_load(&jobs->done);

        if (atomic_load(&jobs->posted) == seen) {
            futex_wait_us(&jobs->posted, seen, UINT64_MAX);
            continue;
        }
        jobs->run(jobs->next);
        atomic_store(&jobs->done, seen + 1);
        futex_wake(&jobs->done);
    }
    return NULL;
}

void jobs_start(struct jobs *jobs)
{
    start_thread(jobs_main, jobs, cfg.busy ? -1 : (int)cfg.beat_cpu, 0);
}

bool jobs_at_rest(struct jobs *jobs)
{
    return atomic_load(&jobs->done) == atomic_load(&jobs->posted);
}

void jobs_post(struct jobs *jobs, unsigned job)
{
    jobs->next = job;
    atomic_fetch_add(&jobs->posted, 1);
    futex_wake(&jobs->posted);
}

bool jobs_finished(struct jobs *jobs, uint64_t us, _Atomic uint64_t *counter)
{
    uint64_t before;

    do {
        uint64_t deadline = ran_us() + stretched_us(us);

        before = counter ? atomic_load(counter) : 0;
        while (!jobs_at_rest(jobs) && ran_us() < deadline)
            ran_wait(&jobs->done, atomic_load(&jobs->posted) - 1, deadline);
    } while (!jobs_at_rest(jobs) && counter && atomic_load(counter) != before);
    return jobs_at_rest(jobs);
}
