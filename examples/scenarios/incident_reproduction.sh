#!/usr/bin/env bash
# A recorded run becomes a regression test, and passes as long as nothing changes.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/examples/scenarios/scenario.sh"

expect 0 demo.json "$gait" demo --json
expect 0 init.json "$gait" regress init --from run_demo --json
expect 0 run.json "$gait" regress run --json --junit junit.xml
contains '"status":"pass"' run.json
echo "scenario=incident_reproduction status=pass"
