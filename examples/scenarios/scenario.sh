# shellcheck shell=bash
# What the scenarios share. Sourced with `root` set; leaves the shell in a directory of its own that goes away at the end.

if [ -n "${GAIT_BIN:-}" ]; then
	gait=$(command -v "$GAIT_BIN") || { echo "error=there is no program $GAIT_BIN" >&2 && exit 1; }
	case $gait in /*) ;; *) gait=$PWD/$gait ;; esac
elif [ -x "${root:?}/gait" ]; then
	gait=$root/gait
else
	gait=$(command -v gait) || { echo "error=unable to find gait binary; set GAIT_BIN" >&2 && exit 1; }
fi
workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
cd "$workspace" || exit 1

# expect CODE FILE COMMAND...: runs the command, keeps its output in FILE, and insists on its exit code.
expect() {
	local expected=$1 file=$2 code=0
	shift 2
	"$@" >"$file" || code=$?
	cat "$file"
	if [ "$code" != "$expected" ]; then
		echo "error=expected exit code $expected, got $code" >&2
		exit 1
	fi
}

# contains TEXT FILE: insists that TEXT is in FILE.
contains() {
	grep -qF -- "$1" "$2" || { echo "error=$2 does not hold $1" >&2 && exit 1; }
}

# member NAME FILE: a text member of the line of JSON in FILE.
member() {
	sed -nE 's/.*[{,]"'"$1"'":"([^"\\]*)".*/\1/p' "$2"
}
