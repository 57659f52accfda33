# SPDX-License-Identifier: Apache-2.0
"""A correct matrix.yaml, and mistakes that a user can make in it."""

GOOD = """\
schema: 1
builds:
  before:
    kind: debian
    suites: [bookworm, bookworm-security]
    packages:
      qemu-system-x86: 1:7.2+dfsg-7
      seabios: "1.16"
  after:
    kind: root
    path: /srv/new
pairs:
  - {old: before, new: after}
default_pair: {old: before, new: after}
kernels:
  x86_64:
    suites: [bookworm]
    package: linux-image-cloud-amd64
    version: 6.1.176-1
    architecture: amd64
guests:
  profiles: [idle, busy]
  hardware: [bare]
  vcpus: [1, 2]
machine_types:
  x86_64:
    - {family: q35, version: newest-old}
paths: [qmp]
mechanisms: [precopy, postcopy]
known_issues:
  - id: slow-clock
    match: {pair: before -> after}
    reason: seen
    link: https://bugs.example/1
    expires: 2027-01-31
"""

ANOTHER = "  - {id: slow-clock, match: {path: q*}, reason: a, link: b, expires: 2027-01-31}\n"

LIMIT = "limits: [{id: lost, accelerator: tcg, source: <9.0, what: a, link: b}]\n"

PAIR = "  - {old: before, new: after}"

