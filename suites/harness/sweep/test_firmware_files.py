# SPDX-License-Identifier: Apache-2.0
"""Which firmware each machine type gets, what a build without its files means, and are variables compared?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.builds.build import Build
from fixtures.builds.sandbox import Sandbox
from fixtures.evidence.harm import Harm, Harmed
from fixtures.machine.probe import MachineType
from fixtures.matrix.firmwares import BY_NAME, FIRMWARES, VARIABLES_FILE, Firmware, firmware_words
from fixtures.matrix.schema import load_matrix
from fixtures.matrix.support import Support, load_support
from fixtures.matrix.sweep_plan import plans_of
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord
from fixtures.places import MATRIX_FILE
from fixtures.qualify.pair_under_test import PairUnderTest
from fixtures.still.machine import StillFailure
from fixtures.still.moves import StillMoves
from fixtures.sweep import firmware_files
from fixtures.sweep.firmware_files import FirmwareMoves, arguments_with, sweep_firmware
from fixtures.sweep.forecasts import Judged
from fixtures.sweep.ram_ends import PAGE
from fixtures.sweep.sweep import Sweep

PLANS = [plan for plan in plans_of(load_matrix(MATRIX_FILE)) if plan.part == "firmware"]
FIELD = load_support("field")
FOUR_MIB = BY_NAME["ovmf-4m"]
TYPES = [MachineType(f"pc-{name}", None, False) for name in ("q35-7.2", "i440fx-7.2", "q35-5.0", "q35-2.8")]
EVERYTHING = {file for firmware in FIRMWARES for file in (firmware.code, firmware.variables) if file}


def build(name: str, root: Path, files: Sequence[str], *, is_system: bool = False) -> Build:
    """A build with these files, each with its path as content, some pages long."""
    for file in files:
        path = root / file.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.encode().ljust(2 * PAGE, b"."))
    root.mkdir(exist_ok=True)
    return Build(name, Sandbox(root), {"x86_64": "/usr/bin/qemu-system-x86_64"}, is_system=is_system)


class _Sweep(Sweep):
    """A sweep whose machines all move."""

    def judge(self, moves: StillMoves, **_more: Any) -> Judged:  # noqa: ARG002
        return Judged(Outcome.PASS, "", [])


@pytest.fixture
def swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sweeps builds with these files; gives the cells by machine type and firmware."""
    stays = Harmed(Harm.STRANDED, "it runs on")
    monkeypatch.setattr(FirmwareMoves, "harm", lambda *_args, **_more: stays)
    probe = SimpleNamespace(machine_types=TYPES, offers=lambda _name: True)

    def sweep(
        old: set[str], new: set[str], quick: Support | None = None, *, is_system: bool = False
    ) -> dict[tuple[str, str], CellResult]:
        builds = [
            build(name, tmp_path / name, sorted(files), is_system=is_system)
            for name, files in (("old", old), ("new", new))
        ]
        under_test = SimpleNamespace(
            old=builds[0], new=builds[1], matrix=SimpleNamespace(known_issues=(), support=FIELD)
        )
        nodeid = "suites/compat/test_sweeps.py::test_guests_of_each_firmware_move[x86_64-firmware]"
        made = _Sweep(
            PLANS[0], cast("PairUnderTest", under_test), tmp_path, nodeid, str, place=tmp_path, quick=quick
        )
        cast("Any", made).probes = (probe, probe)
        sweep_firmware(made)
        return {(cell.machine, cell.subject.partition(":")[2]): cell for cell in made.cells}

    return sweep


def test_only_x86_64_is_swept_and_not_once_more_under_kvm() -> None:
    """Lose this and a run starts machines whose firmware's size cannot matter."""
    assert [(plan.id, "slow" in plan.marks) for plan in PLANS] == [("x86_64-firmware", False)]


def test_newest_type_of_each_family_has_each_firmware(swept: Any) -> None:
    """Lose this and guests on `pc`, which Nova and Proxmox give by default, are not tried."""
    cells = swept(EVERYTHING, EVERYTHING)
    assert {name for machine, name in cells if machine == "pc-q35-7.2"} == set(BY_NAME)
    assert {name for machine, name in cells if machine == "pc-i440fx-7.2"} == {
        name for name, firmware in BY_NAME.items() if not firmware.secure
    }
    assert {machine for machine, _ in cells} == {"pc-q35-7.2", "pc-q35-2.8", "pc-i440fx-7.2"}


