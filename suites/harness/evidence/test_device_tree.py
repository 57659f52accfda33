# SPDX-License-Identifier: Apache-2.0
"""Which differences of device trees a guest relies on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fixtures.evidence.device_tree import TreeError, changes, parse
from suites.harness.support.firmware_samples import flat_tree

NODES: Mapping[str, Mapping[str, bytes]] = {
    "": {"model": b"pseries\0"},
    "cpu@0": {"ibm,pa-features": b"\x42\x00\xc0", "clock": b"\0\0\0\1"},
    "rtas": {"functions": b"hcall-a\0hcall-b\0"},
    "chosen": {"rng-seed": b"1234"},
}


def tree(**changed: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The tree with some nodes changed; `cpu` stands for `cpu@0`."""
    nodes = dict(NODES)
    for name, properties in changed.items():
        key = "cpu@0" if name == "cpu" else name
        nodes[key] = {**nodes.get(key, {}), **properties}
    return parse(flat_tree(nodes))


def test_tree_is_read_by_paths() -> None:
    """Lose this and no property of a pseries guest is compared."""
    read = tree()
    assert read["/cpu@0/ibm,pa-features"] == b"\x42\x00\xc0"
    assert "/cpu@0/" in read


@pytest.mark.parametrize("blob", [b"", b"\0" * 64, flat_tree(NODES)[:-60]])
def test_what_is_no_tree_is_refused(blob: bytes) -> None:
    """Lose this and a machine whose tree was not found ends in a traceback."""
    with pytest.raises(TreeError):
        parse(blob)


@pytest.mark.parametrize(
    "new, found",
    [
        (tree(cpu={"clock": b"\0\0\0\2"}), [("/cpu@0/clock was 00000001 and is 00000002", True)]),
        (
            tree(cpu={"ibm,pa-features": b"\x42\x00\x80"}),
            [("/cpu@0/ibm,pa-features byte 2 was 0xc0 and is 0x80", True)],
        ),
        (
            tree(cpu={"ibm,pa-features": b"\x42\x00\xc1"}),
            [("/cpu@0/ibm,pa-features byte 2 was 0xc0 and is 0xc1", False)],
        ),
        (
            tree(rtas={"functions": b"hcall-a\0hcall-c\0"}),
            [
                ("/rtas/functions no longer has hcall-b", True),
                ("/rtas/functions has hcall-c, which is new", False),
            ],
        ),
        (tree(new={"a": b"1", "b": b"2"}), [("/new/ is new", False)]),
        (tree(chosen={"rng-seed": b"9999"}), []),
    ],
    ids=["value", "bit lost", "bit added", "strings", "node", "random"],
)
def test_difference_is_judged_by_what_a_guest_loses(
    new: Mapping[str, bytes], found: list[tuple[str, bool]]
) -> None:
    """Lose this and a guest's next boot lacks what it had unseen, or each release is a false alarm."""
    assert changes(tree(), new) == found
