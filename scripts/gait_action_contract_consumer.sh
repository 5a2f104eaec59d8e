#!/bin/sh
# Lets a laboratory ask gait for its receipt of an action contract proposal: gait_action_contract_consumer.sh ARTIFACT
#
# Whatever is wrong, what is printed is a receipt, and it does not say pass.
set -eu

# receipt STATUS REASON: a receipt that was not made by gait.
receipt() {
	printf '{"consumer":"gait","version":"unknown","scenario_id":"unknown","artifact_sha256":"sha256:%s",' \
		e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
	printf '"status":"%s","self_attestation":false,"schema_versions":{"artifact":"1","contract":"3"},' "$1"
	printf '"supported_constraints":{"target_constraint_keys":null,"precondition_kinds":null,"authority_kinds":null},'
	printf '"semantic_result":{"proposal_valid":false,"activation_ready":false,'
	printf '"reason_codes":["%s"],"execution_claim":false,"effect_claim":false}}\n' "$2"
}

if [ $# -ne 1 ]; then
	receipt reject consumer_arguments_invalid
	exit 6
fi
gait=${GAIT_BIN:-gait}
if ! command -v "$gait" >/dev/null; then
	receipt dependency_missing consumer_binary_missing
	exit 7
fi
exec "$gait" contract consume --artifact="$1"