BAD = {
    "chain-through-unknown-build": (
        PAIR,
        PAIR.replace("new", "through: [before, middle], new"),
        "line 13: pairs[0].through[1]: unknown build 'middle'; allowed: before, after",
    ),
    "chain-through-no-list": (
        PAIR,
        PAIR.replace("new", "through: before, new"),
        "line 13: pairs[0].through: is 'before'; allowed: a list, as [one, two]",
    ),
    "chain-of-the-default-pair": (
        "default_pair: {old: before",
        "default_pair: {old: before, through: [after]",
        "line 14: default_pair.through: leave it out here: `pairs` has it for this pair",
    ),
    "pair-with-and-without-chain": (
        PAIR,
        f"{PAIR}\n{PAIR.replace('new', 'through: [before], new')}",
        "line 14: pairs[1]: this pair is there twice",
    ),
    "limit-without-versions": (
        "paths:",
        f"{LIMIT.replace('<9.0', 'old')}paths:",
        "line 28: limits[0].source: is 'old'; allowed: a range of versions such as \"<9.0\"",
    ),
    "limit-with-anothers-id": (
        "paths:",
        f"{LIMIT.replace(']', ', {id: lost, accelerator: tcg, what: a, link: b}]')}paths:",
        "limits[1].id: 'lost' is also the id in line 28; each entry needs its own",
    ),
    "limit-of-unknown-accelerator": (
        "paths:",
        f"{LIMIT.replace('tcg', 'hvf')}paths:",
        "limits[0].accelerator: is 'hvf'; allowed: 'tcg', 'kvm' or 'emulated'",
    ),
    "suites-and-sources": (
        "bookworm-security]",
        'bookworm-security]\n    sources: "deb http://a.example s c"',
        "line 3: builds.before: give `suites` or `sources`, one of the two",
    ),
    "components-beside-sources": (
        "suites: [bookworm, bookworm-security]",
        'sources: "deb http://a.example s c"\n    components: [main]',
        "builds.before: `sources` says this already: leave out components",
    ),
    "origin-without-keys": (
        "bookworm-security]",
        "bookworm-security]\n    origin: Ubuntu",
        "line 3: builds.before: needs `keyring`, because `origin` is not Debian",
    ),
    "unknown-key": (
        "hardware:",
        "hardwear:",
        "line 23: guests.hardwear: unknown key; did you mean hardware?",
    ),
    "unknown-key-of-build": (
        "path: /srv",
        "root: /srv",
        "line 11: builds.after.root: unknown key; allowed: kind",
    ),
    "missing-key": ("paths: [qmp]\n", "", "line 1: the file: the key 'paths' is missing"),
    "missing-kind": ("kind: root\n", "note: none\n", "line 9: builds.after: the key 'kind' is missing"),
    "unknown-kind": ("kind: root", "kind: snap", "builds.after.kind: is 'snap'; allowed: 'debian', 'root'"),
    "duplicate-key": ("paths:", "schema: 1\npaths:", "line 28: schema: given twice; first in line 1"),
    "float-as-package-version": (
        '"1.16"',
        "1.16",
        "line 8: builds.before.packages.seabios: 1.16 is a number to",
    ),
    "float-as-machine-version": (
        "newest-old",
        "7.20",
        "line 27: machine_types.x86_64[0].version: 7.20 is a number to YAML; allowed: text, so put it in",
    ),
    "float-as-vcpus": (
        "[1, 2]",
        "[1, 2.0]",
        "guests.vcpus[1]: 2.0 is a number to YAML; allowed: a whole number",
    ),
    "five-vcpus": ("[1, 2]", "[1, 5]", "line 24: guests.vcpus[1]: is 5; allowed: less than or equal to 4"),
    "misspelt-word": (
        "newest-old",
        "newest",
        "version: is 'newest'; allowed: newest-old, oldest-shared",
    ),
    "family-of-another-arch": ("q35", "pseries", "family: is 'pseries'; allowed for x86_64: q35, pc"),
    "unknown-mechanism": (
        "precopy,",
        "pre-copy,",
        "mechanisms[0]: is 'pre-copy'; allowed: 'precopy', 'postcopy'",
    ),
    "word-for-mechanisms": (
        "[precopy, postcopy]",
        "every",
        "mechanisms: is 'every'; allowed: all, or a list of mechanisms",
    ),
    "unknown-arch": (
        "kernels:\n  x86_64",
        "kernels:\n  arm",
        "line 16: kernels.arm: is 'arm'; allowed: 'x86_64'",
    ),
    "unknown-build-in-pair": (
        "- {old: before",
        "- {old: befor",
        "line 13: pairs[0].old: unknown build 'befor'",
    ),
    "unknown-emulator": (
        "kernels:",
        "emulator:\n  ppc64le: befor\nkernels:",
        "line 16: emulator.ppc64le: unknown build 'befor'; allowed: before, after",
    ),
    "default-pair-not-a-pair": (
        "pair: {old: before",
        "pair: {old: after",
        "line 14: default_pair: is not one of",
    ),
    "empty-list": ("[qmp]", "[]", "line 28: paths: is empty"),
    "empty-value": ("[qmp]", "", "line 28: paths: is empty; allowed: a list"),
    "no-builds": ("- {old: before, new: after}", "[]", "line 12: pairs: is empty"),
    "repeated-item": (
        "[idle, busy]",
        "[idle, idle]",
        "line 22: guests.profiles: names something twice: idle",
    ),
    "text-for-list": ("[qmp]", "qmp", "line 28: paths: is 'qmp'; allowed: a list"),
    "list-for-mapping": (
        "pair: {old: before, new: after}",
        "pair: []",
        "default_pair: is a list; allowed: a mapping",
    ),
    "release-not-a-suite": (
        "    packages:",
        "    release: trixie\n    packages:",
        "release: is 'trixie'; allowed: book",
    ),
    "version-with-a-comma": (
        "6.1.176-1",
        '"6.1,x"',
        "line 19: kernels.x86_64.version: is '6.1,x'; allowed: what",
    ),
    "relative-path": ("/srv/new", "new", "line 11: builds.after.path: is 'new'"),
    "issue-matching-all": (
        "{pair: before -> after}",
        "{}",
        "known_issues[0].match: is empty; give at least one of",
    ),
    "issue-with-bad-regex": (
        "{pair: before",
        "{signature: '(', pair: before",
        "signature: not a regular expression",
    ),
    "issue-with-no-such-day": ("2027-01-31", "2027-02-31", "line 35: known_issues[0].expires: 2027-02-31 is"),
    "issue-until-a-year": (
        "2027-01-31",
        "2099",
        "line 35: known_issues[0].expires: 2099 is a number",
    ),
    "issue-of-unknown-arch": (
        "{pair: before",
        "{arch: x86-64, pair: before",
        "line 32: known_issues[0].match.arch: is 'x86-64'; allowed: x86_64, ppc64le",
    ),
    "issue-of-unknown-path": (
        "{pair: before",
        "{path: ssh, pair: before",
        "line 32: known_issues[0].match.path: is 'ssh'; allowed: qmp, libvirt,",
    ),
    "issue-of-unknown-mechanism": (
        "{pair: before",
        "{mechanism: pre-copy, pair: before",
        "line 32: known_issues[0].match.mechanism: is 'pre-copy'; allowed: precopy,",
    ),
    "issue-of-unknown-build": (
        "{pair: before",
        "{old: befor, pair: before",
        "line 32: known_issues[0].match.old: is 'befor'; allowed: before, after",
    ),
    "issue-of-unknown-pair": (
        "{pair: before -> after",
        "{pair: before->after",
        "line 32: known_issues[0].match.pair: is 'before->after'; allowed: before -> before, before -> after",
    ),
    "issue-with-anothers-id": (
        "  - id: slow-clock\n",
        f"{ANOTHER}  - id: slow-clock\n",
        "line 32: known_issues[1].id: 'slow-clock' is also the id in line 31; each entry needs its own",
    ),
    "unknown-tag": ("reason: seen", "reason: !why seen", "line 33: known_issues[0].reason: unknown tag !why"),
    "alias-of-itself": ("match: {pair", "match: &m {old: *m, pair", "known_issues[0].match.old: an alias of"),
    "another-schema": ("schema: 1", "schema: 2", "line 1: schema: is 2; allowed: 1"),
}
"""By name: the text that is replaced, its replacement, and the expected message."""
