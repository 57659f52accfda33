# SPDX-License-Identifier: Apache-2.0
"""The first screen answers: may we ship, who is affected, what was not tested, and why."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from fixtures.evidence.harm import Harm
from fixtures.outcome.blame import signature
from fixtures.outcome.by_design import lost_by_design
from fixtures.outcome.outcome import CellResult, Outcome, RunRecord, RunResult
from reports.changes import NOTHING_BEFORE
from reports.overview.affected import against, apart
from reports.overview.ship import ship
from reports.overview.untested import untested
from reports.overview.ways import ways
from reports.page.page import write_page
from reports.terminal.summary import write_summary
from reports.terminal.table import print_table
from suites.harness.support.html_page import Page
from suites.harness.support.report_samples import make_cell, make_run, make_swept

KILLED = "fault-source-killed-in-postcopy"
LIMIT = "TCG itself breaks such guests (limit tcg-decrementer): a vCPU never runs again; run it under KVM"


def failing(device: str, harm: Harm = Harm.STRANDED) -> CellResult:
    """A swept device whose state the new build does not load."""
    words = f"error while loading state for instance 0x0 of device '{device}'; both controls pass"
    return make_swept("pc-q35-7.2", f"device:{device}", Outcome.REGRESSION, words, harm=harm)


@pytest.fixture
def run() -> RunResult:
    """Two findings alike, one that a policy excuses, one lost guest, and cells that were not tried."""
    excused = failing("am53c974")
    excused.excused = True
    words = "1 page damaged"
    lost = make_cell(1, Outcome.REGRESSION, subject="busy-virtio-1vcpu", harm=Harm.LOST)
    lost.runs = [
        RunRecord("debian-12", "debian-13", "fail", words, signature("memory", words), harm=Harm.LOST)
    ]
    limited = make_cell(2, Outcome.UNSUPPORTED, subject="idle-bare-2vcpu", reason=LIMIT)
    nvme = make_swept("pc-q35-7.2", "device:nvme", Outcome.REFUSED, "State blocked by non-migratable device")
    moved = make_cell(3, subject="idle-bare-1vcpu", mechanism="precopy")
    return make_run(failing("e1000"), failing("rtl8139"), excused, lost, limited, nvme, moved)


def test_findings_that_read_alike_share_a_row(run: RunResult) -> None:
    """Lose this and one defect of thirteen devices fills the first screen."""
    assert [row.harm for row in against(run)] == [Harm.LOST, Harm.STRANDED]
    [_, network] = against(run)
    assert network.said.guests == "Guests with an e1000 or rtl8139 network card (x86_64)"
    assert "e1000" not in network.said.happens


def cpuid(family: str, leaf: str = "EAX of leaf 0x4, 0", values: str = "0x1 and is 0x2") -> CellResult:
    """A CPU model that shows other cores, on two machine types of a family."""
    reason = (
        f"a running guest with Nehalem is shown other CPUID leaves: {leaf} was {values} with 3 cores "
        f"on {family}-2.4 and {family}-7.2; EBX of leaf 0x1 was 0x3 and is 0x4 on {family}-7.2 and 1 more"
    )
    more = {"mechanism": "compare", "harm": Harm.CHANGED, "runs": []}
    return make_swept(family, "cpuid:Nehalem", Outcome.REGRESSION, reason, **more)


def test_one_cpu_model_has_one_row_for_one_cause() -> None:
    """Lose this and a CPU model is in two rows, because a message names the machine types or other values."""
    families = [cpuid("pc-q35"), cpuid("pc-i440fx", values="0x1 and is 0x7")]
    [row] = against(make_run(*families))
    assert row.number == 2
    assert "pc-q35" not in row.said.title
    assert row.said.title.count("Nehalem") == 1


def test_joined_row_says_how_much_it_leaves_out() -> None:
    """Lose this and a difference that is too long for its row ends in the middle of a word."""
    families = [cpuid(family, values=" or ".join(map(hex, range(40)))) for family in ("pc-q35", "pc-i440fx")]
    [row] = against(make_run(*families))
    assert row.said.title.endswith(" characters more).")


def test_one_cpu_model_has_two_rows_for_two_causes() -> None:
    """Lose this and a second defect of a CPU model hides behind the first one."""
    assert len(against(make_run(cpuid("pc-q35"), cpuid("pc-i440fx", leaf="EDX of leaf 0x80000001")))) == 2


def test_what_does_not_count_is_apart_and_complete(run: RunResult) -> None:
    """Lose this and what a policy excuses is hidden, or looks as bad as what counts."""
    assert [row.said.guests for row in apart(run)] == ["Guests with an am53c974 SCSI controller (x86_64)"]


def test_answer_says_why_not(run: RunResult) -> None:
    """Lose this and a reader learns a number of cells instead of what happens to guests."""
    assert ship(run, against(run), apart(run)) == (
        "No: 1 kind of guests would be lost, and 1 cannot be moved. "
        "1 more kind of guests is affected in a way that does not count."
    )


def test_safe_answer_names_what_does_not_count() -> None:
    """Lose this and a run whose failures are all excused looks clean."""
    excused = failing("am53c974")
    excused.excused = True
    clean = make_run(excused, make_cell(1))
    assert ship(clean, against(clean), apart(clean)) == (
        "Yes: nothing that was tested counts against the update (1 of 2 cells passed). "
        "1 more kind of guests is affected in a way that does not count."
    )


def test_run_of_some_tests_is_no_yes() -> None:
    """Lose this and one passing cell that somebody chose reads as permission to ship."""
    part = replace(make_run(make_cell(1)), chosen="-m 'postcopy'", is_part=True)
    assert ship(part, [], []) == (
        "Not by this run alone, which has only some of the tests: "
        "nothing that was tested counts against the update (1 of 1 cell passed)."
    )


def test_each_mechanism_has_an_answer(run: RunResult) -> None:
    """Lose this and a reader cannot see whether postcopy may be used."""
    said = {way.mechanism: way.words for way in ways(run.cells)}
    assert said == {
        "precopy": "yes: 1 of 1 guest passed",
        "postcopy": "no: 0 of 1 guest passed, 1 lost by QMP",
    }


def test_guest_that_is_saved_says_nothing_about_a_mechanism() -> None:
    """Lose this and precopy is `partly` safe, because the new build loads no managed save."""
    saved = make_cell(1, Outcome.DEFECT_NEW, subject="busy-bare-1vcpu-managed-save", mechanism="precopy")
    [way] = ways([saved, make_cell(2, mechanism="precopy")])
    assert way.words == "yes: 1 of 1 guest passed"


def test_guest_that_does_not_arrive_says_nothing_about_a_mechanism() -> None:
    """Lose this and moves that are refused, and guests lost by design, recommend a mechanism."""
    refused = make_cell(1, subject="idle-bare-1vcpu-one-daemon-refused", total_ms=None)
    lost = make_cell(2, subject=f"idle-bare-1vcpu-{KILLED}", reason=lost_by_design(KILLED))
    [way] = ways([refused, lost])
    assert way.words == "not tried"
    broken = make_cell(3, Outcome.REGRESSION, subject="idle-bare-1vcpu", total_ms=None, harm=Harm.LOST)
    [way] = ways([refused, lost, broken])
    assert way.words == "no: 0 of 1 guest passed, 1 lost by QMP"


def test_mechanism_that_one_architecture_tried_says_so() -> None:
    """Lose this and a postcopy of x86_64 alone reads like a yes for ppc64le."""
    other = replace(make_cell(2, mechanism="precopy"), arch="ppc64le")
    said = [way.words for way in ways([make_cell(1, mechanism="postcopy"), other])]
    assert said == [
        "yes: 1 of 1 guest passed; not tried on x86_64",
        "yes: 1 of 1 guest passed; not tried on ppc64le",
    ]


@pytest.mark.parametrize("kind", ["known issue", "waiver"])
def test_entry_that_expired_is_no_part_that_was_not_tested(kind: str, run: RunResult) -> None:
    """Lose this and a waiver that must be renewed is listed among what was not tested."""
    run.notes = [f"{kind} bug-1 expired on 2026-01-31: renew it in the file of waivers, or remove it"]
    assert "A part of the run" not in {each.what for each in untested(run)}


def test_what_was_not_tested_has_its_reason(run: RunResult) -> None:
    """Lose this and a reader takes silence for a pass."""
    said = {each.what: each.why for each in untested(run)}
    assert said["x86_64 guests under KVM"] == "this run had no KVM; they ran under TCG"
    assert (
        "limit tcg-decrementer): a vCPU never runs again"
        in said["x86_64 guests with 2 vCPUs (postcopy by QMP)"]
    )
    assert said["1 device (x86_64): nvme"] == "QEMU itself refuses to migrate guests with them"
    assert "What only nightly runs have" in said


def test_costs_that_were_not_compared_are_named(run: RunResult) -> None:
    """Lose this and a move whose control failed looks as if it were known to cost no more than before."""
    reason = "costs were not compared: debian-12 → itself fails: memory: 1 page damaged"
    run.cells.append(make_cell(4, subject="busy-bare-1vcpu-costs", reason=reason))
    said = {each.what: each.why for each in untested(run)}
    assert said["Whether moves cost more than before"] == reason


def test_missing_tpm_of_a_field_guest_is_named(run: RunResult) -> None:
    """Lose this and a UEFI guest of debian-11 looks as if it had been moved with its TPM."""
    why = "build debian-11 has no /usr/bin/swtpm (package swtpm), which emulates TPMs"
    subject = "busy-virt-install-uefi-2vcpu-field-ovmf-4m"
    run.cells.append(make_cell(4, subject=subject, reason=f"its guest has no TPM: {why}"))
    said = {each.what: each.why for each in untested(run)}
    assert said["The virtual TPM of x86_64 guests as virt-install makes them (UEFI) (postcopy by QMP)"] == why


def test_firmware_that_a_field_guest_did_not_have_is_named(run: RunResult) -> None:
    """Lose this and a guest of debian-12 looks as if it had been moved with SMM."""
    why = "under TCG, pages that the guest writes while its memory is sent are lost (RAM of whole MiB)"
    subject = "busy-virt-install-uefi-2vcpu-field-ovmf-ms-4m"
    note = f"its guest has no firmware in System Management Mode: {why}"
    run.cells.append(make_cell(4, subject=subject, reason=note))
    said = {each.what: each.why for each in untested(run)}
    of_guests = "x86_64 guests as virt-install makes them (UEFI) (postcopy by QMP)"
    assert said[f"Firmware in System Management Mode of {of_guests}"] == why


def test_reboot_that_a_field_guest_did_not_make_is_named(run: RunResult) -> None:
    """Lose this and a guest of debian-11 looks as if it had started again after its move."""
    why = "under TCG, SeaBIOS of QEMU 5.2.0 (debian-11) resets q35 machines for ever"
    subject = "busy-virt-install-2vcpu-field"
    run.cells.append(make_cell(4, subject=subject, reason=f"its guest was not rebooted: {why}"))
    said = {each.what: each.why for each in untested(run)}
    assert (
        said["A reboot after the move of x86_64 guests as virt-install makes them (postcopy by QMP)"] == why
    )


def test_firmware_that_was_not_tried_says_which_file_is_missing(run: RunResult) -> None:
    """Lose this and UEFI guests that were not tested need "a backend, a bus or a device of the host"."""
    why = "the old build does not ship /usr/share/OVMF/OVMF_CODE.fd"
    run.cells.append(make_swept("pc-q35-7.2", "firmware:ovmf-2m", Outcome.UNSUPPORTED, why))
    said = {each.what: each.why for each in untested(run)}
    assert said["1 firmware image (x86_64): ovmf-2m"] == why


def test_an_interrupted_run_says_so_first(run: RunResult) -> None:
    """Lose this and half a run looks whole."""
    run.notes = ["9 of 19 tests did not run: the run was interrupted"]
    assert untested(run)[0].why == run.notes[0]


def test_page_answers_in_order_and_shows_no_signature_as_a_title(run: RunResult, tmp_path: Path) -> None:
    """Lose this and a release manager must read the whole page."""
    text = write_page(run, tmp_path).read_text()
    places = [text.index(f'id="{name}"') for name in ("affected", "usable", "untested", "judged", "findings")]
    assert text.index("Can we ship?") < places[0]
    assert "<h3><code>" not in text
    assert "signature" not in text[: places[-1]].lower()


def test_every_row_leads_to_its_finding(run: RunResult, tmp_path: Path) -> None:
    """Lose this and the evidence of a row cannot be found."""
    page = Page(write_page(run, tmp_path))
    wanted = {link.removeprefix("#") for link in page.links if link.startswith("#finding-")}
    assert len(wanted) == 3
    assert wanted <= page.anchors


def test_summary_and_terminal_have_the_same_answer(run: RunResult, tmp_path: Path) -> None:
    """Lose this and the comment on a merge request says less than the page."""
    summary = write_summary(run, NOTHING_BEFORE, tmp_path).read_text()
    headings = [line for line in summary.splitlines() if line.startswith("###")]
    assert headings[:2] == ["### Who is affected?", "### Does not count"]
    stream = io.StringIO()
    print_table(run, Console(file=stream, width=100), tmp_path)
    for said in (summary, " ".join(stream.getvalue().split())):
        assert "1 kind of guests would be lost, and 1 cannot be moved" in said
        assert "their memory is damaged" in said


def test_page_says_why_a_failure_does_not_count(tmp_path: Path) -> None:
    """Lose this and a reader of an excused failure cannot see which rule excuses it."""
    cell = failing("am53c974")
    cell.excused, cell.tier, cell.tier_reason = True, "best-effort", "no manager gives <it> to guests"
    text = write_page(make_run(cell), tmp_path).read_text(encoding="utf-8")
    assert "best-effort, because no manager gives &lt;it&gt; to guests." in text


def test_terminal_counts_the_rest_of_what_does_not_count() -> None:
    """Lose this and what a policy excuses scrolls out of the terminal, or seems to be less than it is."""
    cells = [
        make_swept(f"pc-q35-{n}.0", f"device:d{n}", Outcome.REGRESSION, f"why {chr(97 + n)}")
        for n in range(12)
    ]
    for cell in cells:
        cell.excused = True
    said = printed(make_run(*cells))
    assert "does not count: 12 kinds of guests, 12 cells" in said
    assert "does not count: 2 cells more of 2 other kinds of guests: see the report" in said


def test_terminal_says_what_to_do_about_what_does_not_count() -> None:
    """Lose this and an old QEMU is removed under guests that it alone can run, as the policy excuses that."""
    stranded, changed = failing("am53c974", Harm.STRANDED), failing("ac97", Harm.CHANGED)
    for cell in (stranded, changed):
        cell.excused = True
    said = printed(make_run(stranded, changed))
    assert said.count("what to do: ") == 1
    assert "what to do: Restart them" in said[said.index("am53c974") :]


def test_terminal_has_the_order_of_the_first_screen(run: RunResult) -> None:
    """Lose this and a lost guest stands below ninety devices of which each guest runs on at the source."""
    many = [failing(f"d-{n}", Harm.CHANGED) for n in range(3)]
    old = make_swept("pc-q35-7.2", "device:old", Outcome.DEFECT_OLD, "QEMU ended", harm=Harm.LOST)
    run.cells = [*many, old, *run.cells]
    said = printed(run)
    heads = (
        "✖ lost, regression: ",
        "✖ stranded, ",
        "✖ changed, ",
        "does not count: ",
        "◆ lost, defect-old: ",
    )
    ordered = [said.index(head) for head in heads]
    assert ordered == sorted(ordered)
    assert ordered[-1] < said.index("postcopy: no: ") < said.index("what was not tested, and why:")


def printed(run: RunResult) -> str:
    """What the terminal shows."""
    stream = io.StringIO()
    print_table(run, Console(file=stream, width=100))
    return stream.getvalue()
