# SPDX-License-Identifier: Apache-2.0
"""A guest that obeys a management layer without any QEMU, and one that disobeys in one point."""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from fixtures.evidence.beats import Line, crc16
from fixtures.evidence.checks import Check
from fixtures.machine.management import ActFailed, BalloonStats
from fixtures.matrix.guestspec import GuestSpec
from fixtures.matrix.names import Arch

MIB = 1 << 20
MAC = bytes.fromhex("525400123456")
MACHINES: Mapping[Arch, str] = {"x86_64": "pc-q35-7.2", "ppc64le": "pseries-7.2"}


class Beats:
    """The lines of a console on which a running guest beats each time that somebody looks."""

    def __init__(self, guest: ScriptedGuest) -> None:
        self._guest = guest
        self._lines: list[Line] = []

    def __len__(self) -> int:
        return len(self._look())

    def __getitem__(self, part: slice) -> list[Line]:
        return self._look()[part]

    def _look(self) -> list[Line]:
        if self._guest.running:
            body = f"B {len(self._lines)} {len(self._lines) * 4000} 1 0".encode()
            self._lines.append(Line(time.monotonic(), body + f" *{crc16(body):04x}".encode()))
        return self._lines


@dataclass
class ScriptedGuest:
    """The guest, its agent and the management layer of its machine in one."""

    arch: Arch = "x86_64"
    deaf_to: str = ""
    """The act of :class:`fixtures.machine.management.Management` that has no effect."""
    refuses: str = ""
    """The act that QEMU refuses."""
    running: bool = True
    stands_still: bool = False
    keys: int = 0
    power: int = 0
    carrier: int = 1
    disk: int = 8 * MIB
    plugged: int = 1
    held: int = 0
    """Bytes in the balloon."""
    polled: int = 0
    """Seconds between two statistics of the balloon; 0: none."""
    updated: int = 0
    """When they came last."""
    fed: bool = False
    fired: bool = False
    addresses: list[str] = field(default_factory=lambda: ["33:33:00:00:00:01"])
    nvram: str = "f742"
    end: str = ""
    """What is wrong with QEMU's end."""
    frames: bytes = b""
    checks: list[Check] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spec = GuestSpec(self.arch, MACHINES[self.arch], 1, "idle", "managed", 0)
        self.agent: Any = SimpleNamespace(ask=self.ask)
        console = SimpleNamespace(lines=Beats(self))
        self.machine: Any = SimpleNamespace(
            channels={"console": console}, build=SimpleNamespace(name="old"), registers=lambda: None
        )
        self.processor: Any = SimpleNamespace(fills_registers=lambda **_: None)
        self.beats_arrive = lambda _wanted: None

    def __getattribute__(self, name: str) -> Any:
        """The act, unless it has no effect or is refused."""
        own = super().__getattribute__
        if name == own("deaf_to"):
            return lambda *_words, **_named: None
        if name == own("refuses"):
            return own("_refused")
        return own(name)

    def _refused(self, *_words: object, **_named: object) -> None:
        raise ActFailed("QEMU refuses it", refused=True)

    # The agent

    def ask(self, command: str, **arguments: Any) -> Mapping[str, str]:
        """The answer of the agent."""
        answers: dict[str, dict[str, object]] = {
            "inputs": {"keys": self.keys, "power": self.power},
            "observe": {
                "memory_kib": (200 * MIB - self.held) >> 10,
                "carrier": self.carrier,
                "disk_bytes": self.disk,
                "epow": 0,
            },
            "entries": {"count": self.plugged},
            "nvram": {"crc": self.nvram},
        }
        if command == "watchdog":
            self.fed = "seconds" in arguments
            self.fired = self.fired or (not self.fed and self.deaf_to != "bites")
        return {name: str(value) for name, value in answers.get(command, {}).items()}

    def kernel_log_is_clean(self) -> Check:
        """It always is."""
        return self.record(Check("kernel-log", held=True, detail=""))

    def record(self, check: Check) -> Check:
        """Keep a check."""
        self.checks.append(check)
        return check

    # The management layer

    def pause(self) -> None:
        """No beats from now on."""
        self.running = False

    def resume(self) -> None:
        """Beats again."""
        self.running = True

    def press_power_button(self) -> None:
        """One more request."""
        self.power += 1

    def press_key(self) -> None:
        """One more key."""
        self.keys += 1

    def set_link(self, *, up: bool) -> None:
        """The carrier follows."""
        self.carrier = int(up)

    def resize_disk(self, octets: int) -> None:
        """The disk follows."""
        self.disk = octets

    def plug(self) -> None:
        """One more device."""
        self.plugged += 1

    def unplug(self) -> None:
        """One device less."""
        self.plugged -= 1

    def balloon(self, octets: int) -> None:
        """The balloon follows."""
        self.held = (self.spec.memory_kib >> 10 << 20) - octets

    def balloon_size(self) -> int:
        """What the balloon leaves the guest."""
        return (self.spec.memory_kib >> 10 << 20) - self.held

    def poll_balloon(self, seconds: int) -> None:
        """Statistics come from now on."""
        self.polled = seconds

    def balloon_polling(self) -> int:
        """How often they come."""
        return self.polled

    def balloon_stats(self) -> BalloonStats:
        """One second later each time that somebody looks, if they come."""
        self.updated += bool(self.polled)
        return BalloonStats(self.updated, self.ask_memory() >> 10)

    def ask_memory(self) -> int:
        """Bytes of memory that the statistics say."""
        return 200 * MIB - self.held

    def watchdog_fired(self) -> bool:
        """Did it?"""
        return self.fired

    def rx_filter(self) -> Mapping[str, Any]:
        """A filter with one table."""
        return {"promiscuous": False, "main-mac": MAC.hex(":"), "multicast-table": list(self.addresses)}

    def ended_by_guest(self) -> str:
        """As scripted."""
        return self.end


def pcap(*ethertypes: int) -> bytes:
    """A file with a frame of each of these types."""
    whole = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65536, 1)
    for ethertype in ethertypes:
        frame = b"\xff" * 6 + MAC + ethertype.to_bytes(2, "big") + bytes(46)
        whole += struct.pack("=IIII", 1, 2, len(frame), len(frame)) + frame
    return whole
