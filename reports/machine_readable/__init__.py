# SPDX-License-Identifier: Apache-2.0
"""What programs read: verdict.json, JUnit XML, Allure results, and their schemas."""
