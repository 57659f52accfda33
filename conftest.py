# SPDX-License-Identifier: Apache-2.0
"""Loads the modules of the library that hold hooks and fixtures; nothing else."""

pytest_plugins = [
    "fixtures.run.options",
    "fixtures.outcome.report_dirs",
    "fixtures.run.lifeline",
    "fixtures.run.executing",
    "fixtures.run.selecting",
    "fixtures.run.preview",
    "fixtures.run.controller",
    "fixtures.run.test_fixtures",
    "fixtures.run.booted",
    "fixtures.run.ending",
]
