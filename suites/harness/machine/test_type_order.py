# SPDX-License-Identifier: Apache-2.0
"""Machine types of distributions, by their real names: which are found, and in which order.

The names, aliases and deprecations are those of `-machine help` of qemu-kvm of RHEL 9.8 and of QEMU
8.2.2+ds-0ubuntu1.16 of Ubuntu 24.04.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from fixtures.builds.build import Build
from fixtures.machine.machine_types import Removed, notes_on_order, resolve
from fixtures.machine.probe import MachineType, Probe
from fixtures.machine.type_descriptions import described_in, descriptions
from fixtures.machine.type_order import in_order, line_of, newest_by_version
from fixtures.matrix.old_machine_types import has_attention_buttons, starts_elf_kernel, under_tcg
from fixtures.sweep.machines import newest_of_family
from fixtures.sweep.sweep import Sweep

RHEL = """\
pc                   RHEL 7.6.0 PC (i440FX + PIIX, 1996) (alias of pc-i440fx-rhel7.6.0)
pc-i440fx-rhel7.6.0  RHEL 7.6.0 PC (i440FX + PIIX, 1996) (default) (deprecated)
q35                  RHEL-9.8.0 PC (Q35 + ICH9, 2009) (alias of pc-q35-rhel9.8.0)
pc-q35-rhel9.8.0     RHEL-9.8.0 PC (Q35 + ICH9, 2009)
pc-q35-rhel9.6.0     RHEL-9.6.0 PC (Q35 + ICH9, 2009)
pc-q35-rhel9.4.0     RHEL-9.4.0 PC (Q35 + ICH9, 2009)
pc-q35-rhel9.2.0     RHEL-9.2.0 PC (Q35 + ICH9, 2009)
pc-q35-rhel9.0.0     RHEL-9.0.0 PC (Q35 + ICH9, 2009)
pc-q35-rhel8.6.0     RHEL-8.6.0 PC (Q35 + ICH9, 2009) (deprecated)
pc-q35-rhel7.6.0     RHEL-7.6.0 PC (Q35 + ICH9, 2009) (deprecated)
none                 empty machine
"""
UBUNTU = """\
pc-q35-zesty         Ubuntu 17.04 PC (Q35 + ICH9, 2009)
pc-q35-xenial        Ubuntu 16.04 PC (Q35 + ICH9, 2009)
ubuntu-q35           Ubuntu 24.04 PC v2 (Q35 + ICH9, arch_caps fix, 2009) (alias of pc-q35-noble-v2)
pc-q35-noble-v2      Ubuntu 24.04 PC v2 (Q35 + ICH9, arch_caps fix, 2009)
q35                  Ubuntu 24.04 PC (Q35 + ICH9, 2009) (alias of pc-q35-noble)
pc-q35-noble         Ubuntu 24.04 PC (Q35 + ICH9, 2009)
pc-q35-mantic        Ubuntu 23.10 PC (Q35 + ICH9, 2009)
pc-q35-mantic-hpb-maxcpus Ubuntu 23.10 PC (Q35 + ICH9, +host-phys-bits=true, maxcpus=1024, 2009)
pc-q35-jammy-hpb     Ubuntu 22.04 PC (Q35 + ICH9, +host-phys-bits=true, 2009)
pc-q35-jammy         Ubuntu 22.04 PC (Q35 + ICH9, 2009)
pc-q35-artful        Ubuntu 17.10 PC (Q35 + ICH9, 2009)
q35                  Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-8.2)
pc-q35-8.2           Standard PC (Q35 + ICH9, 2009)
pc-q35-4.0.1         Standard PC (Q35 + ICH9, 2009)
pc-q35-4.0           Standard PC (Q35 + ICH9, 2009)
pc-q35-2.4           Standard PC (Q35 + ICH9, 2009)
"""


def probe_of(listing: str) -> Probe:
    """A QEMU with the machine types of this `-machine help`."""
    aliases, machines = {}, []
    for line in listing.splitlines():
        name, description = line.split(maxsplit=1)
        if "(alias of " in line:
            aliases[description.rpartition("(alias of ")[2].rstrip(")")] = name
        else:
            machines.append((name, description))
    types = (
        MachineType(name, aliases.get(name), "(deprecated)" in said, said) for name, said in sorted(machines)
    )
    return Probe("8.2.2", "8.2.2 x", tuple(types), (), (), ())


def without(probe: Probe, *names: str) -> Probe:
    """The same QEMU without these types."""
    left = tuple(machine for machine in probe.machine_types if machine.name not in names)
    return Probe("10.0.0", "10.0.0 x", left, (), (), ())


def test_types_of_rhel_are_ordered_by_the_version_in_their_names() -> None:
    """Lose this and guests of RHEL get no machine type, or the oldest one for the newest."""
    rhel = probe_of(RHEL)
    line = line_of(rhel, "q35")
    assert (line.types[0], line.types[-1]) == ("pc-q35-rhel7.6.0", "pc-q35-rhel9.8.0")
    assert resolve("q35", "newest-old", rhel, rhel) == "pc-q35-rhel9.8.0"
    assert resolve("pc", "newest-old", rhel, rhel) == "pc-i440fx-rhel7.6.0"
    later = without(rhel, "pc-q35-rhel7.6.0", "pc-q35-rhel8.6.0", "pc-i440fx-rhel7.6.0")
    assert resolve("q35", "oldest-shared", rhel, later) == "pc-q35-rhel9.0.0"
    with pytest.raises(Removed, match=r"pc-i440fx-rhel7\.6\.0, which the old build marks as deprecated"):
        resolve("pc", "newest-old", rhel, later)
    assert notes_on_order("rhel", rhel, ("q35", "pc")) == []


def test_types_of_ubuntu_are_ordered_by_the_version_in_their_descriptions() -> None:
    """Lose this and guests of Ubuntu are qualified on another machine type than libvirt gives them."""
    ubuntu = probe_of(UBUNTU)
    names = ("xenial", "zesty", "artful", "jammy", "mantic", "noble")
    assert line_of(ubuntu, "q35").types == tuple(f"pc-q35-{name}" for name in names)
    assert resolve("q35", "newest-old", ubuntu, ubuntu) == "pc-q35-noble"
    assert resolve("q35", "oldest-shared", ubuntu, ubuntu) == "pc-q35-xenial"


def test_report_says_by_which_rule_types_without_version_are_ordered() -> None:
    """Lose this and nobody sees why a report calls pc-q35-noble the newest."""
    (note,) = notes_on_order("noble", probe_of(UBUNTU), ("q35",))
    assert "the distribution's own" in note
    assert "versions in QEMU's descriptions (oldest pc-q35-xenial, newest pc-q35-noble)" in note


def test_variants_are_swept_and_are_neither_newest_nor_oldest() -> None:
    """Lose this and guests with pc-q35-noble-hpb are never tested, or all guests are tested with it."""
    ubuntu = probe_of(UBUNTU)
    swept = in_order(ubuntu, "q35")
    assert {"pc-q35-jammy-hpb", "pc-q35-mantic-hpb-maxcpus", "pc-q35-noble-v2", "pc-q35-4.0.1"} <= set(swept)
    assert len(swept) == len(ubuntu.machine_types)
    assert swept[0] == "pc-q35-noble"
    assert not any("-hpb" in name or "-v2" in name for name in line_of(ubuntu, "q35").types)


def test_variant_of_a_version_that_is_gone_is_still_one() -> None:
    """Lose this and pseries-2.12-sxxm is the newest type of a build that has dropped pseries-2.12."""
    types = [MachineType(name, None, False) for name in ("pseries-2.12-sxxm", "pseries-3.0")]
    had = Probe("9.2.0", "x", tuple(types), (), (), ())
    assert line_of(had, "pseries").types == ("pseries-3.0",)
    assert in_order(had, "pseries") == ["pseries-3.0", "pseries-2.12-sxxm"]


def test_oldest_of_another_line_if_the_line_of_guests_is_gone() -> None:
    """Lose this and an update from Ubuntu's QEMU to one without its types says that nothing is shared."""
    ubuntu = probe_of(UBUNTU)
    upstream = without(ubuntu, *line_of(ubuntu, "q35").types)
    assert resolve("q35", "oldest-shared", ubuntu, upstream) == "pc-q35-2.4"


