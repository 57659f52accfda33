/* SPDX-License-Identifier: Apache-2.0
 * In place of the agent's sys.c: time, futexes and threads of this machine, without a real-time scheduler. Before it is
 * included, STRETCH may say how bounds differ from the agent's. */
#include "agent.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#ifndef STRETCH
#define STRETCH
#endif

uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

void sleep_until_us(uint64_t mono_us)
{
    while (now_us() < mono_us)
        usleep(1000);
}

uint64_t stretched_us(uint64_t us)
{
    return us STRETCH;
}

void futex_wait_us(_Atomic uint32_t *word, uint32_t while_is, uint64_t deadline_us)
{
    while (*word == while_is && now_us() < deadline_us)
        usleep(100);
}

/* This machine does not stand still. */
uint64_t ran_us(void)
{
    return now_us();
}

void ran_wait(_Atomic uint32_t *word, uint32_t while_is, uint64_t until_ran_us)
{
    futex_wait_us(word, while_is, until_ran_us);
}

void futex_wake(_Atomic uint32_t *word)
{
    (void)word;
}

void start_thread(void *(*body)(void *), void *arg, int cpu, int fifo)
{
    pthread_t thread;

    (void)cpu;
    (void)fifo;
    if (pthread_create(&thread, NULL, body, arg) != 0)
        abort();
}
