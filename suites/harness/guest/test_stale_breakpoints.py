# SPDX-License-Identifier: Apache-2.0
"""The suite recognises a guest that hangs because TCG still runs a breakpoint that Linux has removed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from fixtures.errors import DidNotBoot, HungAtBoot
from fixtures.guest.diagnosis import TRAP_LOOKS, hang_of_tcg, stale_breakpoint
from fixtures.guest.guest import Guest
from fixtures.machine.human_monitor import REGISTERS
from fixtures.matrix.guestspec import GuestSpec
from fixtures.waiting import Late

SITE, HANDLER, STACK = 0xFFFFFFFF811556E5, 0xFFFFFFFF81C00BA0, 0xFFFFC9000009BE18
SPEC = GuestSpec("x86_64", "pc-q35-7.2", 2, "busy", "bare", 0)


def registers(*instructions: int) -> str:
    """`info registers -a` of vCPUs at these addresses, with the lines that matter here."""
    return "\r\n".join(
        f"CPU#{number}\r\nR14=0000000000000001 RSP={STACK + number * 4096:016x}\r\n"
        f"RIP={at:016x} RFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\r\n"
        "IDT=     fffffe0000000000 00000fff\r\n"
        for number, at in enumerate(instructions)
    )


class Monitor:
    """A machine with a scripted human monitor."""

    def __init__(self, looks: Iterable[tuple[int, ...]], byte: str = "0x0f", behind: int = SITE + 1) -> None:
        """`looks`: where the vCPUs are, one look after another; `byte` is in memory at the breakpoint."""
        self._looks = [registers(*look) for look in looks]
        self._memory = {
            "x /4xw 0xfffffe0000000030": "fffffe0000000030: 0x00100ba0 0x81c08e00 0xffffffff 0x00000000\r\n",
            f"x /1xg {STACK:#x}": f"{STACK:016x}: {behind:#018x}\r\n",
            f"x /1xg {STACK + 4096:#x}": f"{STACK + 4096:016x}: {behind:#018x}\r\n",
            f"x /1xb {behind - 1:#x}": f"{behind - 1:016x}: {byte}\r\n",
        }
        self.asked = 0

    def monitor_prints(self, command: str) -> str | None:
        """The last look stays."""
        if command == REGISTERS:
            self.asked += 1
            return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        return self._memory.get(command)

    def interrupts(self) -> None:
        """No interrupt was lost."""


def machine(*looks: tuple[int, ...], **more: Any) -> Any:
    """A machine as the diagnosis asks it."""
    return Monitor(looks, **more)


def test_vcpu_that_takes_a_breakpoint_again_that_is_gone_is_found() -> None:
    """Lose this and one boot in thousands, under an old build, leaves a night undecided."""
    said = stale_breakpoint(machine((SITE, HANDLER), (SITE, SITE), (HANDLER, SITE), (SITE, HANDLER)))
    where = "at 0xffffffff811556e5, where memory has none any more"
    assert said == f"vCPU 1 takes the breakpoint again and again {where}"


@pytest.mark.parametrize(
    "looks, more",
    [
        ([(SITE, SITE)], {}),
        ([(SITE, HANDLER), (SITE, SITE)], {}),
        ([(SITE, HANDLER)], {"byte": "0xcc"}),
        ([(SITE, HANDLER)], {"byte": "Cannot access memory"}),
        ([(HANDLER, SITE), (SITE, HANDLER), (SITE, SITE)], {}),
    ],
    ids=["hangs-elsewhere", "took-it-once", "is-there", "cannot-be-read", "each-took-it-once"],
)
def test_other_hangs_are_not_those_of_a_breakpoint(
    looks: list[tuple[int, ...]], more: dict[str, Any]
) -> None:
    """Lose this and a build that hangs for another reason is given a second boot."""
    asked = machine(*looks, **more)
    assert hang_of_tcg(asked) == ""
    assert asked.asked <= TRAP_LOOKS + 1


def test_machine_that_cannot_be_asked_has_no_known_hang() -> None:
    """Lose this and a QEMU that answers nothing ends the suite."""
    silent: Any = Monitor([(SITE, SITE)])
    silent.monitor_prints = lambda _command: None
    assert hang_of_tcg(silent) == ""


@pytest.mark.parametrize("looks, kind", [((SITE, HANDLER), HungAtBoot), ((SITE, SITE), DidNotBoot)])
def test_boot_is_tried_again_only_if_tcg_is_known_for_its_hang(
    looks: tuple[int, ...], kind: type[DidNotBoot], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and the boot that TCG stopped is an error, or each hang is tried again."""

    def late(*_arguments: object) -> None:
        raise Late("waited 90 s")

    monkeypatch.setattr("fixtures.guest.guest.wait_for_beats", late)
    booting = machine(looks)
    booting.build = type("Build", (), {"name": "debian-12"})
    with pytest.raises(DidNotBoot, match="did not boot on debian-12: waited 90 s") as raised:
        Guest(SPEC, lambda check: check).boots_on(booting)
    assert type(raised.value) is kind
