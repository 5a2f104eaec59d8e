//! Codes of what stands around the rules of a policy: the doors that calls come in by, and the proofs they bring along.

use super::{CodeFamily, both, reason, violation};

/// Where the headers and the body of a proxied call disagree.
pub(super) const PROXY_DOORS: CodeFamily = CodeFamily {
    title: "Doors for proxies",
    codes: &[both(
        "mcp_header_mismatch",
        "The headers that name an MCP request say another thing than its body, or there is no body.",
    )],
};

/// Whether the server of a call is trusted.
pub(super) const MCP_TRUST: CodeFamily = CodeFamily {
    title: "Trust in MCP servers",
    codes: &[
        reason(
            "mcp_trust_verified",
            "The server passes every check of the policy.",
        ),
        reason("mcp_trust_identifier_missing", "The call names no server."),
        reason(
            "mcp_trust_snapshot_unavailable",
            "The trust snapshot can't be read.",
        ),
        reason("mcp_trust_snapshot_invalid", "The trust snapshot can't be used."),
        reason(
            "mcp_trust_server_unknown",
            "The snapshot doesn't know the server.",
        ),
        reason("mcp_trust_status_untrusted", "Its status is not one of trust."),
        reason(
            "mcp_trust_publisher_untrusted",
            "Its publisher is not on the policy's list.",
        ),
        reason(
            "mcp_trust_registry_unverified",
            "No registry verification stands behind it.",
        ),
        reason("mcp_trust_stale", "Its entry is older than the policy accepts."),
        reason(
            "mcp_trust_below_threshold",
            "Its score is below what the policy asks for.",
        ),
        violation(
            "mcp_trust_policy",
            "Trust is required for the call and the server doesn't have it.",
        ),
    ],
};

/// What the gateway finds about a tool and its arguments.
pub(super) const MCP_GATEWAY: CodeFamily = CodeFamily {
    title: "The MCP gateway",
    codes: &[
        both("mcp_tool_unknown", "The server lists no such tool."),
        both(
            "mcp_tool_unreviewed",
            "The tool is new since the server was reviewed.",
        ),
        both(
            "mcp_tool_changed",
            "Its definition is not the one that was approved.",
        ),
        both("mcp_tool_renamed", "It is an approved tool under another name."),
        both("mcp_tool_ambiguous", "The server lists two tools of this name."),
        both(
            "mcp_tool_schema_unusable",
            "Its input schema cannot be used to check arguments.",
        ),
        both(
            "mcp_tool_headers_unusable",
            "It wants arguments repeated in HTTP headers in a way that nobody can follow.",
        ),
        both(
            "mcp_arguments_invalid",
            "The arguments are not what the tool takes.",
        ),
        reason(
            "mcp_call_not_judged",
            "The call could not be judged, and did not run.",
        ),
        reason(
            "mcp_decision_not_durable",
            "The trace could not be written, and the call did not run.",
        ),
    ],
};

/// What the tokens of a delegation prove.
pub(super) const DELEGATION: CodeFamily = CodeFamily {
    title: "Delegation",
    codes: &[
        reason(
            "delegation_granted",
            "Every link of the claimed delegation has its token.",
        ),
        violation("delegation_not_granted", "Some link has none."),
        reason(
            "delegation_chain_insufficient",
            "The tokens don't cover the claimed chain.",
        ),
        reason(
            "delegation_token_missing",
            "There is no token, or none for a link.",
        ),
        reason("delegation_token_invalid", "A token has no normal form."),
        reason("delegation_token_signature_missing", "A token is not signed."),
        reason(
            "delegation_token_signature_invalid",
            "A token's signature is no proof.",
        ),
        reason("delegation_token_expired", "A token has expired."),
        reason(
            "delegation_token_delegator_mismatch",
            "A token is from somebody else.",
        ),
        reason(
            "delegation_token_delegate_mismatch",
            "A token is for somebody else.",
        ),
        reason(
            "delegation_token_scope_mismatch",
            "A token doesn't hand over what is needed.",
        ),
        reason(
            "delegation_token_intent_mismatch",
            "A token is for another intent.",
        ),
        reason(
            "delegation_token_policy_mismatch",
            "A token is for another policy.",
        ),
        reason(
            "delegation_token_chain_mismatch",
            "A token belongs to no link of the chain.",
        ),
    ],
};

