/* SPDX-License-Identifier: Apache-2.0
 * Runs readback_x86.c on a made-up PC, and prints what it did: `name value`. Argument: `busy` for serial
 * ports that always send, `refused` for a kernel that does not let ports be used, `fault` for a CPU that faults.
 * Of its HPET timer 0 is periodic and timer 1 one-shot, both without an interrupt; timer 2 is armed. `armed`:
 * timer 1 is armed, too. */
#include "readback.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
#include <ucontext.h>

static bool busy, refused, fault, armed, alone;
static uint64_t clock_us_now, polls_alone, most_polls_alone, serial_unread;

uint64_t now_us(void)
{
    return ++clock_us_now;
}

uint64_t stretched_us(uint64_t us)
{
    return us;
}

void sleep_until_us(uint64_t mono_us)
{
    clock_us_now = mono_us;
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
    (void)pid;
    (void)policy;
    alone = param->sched_priority > 20;
    if (!alone)
        polls_alone = 0;
    return 0;
}

bool ports_work(void)
{
    return !fault;
}

int iopl(int level)
{
    (void)level;
    errno = EPERM;
    return refused ? -1 : 0;
}

unsigned char inb(unsigned short port)
{
    if (alone && ++polls_alone > most_polls_alone)
        most_polls_alone = polls_alone;
    if (port == 0x3fd || port == 0x2fd)
        return busy ? 0 : 0x60;
    return port == 0x64 ? 0xff : 0;
}

unsigned short inw(unsigned short port)
{
    (void)port;
    return 0;
}

unsigned inl(unsigned short port)
{
    (void)port;
    return 0;
}

void outb(unsigned char value, unsigned short port)
{
    (void)value;
    (void)port;
}

/* The port of VMware's mouse is read by an instruction of one byte, which is no function. */
static void answer_vmmouse(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

    (void)number;
    (void)info;
    registers[REG_RAX] = 0x10003;
    registers[REG_RIP]++;
}

volatile void *mapped_memory(uint64_t page)
{
    static uint32_t hpet[0x1000 / 4] = {[0x100 / 4] = 0x8, [0x120 / 4] = 0x130, [0x140 / 4] = 0x4};

    if (armed)
        hpet[0x120 / 4] = 0x134;
    return page == 0xfed00000u ? hpet : NULL;
}

bool helper_run_on_all(struct text *out, void (*job)(unsigned cpu, void *arg))
{
    (void)out;
    (void)job;
    return false;
}

struct config cfg;

void readings_add(const char *group, unsigned offset, uint64_t value)
{
    printf("%s.%x=%llx\n", group, offset, (unsigned long long)value);
}

void readings_unread(const char *group, unsigned offset)
{
    printf("unread=%s.%x\n", group, offset);
    serial_unread += strncmp(group, "serial", 6) == 0;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_sigaction = answer_vmmouse, .sa_flags = SA_SIGINFO};
    struct text out;

    sigaction(SIGSEGV, &action, NULL);
    busy = argc > 1 && !strcmp(argv[1], "busy");
    refused = argc > 1 && !strcmp(argv[1], "refused");
    fault = argc > 1 && !strcmp(argv[1], "fault");
    armed = argc > 1 && !strcmp(argv[1], "armed");
    text_start(&out);
    readback_platform(&out, 500000);
    printf("waited_us=%llu\n", (unsigned long long)clock_us_now);
    printf("most_polls_alone=%llu\n", (unsigned long long)most_polls_alone);
    printf("serial_unread=%llu\n", (unsigned long long)serial_unread);
    printf("answer=%.*s\n", (int)out.len, out.buf);
    return 0;
}
