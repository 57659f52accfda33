# SPDX-License-Identifier: Apache-2.0
"""How wide a page is in a real browser, where chromium is installed."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path

from reports.pictures import chromium

CHROMIUM = chromium()
SECONDS = 60
PROBE = """\
<iframe id="page" style="border:0;width:{width}px;height:900px" srcdoc="{page}"></iframe>
<script>
addEventListener("load", () => {{
  const page = document.getElementById("page").contentDocument;
  document.body.id = "w" + page.querySelector("{part}").scrollWidth;
}});
</script>
"""
"""A page in a frame of its own: a window of chromium is never narrower than 500 pixels."""


def width_in_browser(page: Path, width: int, scratch: Path, part: str = "html") -> int:
    """Width in pixels that the content of `page` needs in a window of `width` pixels.

    More than `width` means that the page scrolls sideways. `part` is the CSS selector of an element, whose
    content is measured.
    """
    assert CHROMIUM is not None
    probe = scratch / "probe.html"
    text = html.escape(page.read_text(encoding="utf-8"))
    probe.write_text(PROBE.format(width=width, page=text, part=part), encoding="utf-8")
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
    command = [CHROMIUM, *options, f"--user-data-dir={scratch / 'profile'}", "--dump-dom", probe.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)
    found = re.search(r'<body id="w(\d+)"', done.stdout)
    assert found, done.stderr[-500:]
    return int(found[1])
