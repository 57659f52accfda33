// SPDX-License-Identifier: Apache-2.0
// Escapes by mounts and files.

#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "escapes.h"

#define EXT_ROOT_INODE 2
#define FOREVER_WRITABLE "/sys/kernel/mm/transparent_hugepage/enabled"

static bool opens(const char *path, int flags) {
    int descriptor = open(path, flags | O_CLOEXEC, 0600);
    return descriptor >= 0 && close(descriptor) == 0;
}

static void remount_writable(const char *path) {
    mount(NULL, path, NULL, MS_REMOUNT, NULL);
    mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL);
}

static bool write_root(void) { return opens("/escaped", O_WRONLY | O_CREAT); }

static bool remount_root(void) {
    remount_writable("/");
    return opens("/escaped", O_WRONLY | O_CREAT);
}

static bool remount_sys(void) {
    remount_writable("/sys");
    return opens(FOREVER_WRITABLE, O_WRONLY);
}

static bool write_core_pattern(void) {
    remount_writable("/proc");
    remount_writable("/proc/sys");
    return opens("/proc/sys/kernel/core_pattern", O_WRONLY);
}

static bool trigger_sysrq(void) { return opens("/proc/sysrq-trigger", O_WRONLY); }

static bool mount_tmpfs(void) { return mount("none", "/tmp", "tmpfs", 0, NULL) == 0; }

static bool open_file_system(void) { return syscall(SYS_fsopen, "tmpfs", 0) >= 0; }

static bool clone_tree(void) { return syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */) >= 0; }

static bool unmount_proc(void) { return umount2("/proc", MNT_DETACH) == 0; }

// A new user namespace has all capabilities, over a copy of the mounts.
static bool remount_in_user_namespace(void) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    remount_writable("/");
    opens("/escaped", O_WRONLY | O_CREAT);
    return true;
}

static bool clone_user_namespace(void) {
    long child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0)
        _exit(0);
    return child > 0;
}

static bool clone3_user_namespace(void) {
    struct {
        unsigned long long flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0)
        _exit(0);
    return child > 0;
}

static bool join_namespace(void) {
    int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    return setns(own, CLONE_NEWNS) == 0;
}

static bool change_root(void) { return chroot("/tmp") == 0; }

// A file handle names an inode of the file system that the root lies on, wherever its directory is.
static bool open_root_of_file_system(void) {
    struct {
        struct file_handle head;
        unsigned int inode, generation;
    } handle = {.head = {.handle_bytes = 8, .handle_type = 1}, .inode = EXT_ROOT_INODE};
    int mounted = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return permitted(open_by_handle_at(mounted, &handle.head, O_RDONLY));
}

static bool make_disk(void) { return mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)) == 0; }

static bool make_memory(void) { return mknod("/tmp/memory", S_IFCHR | 0600, makedev(1, 1)) == 0; }

static bool open_memory(void) { return opens("/dev/mem", O_RDONLY) || opens("/dev/kmem", O_RDONLY); }

const struct escape file_escapes[] = {
    {"write-root", write_root},
    {"remount-root", remount_root},
    {"remount-sys", remount_sys},
    {"write-core-pattern", write_core_pattern},
    {"trigger-sysrq", trigger_sysrq},
    {"mount-tmpfs", mount_tmpfs},
    {"open-file-system", open_file_system},
    {"clone-tree", clone_tree},
    {"remount-in-user-namespace", remount_in_user_namespace},
    {"clone-user-namespace", clone_user_namespace},
    {"clone3-user-namespace", clone3_user_namespace},
    {"join-namespace", join_namespace},
    {"change-root", change_root},
    {"open-root-of-file-system", open_root_of_file_system},
    {"make-disk", make_disk},
    {"make-memory", make_memory},
    {"open-memory", open_memory},
    {"unmount-proc", unmount_proc},
    {NULL, NULL},
};
