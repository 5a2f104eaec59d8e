#!/usr/bin/env bash
# An argument that came from a web page must not leave the machine.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/examples/scenarios/scenario.sh"

example=$root/examples/prompt-injection
expect 3 decision.json "$gait" gate eval --policy "$example/policy.yaml" --intent "$example/intent.json" \
	--trace-out trace.json --json
contains blocked_prompt_injection decision.json
echo "scenario=prompt_injection_block status=pass"
