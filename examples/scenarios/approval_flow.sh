#!/usr/bin/env bash
# A write that needs an approval: refused without one and with one for another scope, allowed with the right one.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/examples/scenarios/scenario.sh"

policy=$root/examples/policy-test/require_approval.yaml
intent=$root/examples/policy-test/intent.json
"$gait" keys init --json >/dev/null
private="gait-out/keys/gait_private.key"
public="gait-out/keys/gait_public.key"

evaluate() {
	"$gait" gate eval --policy "$policy" --intent "$intent" --trace-out trace.json --approval-audit-out audit.json \
		--key-mode prod --private-key "$private" --json "$@"
}
# approve SCOPE FILE: a token for exactly this intent under exactly this policy.
approve() {
	"$gait" approve --intent-digest "$(member intent_digest waits.json)" \
		--policy-digest "$(member policy_digest waits.json)" --ttl 10m --scope "$1" --approver alice \
		--reason-code CHG-1 --out "$2" --key-mode prod --private-key "$private" --json >/dev/null
}

expect 4 waits.json evaluate
approve tool:tool.read wrong.token.json
expect 4 wrong.json evaluate --approval-token wrong.token.json --approval-public-key "$public"
contains approval_token_scope_mismatch wrong.json
approve tool:tool.write right.token.json
expect 0 right.json evaluate --approval-token right.token.json --approval-public-key "$public"
contains approval_granted right.json
echo "scenario=approval_flow status=pass"
