# SPDX-License-Identifier: Apache-2.0
"""A run in tmt's words: `python -m reports.tmt_results DIRECTORY` writes results.json for `result: custom`.

The run is looked for in DIRECTORY/runs. Its verdict is the result of the test itself; each of its tests is a
result below that, with a subresult for each cell.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fixtures.journal import read_ended
from fixtures.outcome import COUNTS_AGAINST, Outcome, Verdict
from reports.files import clean

RESULTS = "results.json"
"""Not YAML, which tmt takes too: it reads version 1.1, where a colon within an id may end the word."""
WORDS: Mapping[Outcome, str] = {
    **dict.fromkeys(COUNTS_AGAINST, "fail"),
    Outcome.ERROR: "error",
    Outcome.PASS: "pass",
    Outcome.REFUSED: "info",
    Outcome.KNOWN: "info",
    Outcome.DEFECT_OLD: "info",
    Outcome.UNSUPPORTED: "skip",
}
"""tmt's `warn` is a failure to its exit status, so what is only reported is an `info`."""
OF_VERDICT: Mapping[Verdict, str] = {
    Verdict.SAFE: "pass",
    Verdict.UNSAFE: "fail",
    Verdict.UNDECIDED: "error",
}
WORST_FIRST = ("fail", "error", "pass", "info", "skip")
"""Of several cells: one that passed tells more than those that were passed over."""


def write_results(directory: Path) -> Path:
    """Write `directory`/results.json, where tmt looks for it, and return its path."""
    verdicts = sorted((directory / "runs").glob("*/verdict.json"))
    file = directory / RESULTS
    results = _results(verdicts[-1], directory) if verdicts else [_nothing()]
    file.write_text(json.dumps(results, indent=1) + "\n")
    return file


def _nothing() -> dict[str, Any]:
    told = "the run ended without a verdict; output.txt says why"
    return {"name": "/", "result": "error", "note": [told], "log": ["../output.txt"]}


def _results(file: Path, directory: Path) -> list[dict[str, Any]]:
    run = file.parent
    verdict = json.loads(file.read_text())
    cells = {cell["id"]: cell for cell in verdict["cells"]}
    told = ", ".join(f"{number} {outcome}" for outcome, number in verdict["counts"].items() if number)
    whole = {
        "name": "/",
        "result": OF_VERDICT[Verdict(verdict["verdict"])],
        "note": [f"{verdict['old']['name']} to {verdict['new']['name']}: {verdict['verdict']}; {told}"],
        "log": ["../output.txt", *_links([run / "index.html"], directory)],
    }
    tests = []
    for ended in read_ended(run):
        own = [cells[cell.id] for cell in ended.cells if cell.id in cells]
        if own:
            tests.append(_test(ended.nodeid, ended.seconds, own, run, directory))
    return [whole, *tests]


def _test(
    nodeid: str, seconds: float, cells: Iterable[Mapping[str, Any]], run: Path, directory: Path
) -> dict[str, Any]:
    parts = [_cell(cell, run, directory) for cell in cells]
    words = [part["result"] for part in parts]
    return {
        "name": _name(nodeid),
        "result": min(words, key=WORST_FIRST.index),
        "duration": _duration(seconds),
        "subresult": parts,
    }


def _cell(cell: Mapping[str, Any], run: Path, directory: Path) -> dict[str, Any]:
    outcome = Outcome(cell["outcome"])
    told = {"name": f"/{cell['id']}", "result": WORDS[outcome]}
    if outcome is Outcome.PASS:
        return told
    evidence = _links((run / file for file in cell["evidence"]), directory)
    return told | {"note": [f"{outcome}: {clean(cell['reason'])}"], "log": evidence}


def _links(files: Iterable[Path], directory: Path) -> list[str]:
    return [str(file.relative_to(directory)) for file in files]


def _name(nodeid: str) -> str:
    """`suites/hotpatch/test_survival.py::test_idle_guest_wakes[a-cell]` as tmt names what lies deeper."""
    file, _, test = nodeid.partition("::")
    return f"/{file.removeprefix('suites/').removesuffix('.py')}/{test.removesuffix(']').replace('[', '/')}"


def _duration(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"


def main() -> int:
    """Write the results of the test that has just run; 0, whatever they are: tmt reads them."""
    parser = argparse.ArgumentParser(prog="python -m reports.tmt_results", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIRECTORY", help="tmt's $TMT_TEST_DATA")
    write_results(parser.parse_args().directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
