#!/usr/bin/env bash
# Holds the policies of this repository to what they are documented to decide.
#
#   GAIT_BIN      the program (default: the one of the checkout, else the one in PATH)
#   GAIT_OUT_DIR  where the table and the results go (default: gait-out of the checkout)
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

gait=${GAIT_BIN:-}
if [ -z "$gait" ] && [ -x "$root/gait" ]; then
	gait=$root/gait
fi
gait=$(command -v "${gait:-gait}") || {
	echo "policy compliance: unable to find gait binary; set GAIT_BIN" >&2
	exit 1
}
case $gait in /*) ;; *) gait=$PWD/$gait ;; esac
out=${GAIT_OUT_DIR:-$root/gait-out}
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$root/examples"
summary=$out/policy_compliance_summary.md
results=$out/policy_compliance_results.jsonl
printf '# Policy compliance\n\n| case | expected exit | exit | |\n| --- | --- | --- | --- |\n' >"$summary"
: >"$results"
failed=0

# holds EXPECTED NAME COMMAND...: one row of the table.
holds() {
	local expected=$1 name=$2 code=0 outcome=pass output
	shift 2
	output=$("$gait" "$@" --json) || code=$?
	if [ "$code" != "$expected" ]; then
		outcome=fail
		failed=$((failed + 1))
	fi
	printf '| %s | %s | %s | %s |\n' "$name" "$expected" "$code" "$outcome" >>"$summary"
	printf '{"case":"%s","expected_exit":%s,"exit":%s,"result":"%s","output":%s}\n' \
		"$name" "$expected" "$code" "$outcome" "${output:-null}" >>"$results"
}

for level in low medium high; do
	policy=policy/base_${level}_risk.yaml
	holds 0 "validate $level" policy validate "$policy"
	holds 0 "format $level" policy fmt "$policy"
	holds 0 "$level: read" policy test "$policy" policy/intents/intent_read.json
	holds 3 "$level: delete" policy test "$policy" policy/intents/intent_delete.json
done
for level in low medium; do
	holds 4 "$level: write" policy test "policy/base_${level}_risk.yaml" policy/intents/intent_write.json
done
high=policy/base_high_risk.yaml
holds 3 "high: write without credential" policy test "$high" policy/intents/intent_write.json
holds 3 "high: tainted egress" policy test "$high" policy/intents/intent_tainted_egress.json
holds 3 "high: egress by a stranger" policy test "$high" policy/intents/intent_delegated_egress_invalid.json
holds 0 "high: egress by delegation" policy test "$high" policy/intents/intent_delegated_egress_valid.json
holds 0 "endpoint: allowed" policy test policy/endpoint/allow_safe_endpoints.yaml policy/endpoint/fixtures/intent_allow.json
holds 3 "endpoint: denied" policy test policy/endpoint/block_denied_endpoints.yaml policy/endpoint/fixtures/intent_block.json
holds 4 "endpoint: destructive" policy test policy/endpoint/require_approval_destructive.yaml \
	policy/endpoint/fixtures/intent_destructive.json
holds 3 "prompt injection" policy test prompt-injection/policy.yaml prompt-injection/intent.json

cat "$summary"
if [ "$failed" != 0 ]; then
	echo "policy compliance: $failed failed" >&2
	exit 1
fi
echo "policy compliance: pass"
