# SPDX-License-Identifier: Apache-2.0
"""`make pins`: says what is gone and what is newer, and moves pins without touching anything else."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from fixtures.builds import pins
from fixtures.builds.archive import AptIndex
from fixtures.builds.debian_root import DebianRoot
from fixtures.builds.series import Candidate
from fixtures.builds.yaml_edit import replaced
from fixtures.errors import Unsupported, UsageError
from fixtures.matrix.build_specs import DebianBuild
from fixtures.matrix.document import Place
from fixtures.matrix.schema import Kernel, load_matrix
from fixtures.places import MATRIX_FILE

PLACE: Place = ("builds", "debian-12", "packages", "seabios")

TEXT = """\
# What is qualified.
builds:
  debian-12:   # QEMU 7.2
    packages:  {seabios:   1.16.2-1,   ovmf: "2022.11-6" } # both
    'note': 'seabios: 1.16.2-1'
  other:
    packages:
      seabios:
        1.16.2-1
"""


def test_moving_a_pin_changes_nothing_else() -> None:
    """Lose this and every move of a pin makes a diff too large to review."""
    text = MATRIX_FILE.read_text()
    pinned = cast("DebianBuild", load_matrix(MATRIX_FILE).builds["debian-12"]).packages["seabios"]
    moved = replaced(text, {PLACE: (pinned, "1.16.9-1")}, where="matrix.yaml")
    differing = [
        (old, new) for old, new in zip(text.splitlines(), moved.splitlines(), strict=True) if old != new
    ]
    assert differing == [(f"      seabios: {pinned}", "      seabios: 1.16.9-1")]


def test_layout_and_quotes_of_any_matrix_stay() -> None:
    """Lose this and `make pins` reformats a file that a person formatted."""
    changes: dict[Place, tuple[str, str]] = {
        PLACE: ("1.16.2-1", "1.17"),
        (*PLACE[:-1], "ovmf"): ("2022.11-6", "2022.11-7"),
        ("builds", "other", "packages", "seabios"): ("1.16.2-1", "1.16.4-1"),
    }
    wanted = TEXT.replace(
        '{seabios:   1.16.2-1,   ovmf: "2022.11-6" }', '{seabios:   "1.17",   ovmf: "2022.11-7" }'
    )
    wanted = wanted.replace("        1.16.2-1", "        1.16.4-1")
    assert replaced(TEXT, changes, where="matrix.yaml") == wanted


@pytest.mark.parametrize(
    "text",
    [
        "builds: {debian-12: {packages: {seabios: 1.0}}}",
        "builds: {debian-12: {packages: {}}}",
        "it: &it 1.16.2-1\nbuilds: {debian-12: {packages: {seabios: *it}}}",
        "builds:\n  debian-12:\n    packages:\n      seabios: >-\n        1.16.2-1\n",
    ],
)
def test_pin_that_is_not_written_out_is_left_to_its_owner(text: str) -> None:
    """Lose this and a move through an alias changes other builds, or breaks the file."""
    with pytest.raises(UsageError):
        replaced(text, {PLACE: ("1.16.2-1", "1.16.4-1")}, where="matrix.yaml")


def index(**offers: tuple[Candidate, ...]) -> AptIndex:
    """An archive that has these packages (with `_` for `-`)."""
    known = {name.replace("_", "-"): found for name, found in offers.items()}
    return cast(
        "AptIndex",
        SimpleNamespace(
            offers=lambda name, _suites=(): known.get(name, ()),
            names=lambda prefix: [name for name in known if name.startswith(prefix)],
        ),
    )


def test_other_architectures_are_surveyed_in_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and a pin moves to a version that POWER hosts do not have yet, without a word."""
    build = DebianBuild(kind="debian", suites=("bookworm",), packages={"qemu-system-ppc": "1:7.2-7"})
    offered: list[Candidate] = []
    monkeypatch.setattr(
        "fixtures.builds.mmdebstrap.AptIndex", lambda *_, **__: index(qemu_system_ppc=tuple(offered))
    )
    has_none = "debian-12:ppc64el: unsupported: the suites bookworm have no packages for ppc64el"
    assert list(pins.elsewhere("debian-12", build)) == [has_none]
    offered.append(Candidate("1:7.2-7+b1", "bookworm"))
    assert list(pins.elsewhere("debian-12", build)) == ["debian-12:ppc64el: the archive lists what is pinned"]


