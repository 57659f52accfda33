// SPDX-License-Identifier: Apache-2.0
// Escapes by system calls that change the kernel, the host's clock, or another process.

#define _GNU_SOURCE
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <unistd.h>

#include "escapes.h"

#define FIRST_PROCESS 1
#define UNKNOWN_FLAGS 0xff00ff00UL
#define PIDFD_OPEN 434
#define PIDFD_GETFD 438

static bool load_module(void) { return permitted(syscall(SYS_init_module, "junk", 4UL, "")); }

static bool load_module_file(void) { return permitted(syscall(SYS_finit_module, -1, "", 0)); }

static bool load_kernel(void) { return permitted(syscall(SYS_kexec_load, 0UL, 0UL, NULL, UNKNOWN_FLAGS)); }

static bool load_bpf(void) {
    union bpf_attr attributes = {.prog_type = BPF_PROG_TYPE_SOCKET_FILTER};
    return permitted(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
}

static bool measure_host(void) {
    struct perf_event_attr attributes = {.size = sizeof attributes};
    return permitted(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0UL));
}

static bool read_keyring(void) {
    return permitted(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_SESSION_KEYRING, 1));
}

static bool add_key(void) {
    return permitted(syscall(SYS_add_key, "user", "hotpatch-escape", "1", 1UL, KEY_SPEC_PROCESS_KEYRING));
}

static bool set_clock(void) {
    struct timex invalid = {.modes = ADJ_TICK, .tick = 0};
    return permitted(adjtimex(&invalid));
}

static bool read_kernel_log(void) { return permitted(syscall(SYS_syslog, 10 /* size of the buffer */, NULL, 0)); }

static bool trace_first_process(void) { return ptrace(PTRACE_SEIZE, FIRST_PROCESS, NULL, NULL) == 0; }

static bool read_first_process(void) {
    char byte;
    struct iovec here = {&byte, 1}, there = {(void *)1, 1};
    return permitted(process_vm_readv(FIRST_PROCESS, &here, 1, &there, 1, 0));
}

static bool take_descriptor(void) {
    int process = (int)syscall(PIDFD_OPEN, FIRST_PROCESS, 0);
    return permitted(syscall(PIDFD_GETFD, process, 0, 0));
}

static bool type_on_terminal(void) { return ioctl(STDIN_FILENO, TIOCSTI, "x") == 0; }

static bool gain_privileges(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1; }

static bool administer(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    return syscall(SYS_capget, &header, data) == 0 && (data[0].permitted & 1U << CAP_SYS_ADMIN) != 0;
}

const struct escape kernel_escapes[] = {
    {"load-module", load_module},
    {"load-module-file", load_module_file},
    {"load-kernel", load_kernel},
    {"load-bpf", load_bpf},
    {"measure-host", measure_host},
    {"read-keyring", read_keyring},
    {"add-key", add_key},
    {"set-clock", set_clock},
    {"read-kernel-log", read_kernel_log},
    {"trace-first-process", trace_first_process},
    {"read-first-process", read_first_process},
    {"take-descriptor", take_descriptor},
    {"type-on-terminal", type_on_terminal},
    {"gain-privileges", gain_privileges},
    {"administer", administer},
    {NULL, NULL},
};
