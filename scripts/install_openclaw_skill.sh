#!/usr/bin/env bash
# Installs the gait-gate skill for OpenClaw.
#
#   install_openclaw_skill.sh [--target-dir DIR] [--policy FILE] [--force] [--json]
#
# The skill goes to ${OPENCLAW_HOME:-$HOME/.openclaw}/skills/gait-gate unless --target-dir says otherwise. --force
# replaces an installed skill; it never removes a directory that holds anything else.
set -euo pipefail

readonly EXIT_USAGE=2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root package=$root/examples/integrations/openclaw/skill
readonly entry_point=gait_openclaw_gate.py

die() {
	echo "install_openclaw_skill: $*" >&2
	exit "$EXIT_USAGE"
}

# value FLAG ARGUMENT...: the value that follows a flag. Another flag is none.
value() {
	[ $# -ge 2 ] || die "$1 needs a value"
	case $2 in '' | --*) die "$1 needs a value" ;; esac
	printf '%s\n' "$2"
}

# json NAME VALUE...: an object of texts, with what JSON needs escaped; the words true and false are no texts.
json() {
	python3 -c '
import json, sys
words = sys.argv[1:]
values = ({"true": True, "false": False}.get(value, value) for value in words[1::2])
print(json.dumps(dict(zip(words[::2], values)), sort_keys=True))' "$@"
}

# holds_only_the_skill DIRECTORY: whether all of it is of this skill. Whatever else lies there is somebody else's.
holds_only_the_skill() {
	local path name
	for path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		[ -e "$path" ] || [ -L "$path" ] || continue
		name=${path##*/}
		case $name in
		__pycache__) ;;
		"$entry_point" | boundary.py | skill_manifest.json | skill_config.json | README.md) [ -f "$path" ] || return 1 ;;
		*) return 1 ;;
		esac
	done
}

target=
policy=$root/examples/policy/base_high_risk.yaml
force=false
as_json=false
while [ $# -gt 0 ]; do
	case $1 in
	--target-dir)
		target=$(value "$@")
		shift 2
		;;
	--policy)
		policy=$(value "$@")
		shift 2
		;;
	--force)
		force=true
		shift
		;;
	--json)
		as_json=true
		shift
		;;
	-h | --help)
		sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	*) die "unknown argument: $1" ;;
	esac
done
if [ -z "$target" ]; then
	target=${OPENCLAW_HOME:-${HOME:?}/.openclaw}/skills/gait-gate
fi

for file in "$package/$entry_point" "$package/skill_manifest.json" "$package/README.md" "$package/../../boundary.py"; do
	[ -f "$file" ] || die "the package is incomplete: no $file"
done
[ -f "$policy" ] || die "there is no policy $policy"
policy=$(cd "$(dirname "$policy")" && pwd)/$(basename "$policy")
command -v python3 >/dev/null || die "python3 is needed"

if [ -e "$target" ] || [ -L "$target" ]; then
	$force || die "$target is there already; --force replaces an installed skill"
	{ [ -d "$target" ] && [ ! -L "$target" ] && holds_only_the_skill "$target"; } ||
		die "$target holds more than this skill, so it is not replaced"
fi

# The new skill is made beside the old one and then takes its place, so that a failure leaves the old one whole.
mkdir -p "$(dirname "$target")"
target=$(cd "$(dirname "$target")" && pwd)/$(basename "$target")
stage=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$stage"' EXIT
chmod 0755 "$stage"
install -m 0755 "$package/$entry_point" "$stage/$entry_point"
install -m 0644 "$package/../../boundary.py" "$package/skill_manifest.json" "$package/README.md" "$stage/"
json schema_id gait.integration.skill_config schema_version 1.0.0 policy_path "$policy" adapter mcp key_mode dev \
	identity openclaw-user risk_class high >"$stage/skill_config.json"
[ ! -e "$target" ] || rm -rf "$target"
mv "$stage" "$target"
trap - EXIT

if $as_json; then
	json ok true package gait-gate framework openclaw target_dir "$target" entrypoint "$target/$entry_point" policy_path "$policy"
else
	echo "installed: $target"
	echo "policy: $policy"
fi
