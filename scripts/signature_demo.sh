#!/usr/bin/env bash
# Shows what a signature catches: a run is recorded and verified, then changed, and no longer verifies.
#
#   signature_demo.sh [gait]
#
# Works in $GAIT_SIGNATURE_WORKDIR, or in a directory that goes away. Exits with 2 when a change is not caught.
set -euo pipefail

fail() {
	echo "signature_demo: $*" >&2
	exit 2
}

gait=$(command -v "${1:-${GAIT_BIN:-gait}}") || fail "there is no program ${1:-${GAIT_BIN:-gait}}"
case $gait in /*) ;; *) gait=$PWD/$gait ;; esac
command -v python3 >/dev/null || fail "python3 is needed"
workdir=${GAIT_SIGNATURE_WORKDIR:-}
if [ -z "$workdir" ]; then
	workdir=$(mktemp -d)
	trap 'rm -rf "$workdir"' EXIT
fi
mkdir -p "$workdir"
cd "$workdir"

# expect CODE WHAT COMMAND...: runs a command and insists on its exit code.
expect() {
	local expected=$1 what=$2 code=0
	shift 2
	echo "\$ gait $*"
	"$gait" "$@" || code=$?
	[ "$code" = "$expected" ] || fail "$what: expected exit code $expected, got $code"
}

expect 0 "recording a run" demo
expect 0 "verifying it" verify run_demo
original="gait-out/runpack_run_demo.zip"
[ -f "$original" ] || fail "the demonstration left no $original"
# One word of one entry; the archive itself stays in order, so that nothing but the digests can tell.
python3 - "$original" changed.zip <<'PYTHON' || fail "$original cannot be changed"
import sys
import zipfile

source, target = sys.argv[1:]
with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
    for entry in old.infolist():
        data = old.read(entry)
        if entry.filename == "results.jsonl":
            data = data.replace(b'"status":"ok"', b'"status":"error"', 1)
        new.writestr(entry, data)
PYTHON
expect 2 "verifying the changed run" verify changed.zip
expect 0 "making keys" keys init --out-dir keys --prefix demo --force
expect 0 "packing the run with a signature" pack build --type run --from run_demo --out signed.zip \
	--key-mode prod --private-key keys/demo_private.key
expect 0 "verifying the pack" pack verify signed.zip --public-key keys/demo_public.key --require-signature
expect 0 "making other keys" keys init --out-dir keys --prefix other --force
expect 2 "verifying it with another key" pack verify signed.zip --public-key keys/other_public.key --require-signature
echo "signature_demo: pass"
