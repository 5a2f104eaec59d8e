#!/usr/bin/env bash
# Installs the agent skills of this repository for Codex, Claude, or both.
#
#   install_repo_skills.sh [--provider codex|claude|both]
#
# They go to ${CODEX_HOME:-~/.codex}/skills and ${CLAUDE_HOME:-~/.claude}/skills. A skill of the same name is replaced;
# everything else there stays.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

die() {
	echo "install_repo_skills: $*" >&2
	exit 1
}

provider=both
while [ $# -gt 0 ]; do
	case $1 in
	--provider)
		[ $# -ge 2 ] || die "--provider needs a value"
		provider=$2
		shift 2
		;;
	-h | --help)
		sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	*) die "unknown argument: $1" ;;
	esac
done
case $provider in
codex) targets=("${CODEX_HOME:-${HOME:?}/.codex}/skills") ;;
claude) targets=("${CLAUDE_HOME:-${HOME:?}/.claude}/skills") ;;
both) targets=("${CODEX_HOME:-${HOME:?}/.codex}/skills" "${CLAUDE_HOME:-${HOME:?}/.claude}/skills") ;;
*) die "--provider is codex, claude or both" ;;
esac
python3 "$root/scripts/validate_repo_skills.py" --provider "$provider" >/dev/null || die "a skill is not valid"

for target in "${targets[@]}"; do
	mkdir -p "$target"
	for skill in "$root"/.agents/skills/*/; do
		name=$(basename "$skill")
		# Made beside the old one, which goes only when the new one is whole.
		stage=$(mktemp -d "$target/.$name.XXXXXX")
		trap 'rm -rf "$stage"' EXIT
		chmod 0755 "$stage"
		cp -R "$skill". "$stage/"
		rm -rf "${target:?}/$name"
		mv "$stage" "$target/$name"
		trap - EXIT
		echo "installed: $target/$name"
	done
done
