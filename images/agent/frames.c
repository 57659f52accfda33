/* SPDX-License-Identifier: Apache-2.0
 * What the kernel uses a frame of RAM for, by its own account: Documentation/admin-guide/mm/pagemap.rst. */
#include "agent_memory.h"

#include <fcntl.h>
#include <unistd.h>

static bool read_of_frame(const char *path, uint64_t frame, uint64_t *value)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : pread(fd, value, sizeof *value, (off_t)(frame * sizeof *value));

    if (fd >= 0)
        close(fd);
    return n == sizeof *value;
}

void frame_report(struct text *out, uint64_t address)
{
    uint64_t frame = address / cfg.page, flags, mapped;

    if (read_of_frame("/proc/kpageflags", frame, &flags) && read_of_frame("/proc/kpagecount", frame, &mapped))
        text_add(out, " flags=%llu mapped=%llu", (unsigned long long)flags, (unsigned long long)mapped);
    else
        text_fail(out, "the kernel has no frame at %llu", (unsigned long long)address);
}
