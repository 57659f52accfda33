/* SPDX-License-Identifier: Apache-2.0
 * Where /proc/kcore, an ELF file, has the kernel's memory. */
#include "agent_memory.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

int kcore_open(struct kcore *k)
{
    Elf64_Ehdr header;
    Elf64_Phdr segments[KCORE_RANGES];
    int fd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);

    k->n = 0;
    if (fd >= 0 && pread(fd, &header, sizeof header, 0) == sizeof header && header.e_phnum <= KCORE_RANGES
        && pread(fd, segments, header.e_phnum * sizeof *segments, (off_t)header.e_phoff) > 0)
        for (const Elf64_Phdr *s = segments; s < segments + header.e_phnum; s++)
            if (s->p_type == PT_LOAD)
                k->ranges[k->n++] = (struct kcore_range){s->p_vaddr, s->p_memsz, (off_t)s->p_offset};
    return fd;
}

off_t kcore_offset(const struct kcore *k, uint64_t address)
{
    for (const struct kcore_range *r = k->ranges; r < k->ranges + k->n; r++)
        if (address >= r->address && address - r->address < r->size)
            return r->offset + (off_t)(address - r->address);
    return -1;
}
