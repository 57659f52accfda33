# SPDX-License-Identifier: Apache-2.0
# The commands of the README. Each runs setup.sh first, which is quick if there is nothing to do.
SHELL := /bin/bash
PYTEST := .venv/bin/pytest
MAKEFLAGS += --no-print-directory
# Recipes take these from their environment, so that a quote in one does not reach the shell as a quote.
export OLD NEW BASE CANDIDATES ARCH GUEST MINUTES WAIVERS
# The suite's own tests start pytest about sixty times, which takes twice as long without cached bytecode.
unexport PYTHONDONTWRITEBYTECODE

# What each target takes. Anything else would be left out in silence, and `make qualify NWE=…` or `make nightly NEW=…`
# would qualify other pairs than the one that was meant.
qualify_takes := OLD NEW BASE ARCH WAIVERS QUICK ARGS
candidates_takes := OLD CANDIDATES BASE ARCH WAIVERS QUICK ARGS
observability_takes := ARCH GUEST MINUTES ALL ARGS
bench_takes := OLD NEW
bisect_takes := FROM ARGS
report_takes := FROM WAIVERS ARGS
pictures_takes := FROM
nightly_takes := ARGS
pins_takes := ARGS
engines_takes := ARGS
GOALS := $(or $(MAKECMDGOALS),help)
# A make that calls this one hands its own variables down; they are not looked at.
TYPED := $(if $(filter 0,$(MAKELEVEL)),$(foreach name,$(.VARIABLES),$(if $(filter line,$(origin $(name))),$(name))))
# Of the environment: what the set-up and its programs read. Completion of bash asks with a name that begins with __.
OTHERS := $(filter-out HOTPATCH_% XDG_CACHE_HOME PYTHON TMPDIR %_proxy __%,$(TYPED))
REFUSES = $(sort $(filter-out $($(1)_takes),$(OTHERS)))
$(if $(OTHERS),$(foreach goal,$(GOALS),$(if $(call REFUSES,$(goal)),$(error make $(goal) takes no variable $(call REFUSES,$(goal)); it takes $(or $($(goal)_takes),none); what is for other programs stands before `make`))))

# A pair for which no guest is known to be lost, so a failed test is a defect of the suite.
TEST_PAIR := --old=debian-12-backports --new=debian-13

.DEFAULT_GOAL := help
.PHONY: help qualify candidates nightly bisect report pictures test seeded observability bench lint pins engines clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

qualify: ## qualify an update: [OLD=build] [NEW=build], each a name, a suite, a directory of .deb or .rpm files [BASE=build], …; [ARCH=x86_64|ppc64le] [WAIVERS=file] [QUICK=1] [ARGS="more for pytest"]
	@./setup.sh --with-report
	@$(PYTEST) suites -n auto -m "not harness and not slow and not performance" \
	  $(if $(OLD),--old="$$OLD") $(if $(NEW),--new="$$NEW") $(if $(BASE),--base="$$BASE") $(if $(ARCH),--arch="$$ARCH") \
	  $(if $(WAIVERS),--waivers="$$WAIVERS") $(if $(QUICK),--quick) $(ARGS)

candidates: ## the newest of several updates that is safe: OLD=build CANDIDATES="build build…", the newest first [BASE=] [ARCH=] [WAIVERS=] [QUICK=1] [ARGS="more for pytest"]
	$(if $(CANDIDATES),,@echo 'error: which updates? say CANDIDATES="build build…", the newest first' >&2; exit 2)
	@./setup.sh --with-report
	@.venv/bin/python -m fixtures.nightly.candidates $(if $(OLD),--old="$$OLD") $(if $(CANDIDATES),"$$CANDIDATES") \
	  $(if $(BASE),--base="$$BASE") $(if $(ARCH),--arch="$$ARCH") $(if $(WAIVERS),--waivers="$$WAIVERS") \
	  $(if $(QUICK),--quick) $(ARGS)

nightly: ## qualify every pair of matrix.yaml, in one report: [ARGS="more for pytest"]
	@./setup.sh --with-report
	@.venv/bin/python -m fixtures.nightly.night $(ARGS)

bisect: ## which changed package carries each finding of a run: [FROM=directory] [ARGS="--package qemu"] (default: reports/latest)
	@./setup.sh
	@.venv/bin/python -m fixtures.nightly.bisect $(FROM) $(ARGS)

report: ## merge runs of several machines into one report: FROM="directory directory…" [WAIVERS=file] [ARGS="--support …"]
	$(if $(FROM),,@echo 'error: which runs? say FROM="directory directory…"' >&2; exit 2)
	@./setup.sh --with-report
	@.venv/bin/python -m reports $(if $(WAIVERS),--waivers="$$WAIVERS") $(ARGS) $(FROM)

pictures: ## renew the README's pictures from a run, with chromium: [FROM="directory"] (default: reports/latest)
	@./setup.sh
	@.venv/bin/python -m reports.pictures $(FROM)

test: ## the suite's own tests, then a short real hot patch on each architecture
	@./setup.sh
	@$(PYTEST) suites/harness -n auto $(TEST_PAIR)
	@$(PYTEST) suites/hotpatch -n auto --short $(TEST_PAIR)

seeded: ## find every seeded defect, and run what else `make test` leaves out, nightly
	@.ci/seeded

observability: ## which fields of a guest's state do the checks notice: [ARCH=] [GUEST=virtio|devices] [MINUTES=20] [ALL=1] [ARGS="more options"]
	@./setup.sh
	@.venv/bin/python -m suites.harness.observability $(if $(ARCH),--arch="$$ARCH") $(if $(GUEST),--guest="$$GUEST") \
	  $(if $(MINUTES),--minutes="$$MINUTES") $(if $(ALL),--all) $(ARGS)

bench: ## measure every mechanism by RAM size, on an idle machine, in 20 minutes: [OLD=build] [NEW=build]
	@./setup.sh
	@$(PYTEST) suites/performance/test_bench_mechanisms.py -n 0 -m slow -q $(TEST_PAIR) \
	  $(if $(OLD),--old="$$OLD") $(if $(NEW),--new="$$NEW")

lint: ## ruff, mypy, and the schemas of GitHub and GitLab
	@./setup.sh --dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/check-jsonschema --builtin-schema vendor.gitlab-ci .gitlab-ci.yml

pins: ## show the current versions in the archive and move the pins: ARGS="[build…]"
	@./setup.sh
	@.venv/bin/python -m fixtures.builds.pins $(ARGS)

engines: ## write the files of tmt, GitLab CI, GitHub Actions and autopkgtest: ARGS=--check only compares
	@./setup.sh
	@.venv/bin/python -m fixtures.nightly.engines $(ARGS)

clean: ## remove generated files from this checkout; keep the cache of builds
	rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis reports/runs reports/reruns reports/latest reports/latest-rerun
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "builds and images stay in $${HOTPATCH_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/qemu-hotpatch}"