def test_alias_makes_a_type_the_newest() -> None:
    """Lose this and the guests that are defined with `q35` are not the ones that are qualified."""
    types = (MachineType("pc-q35-9.1", "q35", False), MachineType("pc-q35-9.2", None, False))
    had = Probe("9.2.0", "x", types, (), (), ())
    line = line_of(had, "q35")
    assert line.types == ("pc-q35-9.2", "pc-q35-9.1")
    assert line.rule == "alias q35 points to pc-q35-9.1, which is taken for the newest"
    sweep = cast("Sweep", SimpleNamespace(arch="x86_64", probes=(had, had)))
    assert newest_by_version(had, "q35") == newest_of_family(sweep, "pc-q35-9.1") == "pc-q35-9.2"


def test_deprecated_types_without_any_version_are_the_older_ones() -> None:
    """Lose this and a type that is about to go is taken for the newest."""
    types = (MachineType("pc-q35-alpha", None, False), MachineType("pc-q35-beta", None, True))
    line = line_of(Probe("9.2.0", "x", types, (), (), ()), "q35")
    assert line.types == ("pc-q35-beta", "pc-q35-alpha")
    assert line.rule == "neither names nor descriptions have a version: deprecated ones first, then by name"


@pytest.mark.parametrize(
    "machine, unpacked", [("pc-q35-rhel9.6.0", False), ("pc-q35-noble", False), ("pc-q35-9.0+pve1", True)]
)
def test_type_of_a_distribution_gets_the_kernel_that_every_type_starts(machine: str, unpacked: bool) -> None:
    """Lose this and guests on pc-q35-rhel7.6.0, which starts no ELF kernel, do not boot."""
    assert starts_elf_kernel(machine) is unpacked


