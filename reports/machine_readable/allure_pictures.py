# SPDX-License-Identifier: Apache-2.0
"""Adds the pictures of timelines to Allure's results, which were written before the pictures."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reports.files import write_atomically
from reports.timeline.drawing import DATA, PICTURE

Json = dict[str, Any]


def attach_pictures(results_dir: Path, directory: Path) -> None:
    """Attach each timeline's picture to the result in `results_dir` that has the timeline's data attached.

    The pictures are in `directory`, next to the same data. May be called again: nothing is attached twice.
    Raises OSError, and ValueError for a damaged result.
    """
    pictures = {_digest(data): data.with_name(PICTURE) for data in directory.rglob(DATA)}
    for file in sorted(results_dir.glob("*-result.json")):
        text = file.read_text(encoding="utf-8")
        if DATA not in text:
            continue
        result = json.loads(text)
        for attachments in _attachments(result):
            _add_pictures(attachments, results_dir, pictures)
        write_atomically(file, json.dumps(result, ensure_ascii=False))


def _attachments(item: Json) -> Iterator[list[Json]]:
    """The attachments of a result or step, and of all steps below it."""
    yield item.get("attachments", [])
    for step in item.get("steps", []):
        yield from _attachments(step)


def _add_pictures(attachments: list[Json], results_dir: Path, pictures: dict[str, Path]) -> None:
    present = {attachment["source"] for attachment in attachments}
    for data in [attachment for attachment in attachments if attachment.get("name") == DATA]:
        source = str(Path(data["source"]).with_suffix(".svg"))
        file = results_dir / data["source"]
        picture = pictures.get(_digest(file)) if file.is_file() else None
        if source not in present and picture is not None and picture.is_file():
            shutil.copyfile(picture, results_dir / source)
            attachments.append({"name": PICTURE, "source": source, "type": "image/svg+xml"})


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
