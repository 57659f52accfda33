/* SPDX-License-Identifier: Apache-2.0
 *
 * The guest agent: PID 1 of the guest and its only program. This header declares most of its modules; those
 * that hold memory are in agent_memory.h, those that drive devices in agent_devices.h, the disk writer's in
 * blocks.h, the TPM's in tpm.h, the CD-ROM drive's in cdrom.h, commands in commands.h.
 *
 * The agent must be able to report a dead vCPU or device. Hence three rules:
 *  - all threads are created at start-up: a later pthread_create() or munmap() can block on a dead vCPU;
 *  - beats and commands run on one vCPU (cfg.beat_cpu) and work when all other vCPUs are dead;
 *  - code that serves a command never waits without a deadline.
 *
 * Names: a function is named after its module. `*_inject_*` functions inject a fault on purpose, so that
 * the suite can prove that its checks fail. Times are in microseconds of CLOCK_MONOTONIC (`*_us`).
 */
#ifndef AGENT_H
#define AGENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTOCOL 1
#define MAX_CPUS 64
/* A "page" in the agent is 4 KiB on both architectures: QEMU migrates RAM in units of 4 KiB, whatever the
 * page size of the guest kernel (64 KiB on ppc64le). */
#define UNIT 4096u
#define UNITS_PER_MIB 256u

struct config {
    char console[32], port[32];
    bool busy;
    char devices[1024]; /* names of the devices to check, separated by commas */
    unsigned beat_ms, beat_rest, beat_cpu, cpus, page;
    unsigned stretch; /* percent by which bounds are longer, because the host is slow: 100 to 10000 */
    bool without_dscr; /* POWER: leave DSCR out of the registers that hold known values */
    char arch[32], release[80];
};
extern struct config cfg;
uint64_t stretched_us(uint64_t us); /* a bound of so long on a fast host */

