#!/bin/sh
# Stands in for the tool that gets a credential: reads gait's request on standard input and prints the receipt in FILE,
# issued now, for ten minutes, and bound to what the request is about.
#
#   gait gate eval … --credential-broker command --credential-command sh \
#       --credential-command-args print_receipt.sh,aws_sts.json
set -eu

if [ $# -ne 1 ]; then
	echo "usage: print_receipt.sh <receipt.json>" >&2
	exit 2
fi
request=$(cat)

# bound NAME: a member of the request. What could end a JSON text, or the command below, is left out.
bound() {
	printf '%s' "$request" | sed -n 's/.*"'"$1"'":"\([A-Za-z0-9._:-]*\)".*/\1/p'
}

# instant SECONDS: the time SECONDS from now, by GNU or BSD date.
instant() {
	at=$(($(date +%s) + $1))
	date -u -d "@$at" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$at" +%Y-%m-%dT%H:%M:%SZ
}

sed -e "s/@ISSUED_AT@/$(instant 0)/" -e "s/@EXPIRES_AT@/$(instant 600)/" \
	-e "s/@TARGET_BINDING@/$(bound TargetBinding)/" -e "s/@RUN_BINDING@/$(bound RunID)/" \
	-e "s/@JOB_BINDING@/$(bound JobID)/" -- "$1"