def test_quick_sweep_starts_the_newest_types_alone(swept: Any) -> None:
    """Lose this and a run of a minute spends seconds on firmware that old types have as well."""
    machines = {machine for machine, _ in swept(EVERYTHING, EVERYTHING, quick=FIELD)}
    assert machines == {"pc-q35-7.2", "pc-i440fx-7.2"}


def test_file_that_the_new_build_does_not_ship_strands_its_guests(swept: Any) -> None:
    """Lose this and nobody knows before the update that UEFI guests of 2 MiB cannot be moved."""
    cell = swept(EVERYTHING, EVERYTHING - {BY_NAME["ovmf-2m"].code})["pc-q35-7.2", "ovmf-2m"]
    assert (cell.outcome, cell.harm) == (Outcome.REMOVED, Harm.STRANDED)
    assert cell.reason == "the new build does not ship /usr/share/OVMF/OVMF_CODE.fd, which the old build has"


@pytest.mark.parametrize("lacks", ["code", "variables"])
def test_file_that_the_old_build_does_not_ship_says_nothing(lacks: str, swept: Any) -> None:
    """Lose this and a build is blamed for firmware that its guests cannot have."""
    file = getattr(BY_NAME["ovmf-2m"], lacks)
    cell = swept(EVERYTHING - {file}, EVERYTHING)["pc-q35-7.2", "ovmf-2m"]
    assert (cell.outcome, cell.reason) == (Outcome.UNSUPPORTED, f"the old build does not ship {file}")


@pytest.mark.parametrize("side", ["old", "new"])
def test_build_without_ovmf_is_not_blamed(side: str, swept: Any) -> None:
    """Lose this and each build of kind `tree` strands all UEFI guests."""
    files = {"old": EVERYTHING, "new": EVERYTHING} | {side: set()}
    cells = swept(files["old"], files["new"])
    assert cells["pc-q35-7.2", "seabios"].outcome is Outcome.PASS
    others = [cell for (_, name), cell in cells.items() if name != "seabios"]
    assert {cell.outcome for cell in others} == {Outcome.UNSUPPORTED}
    assert {cell.reason for cell in others} == {f"the {side} build has no UEFI firmware (package ovmf)"}


def test_system_that_no_longer_has_ovmf_strands_its_guests(swept: Any) -> None:
    """Lose this and an update that drops all UEFI firmware is judged safe."""
    cells = swept(EVERYTHING, set(), is_system=True)
    others = [cell for (_, name), cell in cells.items() if name != "seabios"]
    assert {(cell.outcome, cell.harm) for cell in others} == {(Outcome.REMOVED, Harm.STRANDED)}
    assert others[0].reason == "the new build has no UEFI firmware (package ovmf), which the old build has"


def test_systems_without_ovmf_on_both_sides_say_nothing(swept: Any) -> None:
    """Lose this and a pair without UEFI guests has findings about them."""
    cells = swept(set(), set(), is_system=True)
    assert {cell.outcome for (_, name), cell in cells.items() if name != "seabios"} == {Outcome.UNSUPPORTED}


@pytest.mark.parametrize(
    "name, words, others",
    [
        ("seabios", (), ("-bios", "pflash", "smm=on")),
        ("ovmf-bios", ("-bios /usr/share/ovmf/OVMF.fd",), ("pflash",)),
        ("ovmf-4m", ("pflash0=code,pflash1=variables", "OVMF_CODE_4M.fd,read-only=on"), ("smm=on", "secure")),
        ("ovmf-secboot-2m", ("smm=on", "OVMF_CODE.secboot.fd", "property=secure,value=on"), ("-bios",)),
    ],
)
def test_machine_gets_its_firmware_as_libvirt_gives_it(
    name: str, words: tuple[str, ...], others: tuple[str, ...], tmp_path: Path
) -> None:
    """Lose this and a sweep of one firmware moves machines of another."""
    line = " ".join(arguments_with(BY_NAME[name], "x86_64", "pc-q35-7.2", tmp_path))
    assert all(word in line for word in words)
    assert not any(word in line for word in others)


