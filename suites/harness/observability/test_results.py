# SPDX-License-Identifier: Apache-2.0
"""Are the shares right, and is each field that is not noticed listed with its reason?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import RigError
from suites.harness.observability.docs import figures
from suites.harness.observability.knowledge import Entry, Knowledge
from suites.harness.observability.page import write_page
from suites.harness.observability.results import IGNORED, UNEXPLAINED, Result, Row
from suites.harness.observability.tables import terminal_lines
from suites.harness.support.browser import CHROMIUM, width_in_browser

PHONE = 420
"""Pixels."""

ROWS = (
    Row("serial", "state/ier", "zero", "noticed", "alive"),
    Row("serial", "state/scr", "invert", "unnoticed"),
    Row("serial#1", "state/scr", "invert", "unnoticed"),
    Row("0000:00:01.0/virtio-blk", "virtio/vq/num", "zero", "refused", "load", "bad ring size"),
    Row("cpu_common", "interrupt_request", "invert", "crashed", "load"),
    Row("ram", "pc.ram page 0x7", "zero", "noticed", "memory"),
)
KNOWN = Knowledge(
    (), (Entry("serial", "state/scr", "a scratch byte"),), {"serial": ("serial",), "CPU": ("cpu*",)}
)
NOTHING_KNOWN = Knowledge((), (), {})
RESULT = Result("x86_64", "virtio", "idle", "debian-13", "debian-13", 1, 9.0, 6, 20, ROWS)


def test_shares_count_refused_and_crashed_loads_as_seen() -> None:
    """Lose this and the figure of the docs page is wrong."""
    total = RESULT.total()
    assert (total.tried, total.noticed, total.refused, total.unnoticed, total.seen) == (5, 1, 2, 2, 0.6)
    assert (RESULT.ram().tried, RESULT.ram().seen) == (1, 1.0)


def test_instances_of_a_device_are_of_one_class() -> None:
    """Lose this and the second serial port is left out of the serial ports' share."""
    assert [(share.name, share.tried) for share in RESULT.by_class(KNOWN)] == [
        ("serial", 3),
        ("CPU", 1),
        ("others", 1),
    ]


def test_each_field_that_is_not_noticed_has_its_reason() -> None:
    """Lose this and nobody knows which fields still need a check."""
    lines = list(terminal_lines(RESULT, KNOWN))
    assert "not noticed: serial#1 state/scr (invert): a scratch byte" in lines
    assert f"not noticed: serial state/scr (invert): {IGNORED}" in list(terminal_lines(RESULT, NOTHING_KNOWN))


def test_each_page_that_is_not_noticed_has_its_use() -> None:
    """Lose this and nobody knows whether a lost page was free or needs a check."""
    page = Row("ram", "pc.ram page 0x8", "zero", "unnoticed", detail="page tables")
    lines = list(terminal_lines(replace(RESULT, rows=(page,)), NOTHING_KNOWN))
    assert "not noticed: ram pc.ram page 0x8 (zero): page tables" in lines


def test_without_a_comparison_a_field_has_no_reason_of_its_own() -> None:
    """Lose this and fields that QEMU keeps and nobody looks at are called ignored."""
    running = replace(RESULT, running=True)
    assert f"not noticed: serial state/scr (invert): {UNEXPLAINED}" in list(
        terminal_lines(running, NOTHING_KNOWN)
    )


def test_page_lists_each_field_with_its_reason_or_check(tmp_path: Path) -> None:
    """Lose this and the page of a run hides what it found."""
    text = write_page(RESULT, KNOWN, tmp_path / "page.html").read_text()
    assert all(word in text for word in ("state/scr", "a scratch byte", "bad ring size", "alive"))


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_page_is_no_wider_than_a_phone(tmp_path: Path) -> None:
    """Lose this and a page on a phone shows only half of each line."""
    page = write_page(RESULT, KNOWN, tmp_path / "page.html")
    assert width_in_browser(page, PHONE, tmp_path) <= PHONE


def test_results_can_be_read_again(tmp_path: Path) -> None:
    """Lose this and the docs page cannot be made from a run."""
    RESULT.write(tmp_path / "result.json")
    assert Result.read(tmp_path / "result.json") == RESULT


def test_a_later_result_adds_to_the_first() -> None:
    """Lose this and a run in several parts has only the figures of its last part."""
    later = replace(
        RESULT, seconds=2.0, rows=(replace(ROWS[1], how="noticed"), Row("hpet", "isr", "ones", "refused"))
    )
    both = RESULT.and_more(later)
    assert (both.seconds, both.replays, len(both.rows)) == (11.0, 12, 7)
    assert [row.how for row in both.rows if row.path == "state/scr"] == ["noticed", "unnoticed"]


def test_the_shipped_knowledge_can_be_read() -> None:
    """Lose this and `make observability` ends with a traceback."""
    assert Knowledge.read().class_of("0000:00:02.0/virtio-net") == "virtio-net"


@pytest.mark.parametrize(
    "section, path, name",
    [
        ("spapr/rtc", "ns_offset", "RTC"),
        ("icp/server#1", "xirr", "interrupt controllers"),
        ("vty@71000000/spapr_vty", "buf", "serial"),
        ("spapr", "tb/guest_timebase", "timers"),
        ("spapr", "<spapr_dtb>/fdt_size", "others"),
    ],
)
def test_devices_of_power_have_their_classes(section: str, path: str, name: str) -> None:
    """Lose this and a ppc64le guest's figures are all in `others`."""
    assert Knowledge.read().class_of(section, path) == name


def test_a_reason_that_yaml_cuts_at_a_comma_is_refused(tmp_path: Path) -> None:
    """Lose this and half of a reason disappears."""
    file = tmp_path / "reasons.yaml"
    file.write_text("classes: {}\nleft_out: []\nunnoticed:\n- {section: a, path: [b], reason: one, two}\n")
    with pytest.raises(RigError, match="an entry has the keys section, path, reason, two"):
        Knowledge.read(file)


def test_docs_list_shares_and_what_is_not_noticed() -> None:
    """Lose this and the figures of the docs page are typed by hand."""
    lines = list(figures([RESULT], KNOWN))
    assert "| serial | 33% | 3 | 1 | 0 | 2 |  |  |  |  |  |" in lines
    assert "| a scratch byte | `serial scr` |" in lines


def test_docs_show_a_running_guest_beside_the_stopped_one() -> None:
    """Lose this and nobody sees how much less a running guest notices."""
    running = replace(RESULT, running=True, rows=ROWS[1:2])
    known = replace(NOTHING_KNOWN, running_entries=KNOWN.unnoticed_entries)
    lines = list(figures([RESULT, running], known))
    assert "| others | 60% | 5 | 1 | 2 | 2 | 0% | 1 | 0 | 0 | 1 |" in lines
    assert f"| {IGNORED} | `serial scr` |" in lines
    assert "| a scratch byte | `serial scr` |" in lines


def test_docs_show_a_sample_beside_its_baseline() -> None:
    """Lose this and the figure of an earlier time cannot be compared."""
    lines = list(figures([replace(RESULT, sample="eyes")], KNOWN))
    assert "| idle-virtio | running, at first | 31% | 216 | 35 | 31 | 150 |" in lines
    assert "| idle-virtio | stopped, x86_64 | 60% | 5 | 1 | 2 | 2 |" in lines
