# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin for runs over builds with defects: their stand-in injects faults into QEMU by tracing it.

For every other build the seccomp filter forbids tracing.
"""

from __future__ import annotations

from fixtures.builds import seccomp

NEEDED = frozenset(["ptrace", "process_vm_readv", "process_vm_writev"])


def pytest_configure() -> None:
    """Let the programs of all builds trace processes of their own sandbox."""
    seccomp.FORBIDDEN = tuple(name for name in seccomp.FORBIDDEN if name not in NEEDED)
