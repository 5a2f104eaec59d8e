#!/bin/sh
# The PreToolUse hook of Claude Code as a script: hands the event to `gait hook claude-code` and prints what it answers.
# Where gait is at hand, name it in the settings directly; this script is for a checkout, and for a gait of its own.
#
#   GAIT_BIN                      the program (default: gait)
#   GAIT_CLAUDE_POLICY            the policy (default: examples/policy/base_high_risk.yaml of the checkout)
#   GAIT_CLAUDE_TRACE_DIR         where traces go (default: gait-out/integrations/claude_code/hooks of the checkout)
#   GAIT_CLAUDE_UNSAFE_FAIL_OPEN  1, true, yes or on: tools run whose call could not be judged
#
# It exits with 0, whatever was decided, for Claude Code lets a tool run whose hook ends otherwise; only when not even an
# answer can be printed does it exit with 2, which blocks.

# Not `set -e`: a script that ends early has no opinion, and then the tool runs.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../../.." && pwd)
: "${GAIT_CLAUDE_POLICY:=$root/examples/policy/base_high_risk.yaml}"
: "${GAIT_CLAUDE_TRACE_DIR:=$root/gait-out/integrations/claude_code/hooks}"
export GAIT_CLAUDE_POLICY GAIT_CLAUDE_TRACE_DIR

# say TEXT: prints the answer, or blocks without one.
say() {
	printf '%s\n' "$1" && exit 0
	echo "gait hook: the answer could not be printed" >&2
	exit 2
}

# answer PERMISSION REASON: an answer that gait did not write. Neither holds anything that JSON would escape.
answer() {
	decision="\"permissionDecision\":\"$1\",\"permissionDecisionReason\":\"$2\""
	say "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\",$decision},$decision}"
}

# failed REASON: what happens when there is no decision.
failed() {
	case ${GAIT_CLAUDE_UNSAFE_FAIL_OPEN:-} in
	1 | [Tt][Rr][Uu][Ee] | [Yy][Ee][Ss] | [Oo][Nn]) answer allow "$1 (unsafe fail-open)" ;;
	*) answer deny "$1 (fail-closed)" ;;
	esac
}

# read_result: what the result of a decision on standard input says, as the words to answer with. A program in the place of
# gait may answer in the form of `gait mcp proxy --json`; it is read strictly, and what is no verdict is none here.
read_result() {
	python3 -c '
import json, sys

EXITS = {"allow": (0,), "block": (0, 3), "require_approval": (0, 4)}
PERMISSIONS = {"allow": "allow", "block": "deny", "require_approval": "ask"}
code = int(sys.argv[1])
try:
    result = json.load(sys.stdin)
except (ValueError, RecursionError):
    sys.exit(f"failed gait hook invalid proxy output exit={code}")
if not isinstance(result, dict):
    sys.exit(f"failed gait hook proxy failure exit={code}")
verdict = result.get("verdict", "missing")
verdict = verdict.strip().lower() if isinstance(verdict, str) else "missing"
if code in EXITS.get(verdict, ()):
    codes = [code for code in result.get("reason_codes") or [] if isinstance(code, str)]
    reasons = " reason_codes=" + ", ".join(codes) if codes and verdict != "allow" else ""
    sys.exit(f"{PERMISSIONS[verdict]} gait verdict={verdict}{reasons}")
if code == 0 and verdict not in EXITS:
    sys.exit(f"failed gait hook undecidable verdict={verdict} exit=0")
sys.exit(f"failed gait hook proxy failure exit={code}")
' "$code" 2>&1 | tr -cd 'A-Za-z0-9 ._=,:/-'
}

output=$("${GAIT_BIN:-gait}" hook claude-code)
code=$?
case $code:$output in
0:'{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"'*'}') say "$output" ;;
0:'{"suppressOutput":true}') say "$output" ;;
*:) failed "gait hook proxy failure exit=$code" ;;
esac
words=$(printf '%s' "$output" | read_result)
case $words in
'allow gait verdict=allow') answer allow 'gait verdict=allow' ;;
'deny gait verdict=block'*) answer deny "${words#deny }" ;;
'ask gait verdict=require_approval'*) answer ask "${words#ask }" ;;
'failed gait hook '*) failed "${words#failed }" ;;
*) failed "gait hook proxy failure exit=$code" ;;
esac
