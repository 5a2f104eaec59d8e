#!/bin/sh
# Runs Gait in continuous integration. The templates beside this file only hand it their settings.
#
#   gait-regress.sh [run]      grade the fixtures, or test a policy; exits as gait does
#   gait-regress.sh install    download gait, check its digest, and print where it is
#
# Settings are environment variables, so that no text from outside is ever part of a script:
#
#   GAIT_BIN             the program (default: gait in PATH)
#   ARTIFACT_ROOT        directory of everything that is written (default: gait-out/adoption_regress)
#   GAIT_CI_WORKDIR      where to run (default: .)
#   GAIT_CI_COMMAND      regress or policy-test (default: regress)
#   GAIT_CI_ARGS         more arguments, quoted as in a shell; nothing in them is expanded
#   GAIT_CI_CONFIG       which fixtures to grade (default: gait.yaml)
#   GAIT_CI_FIXTURE      a fixture that must be there (default: fixtures/run_demo/runpack.zip; blank: none)
#   GAIT_CI_SOURCE_RUN   run to make a fixture of when one is missing (default: run_demo; blank: make none)
#   GAIT_CI_CAPTURE      true: make that fixture by way of a capture receipt
#
# and for install:
#
#   GAIT_CI_VERSION      a release, or latest, or installed for the gait in PATH (default: latest)
#   GAIT_CI_RELEASES     address of the releases
#   GAIT_CI_REPOSITORY   owner/name on the server that runs the job, when there is no such address
#   GAIT_CI_SHA256       digest that the downloaded archive must have (default: what the release says)
#
# Values and exit codes also go to the files that GITHUB_OUTPUT, GITHUB_PATH and GITHUB_STEP_SUMMARY name.
set -eu

readonly EXIT_USAGE=2 EXIT_REGRESSED=5 EXIT_INVALID=6 EXIT_MISSING=7

# die CODE TEXT...: ends with CODE.
die() {
	code=$1
	shift
	echo "gait-regress: $*" >&2
	output exit_code "$code"
	exit "$code"
}

# output NAME VALUE: a value that later steps can read. Line ends would let a value set others.
output() {
	if [ -n "${GITHUB_OUTPUT:-}" ]; then
		printf '%s=%s\n' "$1" "$(printf '%s' "$2" | tr '\r\n' '  ')" >>"$GITHUB_OUTPUT"
	fi
}

# text FILE NAME: a text member of the line of JSON in FILE; nothing when there is none.
text() {
	sed -nE 's/.*[{,]"'"$2"'":"(([^"\\]|\\.)*)".*/\1/p' "$1" | sed -E 's/\\(["\\])/\1/g'
}

# number FILE NAME: the same for a number.
number() {
	sed -nE 's/.*[{,]"'"$2"'":([0-9]+).*/\1/p' "$1"
}

# texts FILE NAME COUNT: the first COUNT texts of a list, with commas between them.
texts() {
	sed -nE 's/.*[{,]"'"$2"'":\[([^]]*)\].*/\1/p' "$1" | cut -d , -f "1-$3" | tr -d '"'
}

# summary NAME=VALUE...: writes the summary, its lines at most 180 characters long behind the name.
summary() {
	for line in "$@"; do
		printf '%s\n' "$line" | sed -E 's/^([^=]*=.{177}).{4,}$/\1.../'
	done >"$root/summary.txt"
	cat "$root/summary.txt" >&2
	if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
		printf '### gait %s\n\n```text\n%s\n```\n' "$command" "$(cat "$root/summary.txt")" >>"$GITHUB_STEP_SUMMARY"
	fi
}

# record FILE COMMAND...: puts the JSON that COMMAND prints into FILE; its exit code is this function's.
record() {
	file=$root/$1
	shift
	recorded=0
	"$@" >"$file" || recorded=$?
	text "$file" error >&2
	return "$recorded"
}

# finish CODE: tells CODE and exits with it.
finish() {
	output exit_code "$1"
	case $command:$1 in
	*:0 | "regress:$EXIT_REGRESSED" | policy-test:[34]) ;;
	*) echo "gait-regress: gait $command exited with $1" >&2 ;;
	esac
	exit "$1"
}

