# SPDX-License-Identifier: Apache-2.0
"""Turns a run into what people read: verdict.json, the verdict page, Allure, timelines, the terminal.

Nothing here decides an outcome: it renders :class:`fixtures.outcome.outcome.RunResult`, grouped by
:mod:`fixtures.outcome.findings`, and :class:`fixtures.evidence.timeline.Timeline`.
"""
