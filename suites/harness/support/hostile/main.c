// SPDX-License-Identifier: Apache-2.0
// A hostile program of a build: it tries to leave its sandbox, one named escape after another.
//
//   main HOST_PID HOST_PORT ABSTRACT_SOCKET HOST_SOCKET HOST_FILE
//
// The arguments name things of the host: a process, a TCP port and an abstract socket that accept
// connections, a socket file, and a file to read. It prints one line for each escape: the name, then
// `done`, or `refused` with the reason. An escape is done once the kernel lets the program past its
// permission check: calls that would harm the host get arguments that the kernel rejects only after it.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escapes.h"

const char *host_file, *host_socket, *abstract_socket;
int host_port, host_pid;

static void attempt(const struct escape *escape) {
    pid_t child = fork();
    if (child == 0) {
        errno = 0;
        bool done = escape->attempt();
        printf("%s %s %s\n", escape->name, done ? "done" : "refused", done ? "" : strerror(errno));
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status))
        printf("%s refused signal %d\n", escape->name, WTERMSIG(status));
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 2;
    host_pid = atoi(argv[1]);
    host_port = atoi(argv[2]);
    abstract_socket = argv[3];
    host_socket = argv[4];
    host_file = argv[5];
    for (const struct escape *escape = file_escapes; escape->name; escape++)
        attempt(escape);
    for (const struct escape *escape = kernel_escapes; escape->name; escape++)
        attempt(escape);
    for (const struct escape *escape = host_escapes; escape->name; escape++)
        attempt(escape);
    return 0;
}
