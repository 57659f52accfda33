/* SPDX-License-Identifier: Apache-2.0
 * The beats: a line on the console every few ms. The host sees by them whether the guest runs. */
#include "agent_memory.h"

#include <string.h>
#include <sys/mman.h>

WITHOUT_HELD_REGISTERS

#define BEAT_AREA (4u << 20)
#define TOUCHED_PER_BEAT 64u
#define MOST_REST_US 1000000u /* a beat during which the guest was moved took as long as the move */

static int console_fd;
static unsigned char *beat_pages;
static _Atomic uint64_t wrong_pages, wrong_expected, wrong_found;
static _Atomic uint64_t seq, clock_back_us;
static _Atomic bool skip_next;

uint64_t beat_seq(void)
{
    return atomic_load(&seq);
}

uint64_t beat_mono_us(void)
{
    return now_us() - atomic_load(&clock_back_us);
}

void beat_inject_gap(void)
{
    atomic_store(&skip_next, true);
}

void beat_inject_clock_back(uint64_t us)
{
    atomic_fetch_add(&clock_back_us, us);
}

/* An idle guest must always have dirty pages too, or precopy could end before postcopy starts. */
static void dirty_pages(uint64_t beat)
{
    static uint64_t written[BEAT_AREA / UNIT / TOUCHED_PER_BEAT]; /* the latest beat in each group of pages */
    static unsigned group;

    for (unsigned i = 0; i < TOUCHED_PER_BEAT; i++) {
        unsigned char *page = beat_pages + (group * TOUCHED_PER_BEAT + i) * UNIT;
        uint64_t found;

        memcpy(&found, page, sizeof found);
        if (found != written[group] && atomic_fetch_add(&wrong_pages, 1) == 0) {
            atomic_store(&wrong_expected, written[group]);
            atomic_store(&wrong_found, found);
        }
        memcpy(page, &beat, sizeof beat);
    }
    written[group] = beat;
    group = (group + 1) % (BEAT_AREA / UNIT / TOUCHED_PER_BEAT);
}

/* Each page must still have the number of the beat that wrote it last. */
void beat_report_pages(struct text *out)
{
    text_add(out, " beat_pages=%u beat_bad=%llu beat_expected=%llu beat_found=%llu", BEAT_AREA / UNIT,
             (unsigned long long)atomic_load(&wrong_pages), (unsigned long long)atomic_load(&wrong_expected),
             (unsigned long long)atomic_load(&wrong_found));
}

static void send_beat(void)
{
    static struct text line; /* used by the beat thread only */
    uint64_t n = atomic_load(&seq) + 1 + atomic_exchange(&skip_next, false);

    registers_hold();
    dirty_pages(n);
    registers_release();
    text_start(&line);
    text_add(&line, "B %llu %llu ", (unsigned long long)n, (unsigned long long)beat_mono_us());
    for (unsigned i = 0; i < cfg.cpus; i++)
        text_add(&line, i ? ",%llu" : "%llu", (unsigned long long)atomic_load(&progress[i]));
    text_add(&line, " %llu", (unsigned long long)memory_laps());
    text_seal(&line);
    atomic_store(&seq, n);
    /* A vCPU that sends to a serial port waits for QEMU, so it is often stopped here. */
    registers_hold();
    write_all(console_fd, line.buf, line.len); /* blocks; a beat is never dropped */
    registers_release();
}

/* This thread has a realtime priority: without a rest, beats that take long leave no time for other threads. */
static uint64_t rest_us(uint64_t beat_took_us)
{
    uint64_t rest = cfg.beat_rest * beat_took_us;

    return rest < MOST_REST_US ? rest : MOST_REST_US;
}

static void *beat_main(void *unused)
{
    uint64_t period = cfg.beat_ms * 1000u, next = now_us();
    struct text hello;

    (void)unused;
    write_all(console_fd, "\n", 1); /* firmware or kernel may have printed an unfinished line */
    text_start(&hello);
    text_add(&hello, "H %d %s %u %u %s", PROTOCOL, cfg.arch, cfg.cpus, cfg.page, cfg.release);
    text_seal(&hello);
    write_all(console_fd, hello.buf, hello.len);
    for (;;) {
        uint64_t begun = now_us(), now, earliest;

        ran_until_beat(begun);
        frequency_sample();
        send_beat();
        next += period;
        now = now_us();
        if (next <= now) /* late: do not make up for missed beats, because the host measures the gap */
            next = now + period;
        earliest = now + rest_us(now - begun);
        if (next < earliest)
            next = earliest;
        sleep_until_us(next);
    }
    return NULL;
}

void beat_start(int console)
{
    console_fd = console;
    beat_pages = mmap(NULL, BEAT_AREA, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (beat_pages == MAP_FAILED)
        die("no memory for the beat pages");
    start_thread(beat_main, NULL, (int)cfg.beat_cpu, 50);
}