@pytest.fixture
def moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FirmwareMoves:
    """Moves of a machine that keeps its variables in the file of its guest."""

    def memory(machine: Any, _place: Path, address: int, size: int) -> bytes:
        assert (address, size) == ((4 << 30) - 4 * PAGE, 2 * PAGE)
        return bytes(machine.memory)

    monkeypatch.setattr(firmware_files, "memory_of", memory)
    sweep = Sweep(PLANS[0], cast("PairUnderTest", SimpleNamespace(old=None, new=None)), tmp_path, "", str)
    return FirmwareMoves(sweep.spec(()), tmp_path, sweep.effort, firmware=FOUR_MIB)


@pytest.mark.parametrize(
    "sent, written, found",
    [
        (True, True, ""),
        (False, True, "in memory"),
        (True, False, "in their file"),
        (False, False, "in memory"),
    ],
)
def test_flash_memory_that_is_not_sent_or_not_written_is_found(
    sent: bool, written: bool, found: str, moves: FirmwareMoves, tmp_path: Path
) -> None:
    """Lose this and an update that resets the boot entries and keys of a guest passes."""
    file = tmp_path / VARIABLES_FILE
    source = build("old", tmp_path / "old", sorted(EVERYTHING))
    moves.prepare(source)
    of_source = file.read_bytes()
    moves.expect(source)
    opened = file.read_bytes()
    assert of_source.startswith(FOUR_MIB.variables.encode())
    assert of_source != opened

    def runs(_command: str) -> None:
        file.write_bytes(of_source if written else opened)

    memory = of_source if sent else opened
    machine = cast("Any", SimpleNamespace(programs=moves.spec.programs, memory=memory, ask=runs))
    if not found:
        moves.arrived(machine, source)
        return
    with pytest.raises(StillFailure, match=f"others {found}") as failure:
        moves.arrived(machine, source)
    assert failure.value.check == "nvram"


def test_guest_that_loses_its_variables_is_changed(
    moves: FirmwareMoves, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lose this and a guest that may not boot again counts as one that stayed at the source."""
    failed = RunRecord("old", "new", "fail", "nvram: others", "nvram: others")
    monkeypatch.setattr(StillMoves, "run", lambda *_: failed)
    assert moves.run(cast("Any", None), cast("Any", None)).harm is Harm.CHANGED


def test_source_without_a_template_of_variables_fails_cleanly(moves: FirmwareMoves, tmp_path: Path) -> None:
    """Lose this and a new build that ships code alone ends the sweep in an error of the suite."""
    lacking = build("new", tmp_path / "new", [FOUR_MIB.code])
    with pytest.raises(StillFailure, match=r"new does not ship /usr/share/OVMF/OVMF_VARS_4M\.fd"):
        moves.prepare(lacking)


@pytest.mark.parametrize(
    "names, words",
    [
        (["ovmf-2m"], "UEFI firmware of 2 MiB (OVMF_CODE.fd)"),
        (
            ["ovmf-2m", "ovmf-secboot-2m"],
            "UEFI firmware of 2 MiB (OVMF_CODE.fd or OVMF_CODE.secboot.fd)",
        ),
        (["seabios", "ovmf-bios"], "SeaBIOS or UEFI firmware that is given by -bios (OVMF.fd)"),
        (["coreboot"], "the firmware coreboot"),
    ],
)
def test_firmware_has_words(names: list[str], words: str) -> None:
    """Lose this and a reader must know the suite's names of firmware."""
    assert firmware_words(names) == words


@pytest.mark.parametrize("firmware", FIRMWARES, ids=lambda firmware: firmware.name)
def test_policy_field_knows_each_firmware(firmware: Firmware, swept: Any) -> None:
    """Lose this and guests with UEFI firmware, which all managers give, have the tier of `pc-q35`."""
    cell = swept(EVERYTHING, EVERYTHING)["pc-q35-7.2", firmware.name]
    assert cell.tier == ("best-effort" if firmware.name == "ovmf-bios" else "supported")
    assert ("UEFI" in cell.tier_reason) == bool(firmware.code)


def test_quick_run_tries_what_managers_give(tmp_path: Path) -> None:
    """Lose this and `--quick` finds no guest of 2 MiB firmware, or one that nobody supports."""
    sweep = replace(Sweep(PLANS[0], cast("PairUnderTest", None), tmp_path, "", str), quick=FIELD)
    wanted = {name for name in BY_NAME if sweep.wants("pc-q35-7.2", f"firmware:{name}")}
    assert wanted == set(BY_NAME) - {"ovmf-bios"}
