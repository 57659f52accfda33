/* SPDX-License-Identifier: Apache-2.0
 * x86: can this process use I/O ports? A host that QEMU emulates refuses them to a guest under KVM whatever
 * ioperm says: after a VMLOAD its CPU no longer takes the guest's TSS for one (type 11, "busy", in check_io of
 * target/i386/tcg/seg_helper.c). */
#ifdef __x86_64__
#include "readback.h"

#include <sys/io.h>
#include <sys/wait.h>
#include <unistd.h>

#define POST_CODE 0x80u /* reading it has no effect */

bool ports_work(void)
{
    static enum { UNKNOWN, YES, NO } known;
    int status = -1;

    if (known == UNKNOWN) {
        pid_t child = fork();

        if (child == 0) {
            if (!ioperm(POST_CODE, 1, 1))
                inb(POST_CODE);
            _exit(0);
        }
        known = child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) ? NO : YES;
    }
    return known == YES;
}
#endif