def test_pseries_of_a_distribution_goes_without_transactional_memory() -> None:
    """Lose this and TCG does not start pseries-rhel7.6.0."""
    assert under_tcg("pseries-rhel8.6.0") == "pseries-rhel8.6.0,cap-htm=off"
    assert under_tcg("pseries-7.2") == "pseries-7.2"


def test_descriptions_are_read_from_the_help() -> None:
    """Lose this and the types of Ubuntu have no version at all."""
    assert described_in(UBUNTU)["pc-q35-jammy"] == "Ubuntu 22.04 PC (Q35 + ICH9, 2009)"


def _refuses(_argv: object) -> None:
    raise AssertionError("QEMU was started")


def test_help_is_asked_for_only_if_a_name_has_no_version() -> None:
    """Lose this and every build is started once more for an answer that nobody needs."""
    sandbox = SimpleNamespace(command=cast("Callable[[object], None]", _refuses))
    build = cast("Build", SimpleNamespace(sandbox=sandbox, program=lambda _arch: "/usr/bin/qemu"))
    assert descriptions(build, "x86_64", ["pc-q35-7.2", "pc-q35-rhel9.6.0", "none"]) == {}
    with pytest.raises(AssertionError, match="QEMU was started"):
        descriptions(build, "x86_64", ["pc-q35-noble"])


@pytest.mark.parametrize(
    "machine_type,buttons",
    [
        ("pc-q35-5.2", True),
        ("pc-q35-6.0", True),
        ("pc-q35-rhel7.6.0", True),
        ("pc-q35-6.1", False),
        ("pc-q35-10.0", False),
        ("pc-i440fx-5.2", False),
        ("pseries-5.2", False),
    ],
)
def test_old_machine_types_have_attention_buttons(machine_type: str, buttons: bool) -> None:
    """Lose this and each guest waits 10 s for a button that it does not have, or none waits."""
    assert has_attention_buttons(machine_type) is buttons
