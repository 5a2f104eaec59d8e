#!/usr/bin/env bash
# Files an issue in beads about a decision of gait.
#
#   bridge_trace_to_beads.sh --trace TRACE [--dry-run|--live] [--bd-bin bd] [--type task] [--priority 2]
#       [--description-out FILE] [--public-key KEY] [--result RESULT] [--json]
#
# A trace does not tell reasons. --result names what gait printed with --json when it decided, which does.
# A dry run, the default, only shows the issue. With --public-key the trace must verify with that key first: without it,
# anybody who can write the file decides what the issue says.
set -euo pipefail

readonly EXIT_INCOMPLETE=1 EXIT_USAGE=2

die() {
	local code=$1
	shift
	echo "bridge_trace_to_beads: $*" >&2
	exit "$code"
}

trace=
mode=dry_run
bd=bd
type=task
priority=2
description_out=
public_key=
result=
as_json=false
while [ $# -gt 0 ]; do
	case $1 in
	--dry-run) mode=dry_run ;;
	--live) mode=live ;;
	--json) as_json=true ;;
	-h | --help)
		sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	--trace | --bd-bin | --type | --priority | --description-out | --public-key | --result)
		[ $# -ge 2 ] && [ -n "$2" ] || die "$EXIT_USAGE" "$1 needs a value"
		case $1 in
		--trace) trace=$2 ;;
		--bd-bin) bd=$2 ;;
		--type) type=$2 ;;
		--priority) priority=$2 ;;
		--description-out) description_out=$2 ;;
		--public-key) public_key=$2 ;;
		--result) result=$2 ;;
		esac
		shift
		;;
	*) die "$EXIT_USAGE" "unknown argument: $1" ;;
	esac
	shift
done
[ -n "$trace" ] || die "$EXIT_USAGE" "--trace is required"
[ -f "$trace" ] || die "$EXIT_USAGE" "there is no trace $trace"
[[ $priority =~ ^[0-4]$ ]] || die "$EXIT_USAGE" "--priority is a number from 0 to 4"
command -v python3 >/dev/null || die "$EXIT_USAGE" "python3 is needed"
if [ "$mode" = live ]; then
	command -v "$bd" >/dev/null || die "$EXIT_USAGE" "there is no program $bd"
fi
verified=false
if [ -n "$public_key" ]; then
	"${GAIT_BIN:-gait}" trace verify "$trace" --public-key "$public_key" >/dev/null ||
		die "$EXIT_INCOMPLETE" "$trace does not verify with $public_key"
	verified=true
fi

# The issue, as JSON. Texts of a trace are data: control characters would let them forge lines of the description.
issue=$(
	python3 - "$trace" "$mode" "$verified" "$result" <<'PYTHON'
import json
import sys

path, mode, verified, result_path = sys.argv[1:]
REQUIRED = ("trace_id", "verdict", "tool_name", "policy_digest", "intent_digest")


def fail(text):
    print(f"bridge_trace_to_beads: {text}", file=sys.stderr)
    sys.exit(1)


def plain(value):
    return "".join(character if character.isprintable() else "?" for character in value)


def read(name):
    try:
        with open(name, "rb") as file:
            value = json.load(file)
    except (OSError, ValueError, RecursionError) as error:
        fail(f"{name}: {error}")
    return value if isinstance(value, dict) else fail(f"{name} holds no object")


trace = read(path)
if trace.get("schema_id") != "gait.gate.trace":
    fail(f"{path} is not a trace")
fields = {}
for name in REQUIRED:
    value = trace.get(name)
    if not isinstance(value, str) or not value:
        fail(f"{path} has no {name}")
    fields[name] = plain(value)
result = read(result_path) if result_path else trace
if any(result.get(name) != trace[name] for name in ("trace_id", "verdict")):
    fail(f"{result_path} tells of another decision than {path}")
lists = {
    name: [plain(item) for item in result.get(name) or [] if isinstance(item, str)]
    for name in ("violations", "reason_codes")
}
lines = [
    f"Gait decided {fields['verdict']} for {fields['tool_name']}.",
    "",
    *(f"- {name}: {fields[name]}" for name in ("trace_id", "policy_digest", "intent_digest")),
    f"- trace: {plain(path)}" + (" (signature verified)" if verified == "true" else " (signature not verified)"),
    *(f"- {name}: {', '.join(items)}" for name, items in lists.items() if items),
    "",
    f"Look at it with: gait trace verify {plain(path)}",
]
issue = {
    "ok": True,
    "mode": mode,
    "trace_path": path,
    **fields,
    **lists,
    "signature_verified": verified == "true",
    "title": f"Gait {fields['verdict']}: {fields['tool_name']} ({fields['trace_id']})",
    "description": "\n".join(lines) + "\n",
}
print(json.dumps(issue, sort_keys=True))
PYTHON
) || exit "$EXIT_INCOMPLETE"

# member NAME: a text of the issue.
member() {
	python3 -c 'import json, sys; sys.stdout.write(json.loads(sys.argv[1])[sys.argv[2]])' "$issue" "$1"
}

if [ -n "$description_out" ]; then
	member description >"$description_out"
fi
if [ "$mode" = live ]; then
	created=$("$bd" create "$(member title)" --type "$type" --priority "$priority" \
		--description "$(member description)" --json) || die "$EXIT_INCOMPLETE" "$bd did not create the issue"
	issue=$(
		python3 - "$issue" "$created" <<'PYTHON'
import json
import sys

issue = json.loads(sys.argv[1])
try:
    created = json.loads(sys.argv[2])
    issue["issue_id"] = str(created["id"])
except (ValueError, KeyError, TypeError):
    print("bridge_trace_to_beads: the answer names no issue", file=sys.stderr)
    sys.exit(1)
print(json.dumps(issue, sort_keys=True))
PYTHON
	) || exit "$EXIT_INCOMPLETE"
fi
if $as_json; then
	printf '%s\n' "$issue"
else
	member title
	printf '\n\n'
	member description
fi
