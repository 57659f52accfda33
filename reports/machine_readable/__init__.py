# SPDX-License-Identifier: Apache-2.0
"""Reports for programs: verdict.json, JUnit XML, Allure results, and their schemas."""
