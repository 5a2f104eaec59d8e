#!/bin/sh
# Judges a deploy with the credential receipt of one provider: allowed with it, and blocked without it, with one that
# has expired, and with one that is bound to another target.
#
#   try.sh [provider]      aws_sts (default), github_oidc, vault_dynamic, gcp_sts, azure_federated, okta_cyberark
set -eu
cd "$(dirname "$0")"

gait=${GAIT_BIN:-gait}
provider=${1:-aws_sts}
receipt=$provider.json
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# member NAME: a text of the receipt.
member() {
	sed -n 's/^ *"'"$1"'": "\([^"]*\)".*/\1/p' "$receipt"
}

# The call claims the credential that it is going to use. Policies know sources by the provider, but for receipts that
# name another one.
source=$(member source)
sed -e "s|@SOURCE@|${source:-$provider}|" -e "s|@ISSUER@|$(member issuer)|" -e "s|@CREDENTIAL_REF@|$(member credential_ref)|" \
	intent_deploy.json >"$out/intent.json"

# decide EXPECTED NAME [FLAG...]: asks gait about the deploy; its exit code must be EXPECTED.
decide() {
	expected=$1
	name=$2
	shift 2
	code=0
	"$gait" gate eval --policy policy.yaml --intent "$out/intent.json" --trace-out "$out/trace_$name.json" \
		--credential-evidence-out "$out/evidence_$name.json" --json "$@" || code=$?
	if [ "$code" != "$expected" ]; then
		echo "$provider: $name must exit with $expected, and gait exited with $code" >&2
		exit 1
	fi
}

# with RECEIPT: the flags that make gait ask for it.
with() {
	printf '%s' "--credential-broker=command --credential-command=sh --credential-command-args=print_receipt.sh,$1"
}

# shellcheck disable=SC2046 # the flags are words, and none of them holds a blank
decide 0 fresh $(with "$receipt")
grep -q '"credential_ref"' "$out/evidence_fresh.json"
decide 3 without
sed 's/@TARGET_BINDING@/another/' "$receipt" >"$out/foreign.json"
# shellcheck disable=SC2046
decide 3 foreign $(with "$out/foreign.json")
sed -e 's/@ISSUED_AT@/2026-05-01T00:00:00Z/' -e 's/@EXPIRES_AT@/2026-05-01T00:10:00Z/' "$receipt" >"$out/expired.json"
# shellcheck disable=SC2046
decide 3 expired $(with "$out/expired.json")