/* text.c: lines of the two ports, their checksum and their parts */
struct text {
    char buf[8192];
    size_t len;
    bool failed; /* the line is an error message, not an answer */
};
void text_start(struct text *t);
void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_fail(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_quote(struct text *t, const char *raw); /* percent-encoded */
void text_seal(struct text *t);                   /* " *<crc>\n" */
uint16_t crc16(const char *data, size_t len);
bool text_to_number(const char *s, uint64_t *value); /* decimal digits only; `s` may be NULL */

/* registers_x86.c, registers_ppc.c: known values in the vCPU's registers, compared with what is found */
void registers_prepare(bool without_dscr);             /* before any thread is started */
long registers_held_syscall(long nr, const long a[6]); /* every sleep; returns the result or -errno */
void registers_hold(void);                             /* until the next call; see the source */
void registers_release(void);
#ifdef __x86_64__ /* for a source file whose functions run between the two */
#define WITHOUT_HELD_REGISTERS _Pragma("GCC target(\"general-regs-only\")")
#else
#define WITHOUT_HELD_REGISTERS _Pragma("GCC target(\"no-vsx,no-altivec\")")
#endif
void registers_spin(uint64_t rounds);                  /* in user space, without a system call */
void registers_list_kinds(struct text *out);           /* which registers are held */
/* registers.c: what was found on each vCPU */
void registers_compared(void);
void registers_lost(const char *name, const void *expected, const void *found, size_t size);
void registers_report(struct text *out);
bool registers_inject_loss(unsigned cpu);
bool registers_take_injected_loss(void);

/* sys.c: time, threads, futexes, small files */
uint64_t clock_us(int clock);
uint64_t now_us(void);
void sleep_until_us(uint64_t mono_us);
void futex_wait_us(_Atomic uint32_t *word, uint32_t while_is, uint64_t deadline_us);
void futex_wake(_Atomic uint32_t *word);
void start_thread(void *(*body)(void *), void *arg, int cpu, int fifo); /* cpu -1: any vCPU */
bool read_text_file(const char *path, char *out, size_t size);
bool write_text_file(const char *path, const char *text);
bool write_all(int fd, const char *data, size_t len);
int open_raw_tty(const char *name);
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void power_off(void) __attribute__((noreturn));
void restart(void) __attribute__((noreturn));
void crash(void);   /* panics the kernel */
void suspend(void); /* to RAM (ACPI's S3); returns when the guest is awake again */

/* boot.c: mounts and the kernel command line */
void boot_mount(void);
void boot_ignore_power_off_requests(void);
void boot_configure(void);

/* identity.c: what Linux found when it booted */
void identity_report(struct text *out);

/* irq_affinity.c: interrupts and kernel threads move to the beat vCPU */
void irq_affinity_to_beat_vcpu(bool future_interrupts);

/* beat.c: the lines on the console that show that the guest runs */
void beat_start(int console);
uint64_t beat_seq(void);
void beat_report_pages(struct text *out);
uint64_t beat_mono_us(void); /* the monotonic clock as reported, including an injected step back */
void beat_inject_gap(void);
void beat_inject_clock_back(uint64_t us);

/* ran.c: how long this guest has run; its clock also counts the time in which its vCPUs wait for pages or a core */
void ran_until_beat(uint64_t at); /* called by the thread that beats */
uint64_t ran_us(void);
/* As futex_wait_us(), until this guest has run for so long; may return early. */
void ran_wait(_Atomic uint32_t *word, uint32_t while_is, uint64_t until_ran_us);

/* progress.c: what each vCPU has done, and whether its worker has stopped */
extern _Atomic uint64_t progress[MAX_CPUS];
bool progress_inject_stall(unsigned cpu);
bool progress_stall_requested(unsigned cpu);
void progress_set_worker_ended(unsigned cpu);
bool progress_worker_ended(unsigned cpu); /* the worker is not in the middle of a page either */

/* worker.c: one thread per vCPU, which increments its progress counter */
void worker_start(void);

/* helper.c: a pinned thread per vCPU that runs short jobs */
bool helper_post(unsigned cpu, void (*job)(unsigned cpu, void *arg), void *arg);
bool helper_done(unsigned cpu);
bool helper_wait(unsigned cpu, uint64_t deadline_us);
void helper_tick(unsigned cpu); /* a long job calls this to show that it makes progress */
bool helper_run_on_all(struct text *out, void (*job)(unsigned cpu, void *arg));
void helper_start(void);

/* jobs.c: a thread that does one job at a time, which may never end */
struct jobs {
    void (*run)(unsigned job);
    _Atomic uint32_t posted, done;
    unsigned next;
};
void jobs_start(struct jobs *jobs); /* before any command: creates the thread */
void jobs_post(struct jobs *jobs, unsigned job);
bool jobs_at_rest(struct jobs *jobs);
/* Waits until the last job is done, or the guest has run for so long; as long as `counter` grows, if that is given. */
bool jobs_finished(struct jobs *jobs, uint64_t us, _Atomic uint64_t *counter);
/* holder.c: a thread per vCPU that spins with known values in its registers whenever it can */
void holder_start(void);
void holder_spin(unsigned cpu, bool on);

/* breakpoint.c: does the vCPU's hardware breakpoint count a write? Runs on that vCPU */
bool breakpoint_count_one_write(unsigned cpu, uint64_t *hits); /* false: it has none */

/* cpu_state.c: what the guest can read of each vCPU; cpu_state_x86.c, cpu_state_ppc.c: reading it */
enum cpu_value_kind { CPUID, MSR, SPECIAL, BREAKPOINT };
struct cpu_value {
    enum cpu_value_kind kind;
    uint32_t leaf, subleaf; /* or the number of the register */
    uint32_t words[4];
};
#define MAX_CPU_VALUES 640
unsigned cpu_state_read(unsigned cpu, struct cpu_value *values); /* runs on that vCPU */
void cpu_state_keep(struct text *out);
void cpu_state_compare(struct text *out);

/* wake.c: can each vCPU still be woken? */
void wake_start(void);
void wake_command(struct text *out);
bool wake_inject_no_answer(unsigned cpu);

/* counter.c: reads a counter together with the monotonic clock */
struct counter_reading {
    uint64_t ticks, mono_us;
};
struct counter_reading counter_read(uint64_t (*read)(void));
void counter_add(struct text *out, struct counter_reading r, uint64_t hz, unsigned bits);
/* counters_x86.c, counters_power.c */
uint64_t ticks_read(void); /* the vCPU's own counter: TSC or timebase */
void counters_report(struct text *out);
/* frequency.c: how fast the vCPUs' counters count by the kernel's clock, in the last second; and which clock that is */
#define CLOCK_SOURCE "/sys/devices/system/clocksource/clocksource0/current_clocksource"
void frequency_sample(void); /* now and then; called by one thread */
uint64_t frequency_now(void); /* in Hz */
uint64_t clock_source_changed_us(void); /* when another clock was first seen than before; 0: never */
/* clocks.c: reads all clocks of the guest */
void clocks_report(struct text *out);

/* rtc.c: the real-time clock and its alarm */
void rtc_start(void);
void rtc_arm(struct text *out, uint64_t seconds); /* an alarm after so many seconds */
void rtc_report(struct text *out);

/* timers.c: timers on each vCPU, armed before a move */
void timers_start(void);
void timers_wait(unsigned cpu, uint64_t mono_us); /* notes meanwhile when one of this vCPU's expires */
void timers_arm(struct text *out, uint64_t longer);
void timers_report(struct text *out);
bool timers_inject_loss(unsigned cpu);

/* kmsg.c: errors in the kernel log */
void kmsg_start(void);
void kmsg_mark(void);
void kmsg_report(struct text *out);
bool kmsg_inject_trouble(void);

/* firmware.c: ACPI tables, SMBIOS, device tree */
void firmware_report(struct text *out);
void firmware_part(struct text *out, const char *name, uint64_t at);

/* observe.c: what the guest sees of the things that a management layer changes */
void observe_report(struct text *out);
void observe_entries(struct text *out, const char *directory, const char *start);
/* watchdog.c: feeds the watchdog until the host asks it to stop */
void watchdog_start(void);
void watchdog_arm(struct text *out, uint64_t seconds);
void watchdog_starve(struct text *out);
/* nvram.c: size and checksum of the NVRAM; `mark` is written to its end, or NULL */
void nvram_command(struct text *out, const char *mark);
/* readback.c: registers of devices, kept before a move and compared after it */
void readback_keep(struct text *out);
void readback_compare(struct text *out);

#endif
