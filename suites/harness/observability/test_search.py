# SPDX-License-Identifier: Apache-2.0
"""Does the search find each change that is noticed, and clear the others with few replays?"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from suites.harness.observability.replay import Ending
from suites.harness.observability.search import Search
from suites.harness.observability.trials import Trial
from suites.harness.support.tamper.places import Place

NOTICED, REFUSED, UNNOTICED = Ending("noticed", "memory"), Ending("refused", "load"), Ending("unnoticed")


def trials(count: int) -> list[Trial]:
    """Trials of fields of one section."""
    return [Trial("serial", f"field{number}", "zero", ()) for number in range(count)]


def searched(endings: dict[Trial, Ending], assumed: float = 0.4) -> Search:
    """A search in which these changes are noticed, whatever is changed with them."""

    def attempt(group: Sequence[Trial]) -> Ending:
        return next((endings[trial] for trial in group if trial in endings), UNNOTICED)

    search = Search(attempt, assumed)
    search.run(trials(40))
    return search


@given(st.dictionaries(st.integers(0, 39), st.sampled_from([NOTICED, REFUSED])))
def test_each_change_gets_its_own_ending(endings: dict[int, Ending]) -> None:
    """Lose this and a field that is not noticed is reported as noticed, because another one was."""
    wanted = {trial: endings.get(number, UNNOTICED) for number, trial in enumerate(trials(40))}
    seen = {trial: ending for trial, ending in wanted.items() if ending is not UNNOTICED}
    assert searched(seen).endings == wanted


def test_fields_that_nobody_notices_are_tried_together() -> None:
    """Lose this and a section that nobody notices costs a replay for each field."""
    assert searched({}).replays < 12


def test_fields_that_are_all_noticed_are_tried_alone() -> None:
    """Lose this and groups are halved more often than single changes would cost."""
    assert searched(dict.fromkeys(trials(40), NOTICED)).replays <= 42


def test_two_changes_of_one_field_are_never_made_together() -> None:
    """Lose this and the first of two changes of a field is undone by the second."""
    one, *others = trials(3)
    again = Trial(one.section, one.path, "ones", ())
    assert Search(lambda _group: UNNOTICED, 0.01).next_group([one, again, *others]) == [one, *others]


def test_what_is_left_when_the_time_is_up_has_no_ending() -> None:
    """Lose this and a bounded run goes on for minutes after its bound."""
    search = Search(lambda _: UNNOTICED, most_together=12)
    search.is_late = lambda: search.replays == 2
    search.run(trials(40))
    assert 2 <= len(search.endings) <= 24


def test_a_field_that_qemu_compares_is_tried_alone() -> None:
    """Lose this and one such field of each group costs half a dozen loads."""
    place = Place("spapr_pci", "buid", "uint64 equal", 0, 8)
    group = Search(lambda _: UNNOTICED).next_group([Trial("spapr_pci", "buid", "zero", (place,)), *trials(3)])
    assert [trial.path for trial in group] == ["buid"]


def test_a_name_that_was_refused_in_one_device_is_tried_alone_in_the_next() -> None:
    """Lose this and the PCI configuration of each device costs half a dozen loads."""
    configs = [Trial(device, "dev/config", "zero", ()) for device in ("e1000", "tulip")]
    search = Search(lambda _: REFUSED, 0.04)
    search.run(configs[:1])
    assert search.share(configs[1]) > 0.3
    assert search.share(Trial("tulip", "csr", "zero", ())) < 0.1


def test_an_earlier_result_is_learned_from() -> None:
    """Lose this and each part of a long measurement finds the same groups again."""
    search = Search(lambda _: UNNOTICED, 0.04)
    search.learns("0000:00:02.0/e1000#1", "dev/config", "zero", seen=True)
    assert search.share(Trial("tulip", "dev/config", "zero", ())) > 0.3
    assert search.share(Trial("e1000", "csr", "zero", ())) > 0.3
