# SPDX-License-Identifier: Apache-2.0
"""A build as a distribution makes it, qualified for real.

Its machine types have other names, it has no libslirp, and its only QEMU is qemu-kvm in /usr/libexec.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures.builds.build import open_build
from fixtures.cache import cache_root
from fixtures.hosts.attempt_dir import attempt_dir
from fixtures.machine.probe import probed
from fixtures.machine.type_order import line_of
from fixtures.matrix.build_specs import DebianBuild
from fixtures.matrix.schema import load_matrix
from fixtures.run.executing import pair_under_test_of
from suites.harness.support.distribution_qemu import make_distribution
from suites.harness.support.seeded_run import RUN_SECONDS, SeededRun, copy_of_checkout, run_seeded
from suites.harness.support.wrong_builds import matrix_with

pytestmark = [pytest.mark.x86_64, pytest.mark.seeded, pytest.mark.timeout(RUN_SECONDS)]
NAMES = {
    "pc-q35-10.0": "pc-q35-rhel9.8.0",
    "pc-q35-9.2": "pc-q35-rhel9.6.0",
    "pc-q35-9.1": "pc-q35-rhel9.4.0",
    "pc-q35-8.2": "pc-q35-noble",
    "pc-q35-8.1": "pc-q35-noble-hpb",
    "pc-i440fx-9.1": "pc-i440fx-9.1+pve1",
}
"""By QEMU's own names. Their aliases stay: q35 points to pc-q35-rhel9.8.0."""
RIGHT, BUILD = "debian-13", "as-a-distribution"
GUEST = "x86_64-q35.newest-old-qmp-postcopy-busy-virtio-2vcpu"
ABOUT_A_CARD = "x86_64-q35.newest-old-qmp-precopy-idle-devices-1vcpu-drivers-e1000"

Qualify = Callable[..., SeededRun]


@pytest.fixture
def matrix(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A matrix with the build, which is made of links to debian-13, of kind `root` and without `qemu`."""
    own = pair_under_test_of(request.config).matrix
    if not isinstance(own.builds.get(RIGHT), DebianBuild):
        pytest.skip(f"it is made of links to the build {RIGHT}, which matrix.yaml does not have")
    with attempt_dir(cache_root()) as place:  # Hard links must be on the file system of their file.
        root = make_distribution(open_build(own, RIGHT).sandbox.root, place / "root", NAMES)
        given = Path(request.config.getoption("--matrix"))
        yield matrix_with(given, {BUILD: root}, tmp_path / "matrix.yaml")


@pytest.fixture
def qualify(matrix: Path, tmp_path: Path) -> Qualify:
    """Qualifies the build against itself, with these words on the command line."""

    def qualified(*words: str) -> SeededRun:
        checkout = copy_of_checkout(tmp_path / "checkout")
        words = ("--arch", "x86_64", "-n", "1", *words)
        return run_seeded(checkout, matrix, BUILD, BUILD, words, kvm_works=False)

    return qualified


def test_types_of_a_distribution_are_found(matrix: Path) -> None:
    """Lose this and QEMU is not found in /usr/libexec, or none of its machine types."""
    build = open_build(load_matrix(matrix), BUILD)
    probe = probed(build, "x86_64")
    assert build.programs == {"x86_64": "/usr/libexec/qemu-kvm"}
    assert not probe.has_user_network
    assert all(probe.offers(name) for name in NAMES.values())
    assert line_of(probe, "q35").types == ("pc-q35-rhel9.4.0", "pc-q35-rhel9.6.0", "pc-q35-rhel9.8.0")


def test_types_of_a_distribution_are_swept(qualify: Qualify) -> None:
    """Lose this and the guests of a distribution are stranded by an update that is called safe."""
    run = qualify("suites/compat/test_sweeps.py", "--subject", "*/machine")
    swept = {cell["machine"] for cell in run.verdict["cells"]}
    assert set(NAMES.values()) <= swept, run.said[-3000:]
    assert not swept & set(NAMES)
    assert run.verdict["verdict"] == "safe"
    assert {cell["outcome"] for cell in run.verdict["cells"]} == {"pass"}


@pytest.mark.slow
def test_guests_go_without_what_libslirp_gives(qualify: Qualify) -> None:
    """Lose this and no guest of a build without libslirp starts, or a cell about its card passes."""
    run = qualify("suites", "-m", "slow or not slow", "-k", f"{GUEST} or {ABOUT_A_CARD}")
    guest, card = run.cell(GUEST), run.cell(ABOUT_A_CARD)
    assert guest is not None, run.said[-3000:]
    assert card is not None, run.said[-3000:]
    assert (guest["outcome"], guest["machine"]) == ("pass", "pc-q35-rhel9.8.0")
    assert "its guest has no network card on a user network" in guest["reason"]
    assert card["outcome"] == "unsupported"
    assert "built without libslirp" in card["reason"]
    assert run.verdict["verdict"] == "safe"
