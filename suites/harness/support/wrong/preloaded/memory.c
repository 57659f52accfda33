/* SPDX-License-Identifier: Apache-2.0
 * Loaded into the real QEMU: it believes that it gives memory back to the host, and keeps it.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

int madvise(void *start, size_t length, int advice)
{
    return advice == MADV_DONTNEED ? 0 : (int)syscall(SYS_madvise, start, length, advice);
}
