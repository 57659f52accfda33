#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every pair, or one, sharded over test hosts by tmt, and merged into one verdict: the whole way, on one machine.
#   suites/harness/support/tmt_hosts.sh [OLD NEW]
# Each shard has a host of its own, for all pairs one after another: a network namespace with an sshd, a host key, a
# port and a work directory of its own, reached by tmt's `connect` and nothing else. Needs root, tmt, iproute2,
# openssh-server, rsync, and apt-file after an `apt-file update`. The hosts have no other network: builds come from
# HOTPATCH_CACHE, Python's packages from HOTPATCH_VENV (default: the checkout's .venv). HOTPATCH_ARGS may shorten
# the run: "--short --arch=x86_64"; HOTPATCH_SEED draws other random machines than today's. Ends as the merged verdict.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly pair=${1:+"$1..${2:?usage: $0 [OLD NEW]}"}
readonly network=198.18.77 first_port=2200
seed=${HOTPATCH_SEED:-$(date -u +%Y%m%d)}

stop() {
  printf 'tmt_hosts: %s\n' "$1" >&2
  exit 2
}

((EUID == 0)) || stop 'network namespaces need root'
for program in tmt ip /usr/sbin/sshd ssh-keygen rsync apt-file; do
  command -v "$program" >/dev/null || stop "$program is not installed"
done
# tmt asks it which package brings /usr/bin/flock, and would install it over a network that the hosts have not.
apt-file search -x '^/usr/bin/flock$' >/dev/null 2>&1 || stop 'apt-file has no index: run apt-file update'
[[ -z $(ip -o address show to "$network.0/24")$(ip route show root "$network.0/24") ]] || stop "this machine uses the network $network.0/24 itself"
[[ -x .venv/bin/python ]] || stop 'run ./setup.sh first'
venv=${HOTPATCH_VENV:-$(realpath .venv)}
work=$(mktemp -d /var/tmp/hotpatch-hosts.XXXXXX)
declare -a namespaces=() runners=()

clean_up() {
  local namespace pid
  for pid in "${runners[@]}"; do kill "$pid" 2>/dev/null || true; done
  for namespace in "${namespaces[@]}"; do
    # All that runs there was started here.
    for pid in $(ip netns pids "$namespace"); do kill "$pid" 2>/dev/null || true; done
    ip netns delete "$namespace" || true
  done
  rm -rf "$work"
}
trap clean_up EXIT

# address SIDE NUMBER: of the network for tests between devices (RFC 2544), two addresses for each host.
address() { echo "$network.$((4 * $2 + $1))"; }

# start_host NUMBER: its namespace, its link to here, its sshd.
start_host() {
  local number=$1 namespace=hotpatch-$$-$1 home=$work/host-$1 here=hp$$-$1
  mkdir -p "$home/tmt" /run/sshd
  ssh-keygen -q -t ed25519 -N '' -f "$home/host_key"
  cat >"$home/sshd_config" <<CONFIG
Port $((first_port + number))
ListenAddress $(address 2 "$number")
HostKey $home/host_key
AuthorizedKeysFile $work/key.pub
PidFile $home/pid
StrictModes no
UsePAM yes
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
CONFIG
  ip netns add "$namespace"
  namespaces+=("$namespace")
  ip link add "$here" type veth peer name eth0 netns "$namespace"
  ip address add "$(address 1 "$number")/30" dev "$here"
  ip link set "$here" up
  ip -n "$namespace" address add "$(address 2 "$number")/30" dev eth0
  ip -n "$namespace" link set eth0 up
  ip -n "$namespace" link set lo up
  # `ip netns exec` gives it mounts of its own too: its work directory hides the runner's of the same name.
  # shellcheck disable=SC2016
  ip netns exec "$namespace" bash -c 'mount --bind "$1/tmt" "$2" && exec /usr/sbin/sshd -f "$1/sshd_config"' \
    start "$home" "$work/tmt"
}

readonly plans="^/plans/nightly/${pair:+${pair//./\\.}/}"
mapfile -t shards < <(tmt plans ls "$plans" | sed 's|.*/||' | sort -u)
((${#shards[@]} > 0)) || stop "matrix.yaml has no pair $pair; plans/nightly.fmf is made from it"
mkdir -p "$work/tmt"
ssh-keygen -q -t ed25519 -N '' -f "$work/key"
export TMT_WORKDIR_ROOT=$work/tmt TMT_SCRIPTS_DIR=$work/tmt/scripts
for index in "${!shards[@]}"; do
  number=$((index + 1))
  start_host "$number"
  echo "tmt_hosts: shard ${shards[index]} of ${pair:-every pair} on $(address 2 "$number"), port $((first_port + number))"
  tmt run --id "$work/tmt/host-$number" --all \
    --environment "HOTPATCH_CACHE=${HOTPATCH_CACHE:-$HOME/.cache/qemu-hotpatch}" \
    --environment "HOTPATCH_VENV=$venv" --environment "HOTPATCH_SEED=$seed" \
    --environment "HOTPATCH_ARGS=\"${HOTPATCH_ARGS:-}\"" \
    provision --how connect --guest "$(address 2 "$number")" --port $((first_port + number)) \
    --user root --key "$work/key" plan --name "$plans.*${shards[index]}\$" </dev/null >"$work/host-$number/log" 2>&1 &
  runners+=("$!")
done
for index in "${!shards[@]}"; do
  status=0
  wait "${runners[index]}" || status=$?
  echo "tmt_hosts: ${shards[index]}: $(tail -n 1 "$work/host-$((index + 1))/log"); tmt ended with $status"
  if ((status > 1)); then
    grep -v '^ *$' "$work/host-$((index + 1))/log" | tail -n 30 >&2
    find "$work/tmt/host-$((index + 1))" -name output.txt -exec tail -n 30 {} + >&2
  fi
done
runners=()
.venv/bin/python -m reports "$work/tmt"
