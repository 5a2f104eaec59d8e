#!/bin/sh
# Installs a released gait: downloads it, checks what was downloaded, and puts it in place in one step.
#
#   install.sh [--version TAG|latest] [--repo OWNER/NAME] [--install-dir DIR] [--sha256 DIGEST]
#              [--signature auto|required|off]
#
# The archive must have the digest that the release's checksums.txt tells, or the one of --sha256. A list from the same
# place protects from damage only, so the signature on it counts: with cosign installed it is verified, `required` fails
# where it cannot be, and `off` leaves it out. A digest that you have from elsewhere is as good.
#
# GAIT_RELEASE_BASE_URL names another place to download the files of a release from.
set -eu

EXIT_FAILED=2

die() {
	echo "install: $*" >&2
	exit "$EXIT_FAILED"
}

# platform: operating system and processor, as archives are called.
platform() {
	case $(uname -s) in
	Linux) os=linux ;;
	Darwin) os=darwin ;;
	MINGW* | MSYS* | CYGWIN*) os=windows ;;
	*) die "there is no release for $(uname -s)" ;;
	esac
	case $(uname -m) in
	x86_64 | amd64) arch=amd64 ;;
	aarch64 | arm64) arch=arm64 ;;
	*) die "there is no release for $(uname -m)" ;;
	esac
	printf '%s_%s\n' "$os" "$arch"
}

# fetch NAME: a file of the release, into the scratch directory.
fetch() {
	if command -v curl >/dev/null; then
		curl --fail --silent --show-error --location --proto '=https,file' --proto-redir '=https' --retry 3 \
			--output "$scratch/$1" "$base/$1"
	elif command -v wget >/dev/null; then
		wget --quiet --https-only --output-document "$scratch/$1" "$base/$1"
	else
		die "curl or wget is needed"
	fi
}

# digest FILE: its SHA-256 in hexadecimal.
digest() {
	if command -v sha256sum >/dev/null; then
		sha256sum <"$1"
	elif command -v shasum >/dev/null; then
		shasum -a 256 <"$1"
	else
		openssl dgst -sha256 -r <"$1"
	fi | cut -d ' ' -f 1
}

# listed TARGET: the line of checksums.txt for a platform. A tag names its archive with or without its leading v.
listed() {
	extension=tar.gz
	case $1 in windows_*) extension=zip ;; esac
	case $version in
	latest) names="gait_[A-Za-z0-9._+-]*_$1.$extension" ;;
	*) names="gait_$(quoted "$version")_$1.$extension|gait_$(quoted "${version#v}")_$1.$extension" ;;
	esac
	grep -E "^[0-9a-fA-F]{64} [ *]($names)\$" "$scratch/checksums.txt" | head -n 1
}

# quoted TEXT: a pattern for exactly this text.
quoted() {
	printf '%s' "$1" | sed 's/[.+]/\\&/g'
}

# verify_signature: whether the list of digests is the one that the repository's release workflow signed.
verify_signature() {
	if [ "$signature" = off ]; then
		return
	fi
	if ! command -v cosign >/dev/null; then
		[ "$signature" = auto ] || die "cosign is needed to verify the signature"
		echo "The signature was not verified: cosign is not installed." >&2
		return
	fi
	if ! { fetch checksums.txt.sig && fetch checksums.txt.pem; } 2>/dev/null; then
		[ "$signature" = auto ] || die "the release has no signature"
		echo "The signature was not verified: the release has none." >&2
		return
	fi
	cosign verify-blob --certificate "$scratch/checksums.txt.pem" --signature "$scratch/checksums.txt.sig" \
		--certificate-identity-regexp "^https://github\\.com/$(quoted "$repo")/\\.github/workflows/" \
		--certificate-oidc-issuer https://token.actions.githubusercontent.com \
		"$scratch/checksums.txt" >/dev/null 2>&1 || die "checksums.txt is not what the release workflow signed"
	echo "The signature on checksums.txt is good."
}

# unpack ARCHIVE PROGRAM: the program at the top of the archive, into the scratch directory.
unpack() {
	mkdir "$scratch/release"
	case $1 in
	*.zip) unzip -q "$scratch/$1" "$2" -d "$scratch/release" ;;
	*) tar -xzf "$scratch/$1" -C "$scratch/release" "$2" || tar -xzf "$scratch/$1" -C "$scratch/release" "./$2" ;;
	esac >/dev/null 2>&1 || true
	[ -f "$scratch/release/$2" ] && [ ! -L "$scratch/release/$2" ] || die "$1 does not hold $2 at its top"
}