/// What the tokens of an approval prove.
pub(super) const APPROVAL: CodeFamily = CodeFamily {
    title: "Approval",
    codes: &[
        reason("approval_granted", "Enough valid approvals were presented."),
        violation("approval_not_granted", "They were not."),
        reason("approval_token_missing", "No approval was presented."),
        reason(
            "approval_chain_insufficient",
            "Fewer valid approvals were presented than are needed.",
        ),
        reason(
            "approval_distinct_approvers_required",
            "The approvals come from too few people.",
        ),
        reason("approval_token_invalid", "A token has no normal form."),
        reason("approval_token_signature_missing", "A token is not signed."),
        reason(
            "approval_token_signature_invalid",
            "A token's signature is no proof.",
        ),
        reason("approval_token_intent_mismatch", "A token is for another intent."),
        reason("approval_token_policy_mismatch", "A token is for another policy."),
        reason(
            "approval_token_delegation_binding_mismatch",
            "A token is not for the delegation that the intent claims.",
        ),
        reason("approval_token_expired", "A token has expired."),
        reason(
            "approval_token_scope_mismatch",
            "A token doesn't cover all that the call needs.",
        ),
        reason(
            "approval_token_max_targets_exceeded",
            "The call acts on more targets than a token allows.",
        ),
        reason(
            "approval_token_max_ops_exceeded",
            "The call does more than a token allows.",
        ),
    ],
};

/// How a call that waits for an approval ends.
pub(super) const APPROVAL_QUEUE: CodeFamily = CodeFamily {
    title: "Waiting for an approval",
    codes: &[
        both("approval_pending", "Nobody has decided about the call yet."),
        both("approval_denied", "Somebody denied the call."),
        both("approval_timeout", "Nobody decided about the call in time."),
        both(
            "approval_withdrawn",
            "The one who asked for the approval took the request back.",
        ),
        both(
            "approval_already_used",
            "The approval was used before; each is used once.",
        ),
        both("approval_unknown", "There is no such request for an approval."),
        both(
            "approval_principal_mismatch",
            "The approval was asked for by somebody else.",
        ),
        both(
            "approval_server_mismatch",
            "The approval was asked for a call to another server.",
        ),
        both(
            "approval_key_mismatch",
            "The approval was asked for under another key for approvals.",
        ),
        both(
            "approval_key_missing",
            "No key can be had that approvals would be verified by, so none can be given.",
        ),
        both(
            "approval_request_altered",
            "The request for an approval was changed after it was made.",
        ),
        both(
            "approval_request_too_large",
            "The call is too large to be shown to anybody.",
        ),
        both(
            "approval_state_invalid",
            "A client came back with a state that is not genuine.",
        ),
        both(
            "approval_state_expired",
            "A client came back with a state that has ended.",
        ),
        both(
            "approval_state_replayed",
            "A client came back with the same state twice.",
        ),
        both("approval_queue_full", "Too many requests for approval wait."),
        both(
            "approval_queue_unavailable",
            "The queue of requests for approval cannot be used.",
        ),
    ],
};

/// What a broker answers.
pub(super) const CREDENTIAL_BROKER: CodeFamily = CodeFamily {
    title: "Credential broker",
    codes: &[
        reason(
            "broker_credential_present",
            "The broker issued a credential that satisfies every rule.",
        ),
        reason(
            "broker_credential_required",
            "A rule demands a broker and none is configured.",
        ),
        both(
            "broker_credential_missing",
            "No credential was issued. Only a violation where no broker is configured.",
        ),
        both(
            "broker_request_digest_missing",
            "The answer doesn't say which request it is for.",
        ),
        both(
            "broker_request_digest_mismatch",
            "The answer is for another request.",
        ),
        both(
            "broker_scope_mismatch",
            "The credential lacks a scope that was asked for.",
        ),
        both(
            "broker_ttl_exceeded",
            "The credential lives longer than a rule accepts.",
        ),
        both(
            "broker_credential_ref_mismatch",
            "The intent names another credential.",
        ),
        both(
            "broker_target_binding_mismatch",
            "The credential is bound to other targets.",
        ),
        both(
            "broker_run_binding_mismatch",
            "The credential is bound to another run.",
        ),
        both(
            "broker_job_binding_mismatch",
            "The credential is bound to another job.",
        ),
    ],
};
