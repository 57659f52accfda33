# SPDX-License-Identifier: Apache-2.0
"""Which lines of its kernel's log the guest agent counts as errors."""

from __future__ import annotations

import pytest

from suites.harness.support.agent_parts import Part, compiled_part

BOOT_OPTIONS = "console=hvc0 hotpatch.devices=blk,net rcupdate.rcu_cpu_stall_timeout=116 watchdog_thresh=55"


@pytest.fixture(scope="module")
def kernel_log(tmp_path_factory: pytest.TempPathFactory) -> Part:
    """Prints the agent's report of the lines that it is given."""
    return compiled_part("kernel_log", ["kmsg", "text"], tmp_path_factory.mktemp("kernel_log"))


@pytest.mark.parametrize(
    "line",
    [
        f"Kernel command line: {BOOT_OPTIONS}",
        f"Command line: {BOOT_OPTIONS} hotpatch.devices=virtio-disk",
        f'Unknown kernel command line parameters "{BOOT_OPTIONS}", will be passed to user space.',
        "\\x09RCU CPU stall warnings timeout set to 116 (rcu_cpu_stall_timeout).",
    ],
)
def test_kernel_options_are_no_error(kernel_log: Part, line: str) -> None:
    """Lose this and a guest of an emulated host that reboots is said to have stalled."""
    assert "oops=0 " in kernel_log(line)


@pytest.mark.parametrize(
    "line",
    [
        "rcu: INFO: rcu_sched detected stalls on CPUs/tasks:",
        "rcu: INFO: rcu_sched self-detected stall on CPU",
        "rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 1-... } 21 jiffies s: 5 root: 0x2/.",
    ],
)
def test_stall_is_an_error(kernel_log: Part, line: str) -> None:
    """Lose this and a guest whose vCPUs stall after the move passes."""
    assert "oops=1 " in kernel_log(line)
