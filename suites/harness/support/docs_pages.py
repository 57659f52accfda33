# SPDX-License-Identifier: Apache-2.0
"""The pages of documentation, and the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fixtures.places import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELL = frozenset(("do", "done", "else", "fi", "for", "if", "then", "while"))
SECONDS = 120


@dataclass(frozen=True)
class Page:
    """A page of documentation."""

    name: str
    text: str

    @property
    def folder(self) -> Path:
        """The directory to which its links are relative."""
        return (ROOT / self.name).parent

    def blocks(self, language: str) -> list[str]:
        """The contents of the fenced blocks of this language."""
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    @property
    def prose(self) -> str:
        """All but the fenced blocks."""
        return re.sub(r"^```.*?^```$", "", self.text, flags=re.MULTILINE | re.DOTALL)

    @property
    def commands(self) -> list[list[str]]:
        """The commands of its `sh` blocks and of its prose, each as a list of words."""
        spans = re.findall(r"`((?:make|pytest|\.venv/bin/\w+|python -m) [^`…\[]+)`", self.prose)
        return [words for text in (*self.blocks("sh"), *spans) for words in commands_of(text)]


def pages() -> list[Page]:
    """All pages."""
    return [Page(str(path.relative_to(ROOT)), path.read_text()) for path in PAGES]


def commands_of(text: str) -> Iterator[list[str]]:
    """Each command of a piece of shell, without the shell's own syntax."""
    for line in text.replace("\\\n", " ").splitlines():
        words: list[str] = []
        lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        lexer.whitespace_split = True
        for word in (*lexer, ";"):
            if not set(word) <= set(";|&()"):
                words.append(word)
                continue
            while words and (words[0] in SHELL or re.fullmatch(r"\w+=.*", words[0], re.DOTALL)):
                words = [] if words[0] == "for" else words[1:]
            if words:
                yield words
            words = []
