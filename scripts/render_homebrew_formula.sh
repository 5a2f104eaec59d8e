#!/usr/bin/env bash
# Renders the Homebrew formula of a release from its list of digests, for macOS and Linux.
#
#   render_homebrew_formula.sh --version TAG [--repo Clyra-AI/gait] [--checksums dist/checksums.txt]
#       [--out dist/gait.rb] [--project gait] [--release-base-url URL] [--license Apache-2.0] [--desc TEXT]
set -euo pipefail

readonly EXIT_USAGE=2

die() {
	echo "render_homebrew_formula: $*" >&2
	exit "$EXIT_USAGE"
}

version=
repo=Clyra-AI/gait
checksums=dist/checksums.txt
out=dist/gait.rb
project=gait
release_base_url=
license=Apache-2.0
desc="Gate between AI agents and their tools: policy decisions with signed traces"
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	--version | --repo | --checksums | --out | --project | --release-base-url | --license | --desc)
		[ $# -ge 2 ] && [ -n "$2" ] || die "$1 needs a value"
		name=${1#--}
		printf -v "${name//-/_}" '%s' "$2"
		shift 2
		;;
	*) die "unknown argument: $1" ;;
	esac
done
[ -n "$version" ] || die "--version is required"
[ -f "$checksums" ] || die "there is no list of digests $checksums"
[[ $version =~ ^[A-Za-z0-9._+-]+$ ]] || die "no version: $version"
[[ $project =~ ^[a-z0-9][a-z0-9-]*$ ]] || die "no project: $project"
base=${release_base_url:-https://github.com/$repo/releases/download/$version}
base=${base%/}

# A digest that is no digest means that the list is not what it should be, whichever archive it belongs to.
while read -r digest listed; do
	[[ ${listed#\*} != "${project}"_* || $digest =~ ^[0-9a-f]{64}$ ]] ||
		die "the digest of $listed is not 64 lower-case hexadecimal digits"
done <"$checksums"

# archive OS ARCH: the archive's name and digest. Archives are named with or without the leading v of the tag.
archive() {
	local name digest listed
	for name in "${project}_${version}_$1_$2.tar.gz" "${project}_${version#v}_$1_$2.tar.gz"; do
		while read -r digest listed; do
			if [ "${listed#\*}" = "$name" ]; then
				printf '%s %s\n' "$name" "$digest"
				return
			fi
		done <"$checksums"
	done
	return 1
}

# ruby TEXT: a Ruby string that is TEXT and nothing else.
ruby() {
	local text=${1//\\/\\\\}
	text=${text//\"/\\\"}
	text=${text//#/\\#}
	case $text in *[[:cntrl:]]*) die "control characters in: $text" ;; esac
	printf '"%s"' "$text"
}

# source_of OS ARCH METHOD: the block for an archive, or nothing when the release has none.
source_of() {
	local found
	found=$(archive "$1" "$2") || return 0
	printf '    %s do\n      url %s\n      sha256 "%s"\n    end\n' "$3" "$(ruby "$base/${found% *}")" "${found#* }"
}

# platform OS METHOD: the block for an operating system, or nothing when the release has no archive for it.
platform() {
	local sources
	sources=$(source_of "$1" arm64 on_arm && source_of "$1" amd64 on_intel)
	[ -z "$sources" ] || printf '\n  %s do\n%s\n  end\n' "$2" "$sources"
}

file=$(basename "$out" .rb)
class=$(tr '_-' ' ' <<<"$file" | awk '{ for (i = 1; i <= NF; i++) printf "%s", toupper(substr($i, 1, 1)) substr($i, 2) }')
[[ $class =~ ^[A-Z][A-Za-z0-9]*$ ]] || die "$out gives no class name"

for arch in arm64 amd64; do
	archive darwin "$arch" >/dev/null || die "$checksums lists no archive for macOS on $arch"
done
platforms=$(platform darwin on_macos && platform linux on_linux)

mkdir -p "$(dirname "$out")"
fresh=$(mktemp "$out.XXXXXX")
trap 'rm -f "$fresh"' EXIT
cat >"$fresh" <<RUBY
class $class < Formula
  desc $(ruby "$desc")
  homepage $(ruby "https://github.com/$repo")
  version $(ruby "${version#v}")
  license $(ruby "$license")
$platforms

  def install
    bin.install "gait"
  end

  test do
    assert_match "\"run_id\"", shell_output("#{bin}/gait demo --json")
  end
end
RUBY
chmod 0644 "$fresh"
mv -f "$fresh" "$out"
trap - EXIT
echo "rendered: $out"