# first_fixture: the runpack of some fixture, the same one every time.
first_fixture() {
	for runpack in fixtures/run_demo/runpack.zip fixtures/*/runpack.zip; do
		if [ -f "$runpack" ]; then
			printf '%s\n' "$runpack"
			return
		fi
	done
}

# make_fixture RUN: a fixture of RUN, which the demonstration records when it is its own.
make_fixture() {
	if [ "$1" = run_demo ]; then
		record demo.json "$gait" demo --json || finish "$?"
	fi
	if [ "${GAIT_CI_CAPTURE:-false}" = true ]; then
		record capture.json "$gait" capture --from="$1" --json || finish "$?"
		record regress_add_result.json "$gait" regress add --from="$root/capture.json" --json || finish "$?"
	else
		record regress_init_result.json "$gait" regress init --from="$1" --json || finish "$?"
	fi
}

# regress ARGUMENT...: grades the fixtures. Arguments come last, so they win.
regress() {
	config=${GAIT_CI_CONFIG:-gait.yaml}
	fixture=${GAIT_CI_FIXTURE-fixtures/run_demo/runpack.zip}
	source_run=${GAIT_CI_SOURCE_RUN-run_demo}
	if [ -n "$source_run" ] && { [ ! -f "$config" ] || { [ -n "$fixture" ] && [ ! -f "$fixture" ]; }; }; then
		echo "gait-regress: $config or its fixture is missing, so one is made of $source_run" >&2
		make_fixture "$source_run"
		# What was made is listed in the default configuration, under the name of its run.
		[ -f "$config" ] || config=gait.yaml
		[ -f "$fixture" ] || fixture=
	elif [ -n "$fixture" ] && [ ! -f "$fixture" ]; then
		output regress_status error
		echo "gait-regress: no fixture $fixture" >&2
		finish "$EXIT_INVALID"
	fi
	code=0
	record regress_result.json "$gait" regress run --json --config="$config" \
		--output="$root/regress_core_result.json" --junit="$root/junit.xml" "$@" || code=$?
	result=$root/regress_result.json
	status=$(text "$result" status)
	reason=$(text "$result" top_failure_reason)
	next=$(text "$result" next_command)
	output regress_exit_code "$code"
	output regress_status "${status:-error}"
	output top_failure_reason "$reason"
	output next_command "$next"
	[ -n "$fixture" ] || fixture=$(first_fixture)
	verified=0
	footer=not_available
	if [ -n "$fixture" ] && { [ "$code" = 0 ] || [ "$code" = "$EXIT_REGRESSED" ]; }; then
		record pack_verify_fixture.json "$gait" pack verify --json -- "$fixture" || verified=$?
		if record receipt.json "$gait" run receipt --from="$fixture" --json; then
			footer=$(text "$root/receipt.json" ticket_footer)
		fi
	fi
	failed=$(number "$result" failed)
	summary "command=regress" "status=${status:-error}" "failed_graders=${failed:-0}" \
		"top_failure_reason=$reason" "next_command=$next" \
		"artifact_paths=$(texts "$result" artifact_paths 3)" "ticket_footer=$footer"
	# A fixture that does not verify is worse than one that fails.
	[ "$verified" = 0 ] || finish "$verified"
	finish "$code"
}

# policy_test ARGUMENT...: tests a policy; the arguments are those of gait policy test.
policy_test() {
	code=0
	record policy_test_result.json "$gait" policy test --json "$@" || code=$?
	result=$root/policy_test_result.json
	summary "command=policy-test" "verdict=$(text "$result" verdict)" \
		"reason_codes=$(texts "$result" reason_codes 6)" "summary=$(text "$result" summary)" \
		"ticket_footer=not_available"
	finish "$code"
}

# words_of TEXT: the words of a command line, one a line and marked with "=". xargs reads quotes and backslashes as a
# shell does, and expands nothing.
words_of() {
	case $1 in
	*[![:space:]]*) printf '%s\n' "$1" | xargs -n 1 printf '=%s\n' ;;
	esac
}

# start: settles the settings that both commands share, then runs one.
start() {
	command=${GAIT_CI_COMMAND:-regress}
	case $command in
	regress | policy-test) ;;
	*) die "$EXIT_USAGE" "no such command: $command" ;;
	esac
	gait=${GAIT_BIN:-gait}
	case $gait in
	/*) ;;
	*/*) gait=$PWD/$gait ;;
	esac
	command -v "$gait" >/dev/null || die "$EXIT_MISSING" "there is no program $gait"
	cd "${GAIT_CI_WORKDIR:-.}" || die "$EXIT_INVALID" "there is no directory $GAIT_CI_WORKDIR"
	root=${ARTIFACT_ROOT:-gait-out/adoption_regress}
	mkdir -p -- "$root"
	# What an earlier job left must not pass for the outcome of this one.
	(cd "$root" && rm -f -- capture.json demo.json junit.xml pack_verify_fixture.json policy_test_result.json \
		receipt.json regress_add_result.json regress_core_result.json regress_init_result.json \
		regress_result.json summary.txt)
	case $root in
	/*) path=$root ;;
	*) path=${GAIT_CI_WORKDIR:-.}/$root ;;
	esac
	output artifact_root "$root"
	output artifact_path "$path"
	output summary_path "$path/summary.txt"
	words=$(words_of "${GAIT_CI_ARGS:-}") || die "$EXIT_INVALID" "GAIT_CI_ARGS cannot be read"
	set --
	while IFS= read -r word; do
		set -- "$@" "${word#=}"
	done <<WORDS
$words
WORDS
	# No words at all are still one empty line.
	[ -n "$words" ] || set --
	case $command in
	regress) regress "$@" ;;
	policy-test) policy_test "$@" ;;
	esac
}

# platform: the operating system and processor, in the words of release archives.
platform() {
	case $(uname -s) in
	Linux) os=linux ;;
	Darwin) os=darwin ;;
	MINGW* | MSYS* | CYGWIN*) os=windows ;;
	*) die "$EXIT_USAGE" "no release for $(uname -s)" ;;
	esac
	case $(uname -m) in
	x86_64 | amd64) printf '%s_amd64\n' "$os" ;;
	aarch64 | arm64) printf '%s_arm64\n' "$os" ;;
	*) die "$EXIT_USAGE" "no release for $(uname -m)" ;;
	esac
}

# digest FILE: its SHA-256 in hexadecimal.
digest() {
	if command -v sha256sum >/dev/null; then
		sha256sum <"$1"
	else
		shasum -a 256 <"$1"
	fi | cut -d ' ' -f 1
}

# fetch NAME: a file of the release, into the scratch directory.
fetch() {
	curl --fail --silent --show-error --location --proto '=https,file' --proto-redir '=https' \
		--retry 3 --output "$scratch/$1" "$base/$1" || die "$EXIT_MISSING" "can't download $base/$1"
}

# release_base VERSION: the address of the files of a release.
release_base() {
	releases=${GAIT_CI_RELEASES:-}
	if [ -z "$releases" ] && [ -n "${GAIT_CI_REPOSITORY:-}" ] && [ -n "${GITHUB_SERVER_URL:-}" ]; then
		releases=$GITHUB_SERVER_URL/$GAIT_CI_REPOSITORY/releases
	fi
	[ -n "$releases" ] || die "$EXIT_USAGE" "GAIT_CI_RELEASES must say where the releases are"
	case $1 in
	latest) printf '%s/latest/download\n' "$releases" ;;
	*[!A-Za-z0-9._+-]* | .*) die "$EXIT_USAGE" "no version: $1" ;;
	*) printf '%s/download/%s\n' "$releases" "$1" ;;
	esac
}

# installed PROGRAM: tells where the program is.
installed() {
	printf '%s\n' "$1"
	if [ -n "${GITHUB_PATH:-}" ]; then
		dirname "$1" >>"$GITHUB_PATH"
	fi
}

install() {
	version=${GAIT_CI_VERSION:-latest}
	if [ "$version" = installed ]; then
		found=$(command -v "${GAIT_BIN:-gait}") || die "$EXIT_MISSING" "gait is not installed"
		installed "$found"
		return
	fi
	target=$(platform)
	base=$(release_base "$version")
	scratch=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/gait.XXXXXX")
	fetch checksums.txt
	line=$(grep -E "^[0-9a-fA-F]{64} [ *]gait_[A-Za-z0-9._+-]*_$target\.(tar\.gz|zip)\$" "$scratch/checksums.txt" |
		head -n 1) || die "$EXIT_USAGE" "the release has nothing for $target"
	[ -n "$line" ] || die "$EXIT_USAGE" "the release has nothing for $target"
	archive=${line##*[ *]}
	expected=${GAIT_CI_SHA256:-${line%% *}}
	fetch "$archive"
	[ "$(digest "$scratch/$archive")" = "$(printf '%s' "$expected" | tr 'A-F' 'a-f')" ] ||
		die "$EXIT_USAGE" "$archive is not what its digest says"
	mkdir "$scratch/release"
	case $archive in
	*.zip) unzip -q "$scratch/$archive" -d "$scratch/release" ;;
	*) tar -xzf "$scratch/$archive" -C "$scratch/release" ;;
	esac
	program=$(find "$scratch/release" -type f \( -name gait -o -name gait.exe \) | head -n 1)
	[ -n "$program" ] || die "$EXIT_USAGE" "$archive holds no gait"
	chmod +x "$program"
	installed "$program"
}

case ${1:-run} in
run) start ;;
install) install ;;
*) die "$EXIT_USAGE" "no such action: $1" ;;
esac