def test_lock_has_an_entry_for_each_architecture_that_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose this and POWER hosts' packages are never compared, or what they lack keeps amd64 unlocked."""
    written: dict[str, object] = {}

    def made(name: str, _build: DebianBuild, *, host_arch: str, **_: object) -> DebianRoot:
        if (name, host_arch) == ("debian-11", "ppc64el"):
            raise Unsupported("the suite has none")
        return DebianRoot(Path("place/root"), {}, ())

    monkeypatch.setattr(pins, "whole_root", made)
    monkeypatch.setattr(pins, "check_against_lock", lambda *_, **__: ())
    monkeypatch.setattr(pins, "write_lock", written.__setitem__)
    console = Console(width=160)
    with console.capture() as output:
        for name in ("debian-11", "debian-12"):
            pins._lock(load_matrix(MATRIX_FILE), name, console)
    assert list(written) == ["debian-11", "debian-12", "debian-12:ppc64el"]
    assert "debian-11:ppc64el: not locked: the suite has none" in output.get()


def test_survey_shows_what_moves_and_what_cannot() -> None:
    """Lose this and `--move` silently skips a pin whose whole series is gone."""
    build = DebianBuild(
        kind="debian",
        suites=("bookworm",),
        packages={"seabios": "1.16.2-1", "ovmf": "2.1-1", "ipxe": "1.0-1"},
    )
    archive = index(
        seabios=(Candidate("1.17.0-1", "bookworm"), Candidate("1.16.4-1", "bookworm")),
        ovmf=(Candidate("3.0-1", "bookworm"),),
        ipxe=(Candidate("1.0-1", "bookworm"),),
    )
    found = pins._survey_build("debian-12", build, archive)
    assert found.changes == {PLACE: ("1.16.2-1", "1.16.4-1")}
    assert found.stuck == ["debian-12: ovmf 2.1-1 is gone from the archive, which has 3.0-1"]
    moving = pins._survey_build("debian-12", build.model_copy(update={"moving": True}), archive)
    assert {place[-1]: change for place, change in moving.changes.items()} == {
        "seabios": ("1.16.2-1", "1.17.0-1"),
        "ovmf": ("2.1-1", "3.0-1"),
    }
    assert moving.stuck == []


def test_kernel_moves_to_the_newest_package_of_its_series() -> None:
    """Lose this and the guests' kernel is stuck with the first security update."""
    kernel = Kernel(
        suites=("bookworm",), package="linux-image-6.1.0-9-amd64", version="6.1.27-1", architecture="amd64"
    )
    archive = index(
        linux_image_6_1_0_9_amd64=(),
        **{
            "linux-image-6.1.0-10-amd64": (Candidate("6.1.37-1", "bookworm"),),
            "linux-image-6.1.0-11-amd64-dbg": (Candidate("6.1.38-1", "bookworm"),),
            "linux-image-6.12.1-12-amd64": (Candidate("6.12.1-1", "bookworm"),),
        },
    )
    assert pins._survey_kernel("x86_64", kernel, archive).changes == {
        ("kernels", "x86_64", "package"): ("linux-image-6.1.0-9-amd64", "linux-image-6.1.0-10-amd64"),
        ("kernels", "x86_64", "version"): ("6.1.27-1", "6.1.37-1"),
    }


@pytest.mark.parametrize(
    "arguments,message",
    [
        (["debian12"], "did you mean debian-12?"),
        (["mine"], "build 'mine' is of kind host, which has no pins"),
        (["--lock"], "the lock file is that of the shipped matrix.yaml"),
    ],
)
def test_wrong_arguments_end_with_one_message(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lose this and a typing error ends in a traceback."""
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(MATRIX_FILE.read_text().replace("\nbuilds:\n", "\nbuilds:\n  mine: {kind: host}\n"))
    assert pins.main([*arguments, "--matrix", str(matrix)]) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""
