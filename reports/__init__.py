# SPDX-License-Identifier: Apache-2.0
"""Turns a run into what people read: verdict.json, the verdict page, Allure, timelines, the terminal.

Nothing here decides an outcome: it renders :class:`fixtures.outcome.RunResult`, grouped by
:mod:`fixtures.findings`, and :class:`fixtures.timeline.Timeline`, and imports nothing else of the suite.
"""
