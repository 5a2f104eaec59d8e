#!/usr/bin/env bash
# From nothing to a regression test with an installed gait: records a run, verifies it, and makes a fixture of it.
#
#   GAIT_BIN                            the program (default: the one of the checkout, else the one in PATH)
#   GAIT_OUT_DIR                        where everything goes (default: ./gait-out/quickstart)
#   GAIT_ADOPTION_LOG                   adoption log to write, and to report on at the end
#   GAIT_QUICKSTART_SKIP_REGRESS_RUN=1  leave the fixture ungraded
set -euo pipefail

fail() {
	echo "quickstart_status=fail" "error=$*" >&2
	exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -n "${GAIT_BIN:-}" ]; then
	gait=$(command -v "$GAIT_BIN") || fail "there is no program $GAIT_BIN"
elif [ -x "$root/gait" ]; then
	gait=$root/gait
else
	gait=$(command -v gait) || fail "unable to find gait binary; set GAIT_BIN, or install gait and put it on PATH"
fi
case $gait in /*) ;; *) gait=$PWD/$gait ;; esac
out=${GAIT_OUT_DIR:-./gait-out/quickstart}
mkdir -p "$out"
out=$(cd "$out" && pwd)
# What an earlier run left must not pass for the outcome of this one.
rm -rf "$out/workspace"
rm -f "$out"/{demo,verify,regress_init,regress_run,adoption_report}.json "$out/junit.xml"
mkdir "$out/workspace"
if [ -n "${GAIT_ADOPTION_LOG:-}" ]; then
	# A relative path would mean another file once the commands run in the workspace.
	log=$GAIT_ADOPTION_LOG
	case $log in /*) ;; *) log=$PWD/$log ;; esac
	export GAIT_ADOPTION_LOG=$log
fi
cd "$out/workspace"

milliseconds() {
	local seconds=${EPOCHREALTIME:-$(date +%s).000000}
	seconds=${seconds/,/.}
	printf '%s\n' "$((${seconds%.*} * 1000 + 10#${seconds#*.} / 1000))"
}

begun=$(milliseconds)

# checkpoint NAME COMMAND...: runs a command, keeps its JSON as NAME.json, and tells how far this is from the start.
checkpoint() {
	local name=$1
	shift
	"$@" --json >"$out/$name.json" || fail "gait $1 failed; see $out/$name.json"
	echo "checkpoint=$name elapsed_ms=$(($(milliseconds) - begun))"
}

# member NAME FILE: a text member of the line of JSON in FILE.
member() {
	sed -nE 's/.*[{,]"'"$1"'":"([^"\\]*)".*/\1/p' "$2"
}

checkpoint demo "$gait" demo
checkpoint verify "$gait" verify run_demo
checkpoint regress_init "$gait" regress init --from run_demo
if [ "${GAIT_QUICKSTART_SKIP_REGRESS_RUN:-}" != 1 ]; then
	checkpoint regress_run "$gait" regress run --junit "$out/junit.xml"
fi
if [ -n "${GAIT_ADOPTION_LOG:-}" ]; then
	checkpoint adoption_report "$gait" doctor adoption --from "$GAIT_ADOPTION_LOG"
fi

run_id=$(member run_id "$out/demo.json")
[ -n "$run_id" ] || fail "the demonstration told no run id"
echo "quickstart_status=pass"
echo "run_id=$run_id"
echo "runpack=$out/workspace/gait-out/runpack_$run_id.zip"
echo "verify_json=$out/verify.json"
echo "regress_init_json=$out/regress_init.json"
if [ -f "$out/regress_run.json" ]; then
	echo "regress_run_json=$out/regress_run.json"
	echo "junit=$out/junit.xml"
fi
if [ -f "$out/adoption_report.json" ]; then
	echo "adoption_report_json=$out/adoption_report.json"
fi
echo "elapsed_ms=$(($(milliseconds) - begun))"