# place PROGRAM: puts it where it belongs. A rename replaces a program that is running, and is never seen half done.
place() {
	mkdir -p "$install_dir" || die "cannot make $install_dir"
	fresh=$(mktemp "$install_dir/.gait.XXXXXX") || die "cannot write to $install_dir"
	if ! { cp "$scratch/release/$1" "$fresh" && chmod 0755 "$fresh" && mv -f "$fresh" "$install_dir/$1"; }; then
		rm -f "$fresh"
		die "cannot write to $install_dir"
	fi
}

# path_advice: how the shell finds the program.
path_advice() {
	case ":$PATH:" in
	*":$install_dir:"*)
		found=$(command -v gait || true)
		echo "In PATH: ${found:-gait}"
		if [ -n "$found" ] && [ "$found" != "$install_dir/gait" ]; then
			echo "Another gait comes first in PATH: $found"
		fi
		return
		;;
	esac
	echo "Add $install_dir to PATH:"
	shell=${SHELL:-}
	case ${shell##*/} in
	fish) echo "  fish_add_path '$install_dir'" ;;
	zsh) echo "  echo 'export PATH=\"$install_dir:\$PATH\"' >>~/.zshrc" ;;
	bash) echo "  echo 'export PATH=\"$install_dir:\$PATH\"' >>~/.bashrc" ;;
	*) echo "  export PATH=\"$install_dir:\$PATH\"" ;;
	esac
}

# value FLAG ARGUMENT...: the value that follows a flag. Another flag is none.
value() {
	[ $# -ge 2 ] || die "$1 needs a value"
	case $2 in '' | --*) die "$1 needs a value" ;; esac
	printf '%s\n' "$2"
}

read_arguments() {
	version=latest
	repo=Clyra-AI/gait
	install_dir=${HOME:-}/.local/bin
	expected=
	signature=auto
	while [ $# -gt 0 ]; do
		case $1 in
		--version) version=$(value "$@") || exit ;;
		--repo) repo=$(value "$@") || exit ;;
		--install-dir) install_dir=$(value "$@") || exit ;;
		--sha256) expected=$(value "$@") || exit ;;
		--signature) signature=$(value "$@") || exit ;;
		-h | --help)
			sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
			exit 0
			;;
		*) die "unknown argument: $1" ;;
		esac
		shift 2
	done
	case $version in *[!A-Za-z0-9._+-]* | .*) die "no version: $version" ;; esac
	case $repo in *[!A-Za-z0-9._/-]* | */*/* | /* | */) die "no repository: $repo" ;; */*) ;; *) die "no repository: $repo" ;; esac
	case $signature in auto | required | off) ;; *) die "--signature is auto, required or off" ;; esac
	case $install_dir in /*) ;; *) install_dir=$PWD/$install_dir ;; esac
}

# Everything is one function, so that a script that arrives half does nothing.
main() {
	read_arguments "$@"
	target=$(platform)
	case $version in
	latest) base=https://github.com/$repo/releases/latest/download ;;
	*) base=https://github.com/$repo/releases/download/$version ;;
	esac
	base=${GAIT_RELEASE_BASE_URL:-$base}
	base=${base%/}
	case $base in https://* | file://*) ;; *) die "releases are downloaded over HTTPS, not from $base" ;; esac
	scratch=$(mktemp -d)
	trap 'rm -rf "$scratch"' EXIT

	fetch checksums.txt
	verify_signature
	line=$(listed "$target") || true
	[ -n "$line" ] || die "checksums.txt lists no archive of $version for $target"
	archive=${line##*[ *]}
	fetch "$archive"
	actual=$(digest "$scratch/$archive")
	[ "$actual" = "$(printf '%s' "${line%% *}" | tr 'A-F' 'a-f')" ] || die "$archive is not what checksums.txt says"
	if [ -n "$expected" ] && [ "$actual" != "$(printf '%s' "$expected" | tr 'A-F' 'a-f')" ]; then
		die "$archive does not have the digest that --sha256 demands"
	fi

	program=gait
	case $target in windows_*) program=gait.exe ;; esac
	unpack "$archive" "$program"
	place "$program"
	echo "Installed: $install_dir/$program"
	path_advice
	printf '%s\n' "Next:" "  gait doctor --json" "  gait init --json" "  gait check --json" "  gait demo" \
		"  gait verify run_demo --json"
}

main "$@"
