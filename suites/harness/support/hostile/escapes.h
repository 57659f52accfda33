// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <errno.h>
#include <stdbool.h>

struct escape {
    const char *name;
    bool (*attempt)(void);
};

// Each table ends with a nameless entry.
extern const struct escape file_escapes[], kernel_escapes[], host_escapes[];

extern const char *host_file, *host_socket, *abstract_socket;
extern int host_port, host_pid;

// Did the kernel let the call past its permission check, even if it failed after that?
static inline bool permitted(long result) { return result >= 0 || (errno != EPERM && errno != EACCES && errno != ENOSYS); }
