#!/usr/bin/env bash
# The contract of a repository with gait, for any system that runs scripts: the fixtures pass, and policies judge
# endpoints as the examples say.
#
#   GAIT_BIN       the program (default: the one of the checkout, else the one in PATH)
#   ARTIFACT_ROOT  where results go (default: gait-out/adoption_regress of the checkout)
#
# It exits with 5 when a fixture fails. integrations/ci has the templates for pipelines, and more settings.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

gait=${GAIT_BIN:-}
if [ -z "$gait" ] && [ -x "$root/gait" ]; then
	gait=$root/gait
fi
gait=$(command -v "${gait:-gait}") || {
	echo "ci regress contract: unable to find gait binary; set GAIT_BIN" >&2
	exit 1
}
case $gait in /*) ;; *) gait=$PWD/$gait ;; esac
export GAIT_BIN=$gait
export ARTIFACT_ROOT=${ARTIFACT_ROOT:-$root/gait-out/adoption_regress}
cd "$root"

code=0
sh integrations/ci/gait-regress.sh run || code=$?
if [ "$code" != 0 ]; then
	echo "ci regress contract: gait regress exited with $code" >&2
	exit "$code"
fi

# judged EXPECTED POLICY INTENT: the exit code that policy test must have.
judged() {
	local code=0
	"$gait" policy test "examples/policy/endpoint/$2.yaml" "examples/policy/endpoint/fixtures/$3.json" --json \
		>"$ARTIFACT_ROOT/endpoint_$2.json" || code=$?
	if [ "$code" != "$1" ]; then
		echo "ci regress contract: $2 must exit with $1, and gait exited with $code" >&2
		exit 1
	fi
}

judged 0 allow_safe_endpoints intent_allow
judged 3 block_denied_endpoints intent_block
judged 4 require_approval_destructive intent_destructive
echo "ci regress contract: pass"
