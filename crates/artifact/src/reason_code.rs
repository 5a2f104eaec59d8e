//! Every reason code and violation that a decision can carry, beside those that policies bring themselves.
//!
//! The codes are part of the contract with callers: they are never renamed, and a new one is an addition. The reference
//! is written from this table, and tests hold what decisions really say against it.

mod boundary;

/// What a code tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRole {
    /// Why the verdict came out as it did.
    Reason,
    /// What was violated.
    Violation,
    /// Either.
    Both,
}

impl CodeRole {
    /// The lists it appears in, as output names them.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reason => "reason_codes",
            Self::Violation => "violations",
            Self::Both => "reason_codes, violations",
        }
    }
}

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code. A `*` at its end stands for a name.
    pub code: &'static str,
    /// Which lists it appears in.
    pub role: CodeRole,
    /// What it says.
    pub meaning: &'static str,
}

/// Codes that one check of a decision can give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeFamily {
    /// The check.
    pub title: &'static str,
    /// Its codes.
    pub codes: &'static [Code],
}

const fn reason(code: &'static str, meaning: &'static str) -> Code {
    Code {
        code,
        role: CodeRole::Reason,
        meaning,
    }
}

const fn violation(code: &'static str, meaning: &'static str) -> Code {
    Code {
        code,
        role: CodeRole::Violation,
        meaning,
    }
}

const fn both(code: &'static str, meaning: &'static str) -> Code {
    Code {
        code,
        role: CodeRole::Both,
        meaning,
    }
}

/// Every code, by the check that gives it.
pub static FAMILIES: &[CodeFamily] = &[
    CodeFamily {
        title: "Default verdict",
        codes: &[
            reason(
                "default_allow",
                "No rule matched and the policy allows what no rule names.",
            ),
            reason(
                "default_dry_run",
                "No rule matched and the policy only lets such calls be reported.",
            ),
            reason(
                "default_require_approval",
                "No rule matched and the policy wants such calls approved.",
            ),
            reason(
                "default_block",
                "No rule matched and the policy blocks what no rule names.",
            ),
            reason(
                "matched_rule_*",
                "The rule of that name matched and has no reason codes of its own.",
            ),
        ],
    },
    CodeFamily {
        title: "Fail-closed",
        codes: &[
            reason(
                "fail_closed_intent_invalid",
                "The intent contradicts the verified context envelope.",
            ),
            violation("intent_not_evaluable", "The same, as a violation."),
            reason(
                "fail_closed_missing_*",
                "The policy demands that member of the intent, and it is missing.",
            ),
            violation("missing_*", "The same, as a violation."),
            reason(
                "fail_closed_endpoint_class_unknown",
                "A target has an endpoint class that nothing is known of.",
            ),
            violation("endpoint_class_unknown", "The same, as a violation."),
        ],
    },
    CodeFamily {
        title: "Phase and destruction",
        codes: &[
            reason(
                "plan_phase_non_destructive",
                "A destructive call is only planned, so it is at most reported.",
            ),
            reason(
                "destructive_apply_requires_approval",
                "A destructive call needs an approval to be applied.",
            ),
            violation(
                "destructive_operation",
                "The call destroys something and the rule constrains that.",
            ),
        ],
    },
    CodeFamily {
        title: "Data flow",
        codes: &[
            reason(
                "dataflow_tainted_destination",
                "Data from an untrusted source would reach a guarded destination.",
            ),
            violation("tainted_dataflow", "The same, as a violation."),
        ],
    },
    CodeFamily {
        title: "Endpoints",
        codes: &[
            both("endpoint_path_denied", "A path is on the rule's deny list."),
            both(
                "endpoint_path_not_allowlisted",
                "A path is not on the rule's allow list.",
            ),
            both("endpoint_domain_denied", "A domain is on the rule's deny list."),
            both(
                "endpoint_domain_not_allowlisted",
                "A domain is not on the rule's allow list.",
            ),
            both(
                "endpoint_egress_class_not_allowed",
                "The kind of network access is not one the rule allows.",
            ),
            reason(
                "endpoint_destructive_operation",
                "The call destroys something and the rule says what then.",
            ),
            both(
                "endpoint_constraint_violation",
                "Some endpoint constraint of the rule was violated.",
            ),
        ],
    },
    CodeFamily {
        title: "Context evidence",
        codes: &[
            reason(
                "context_evidence_missing",
                "The call came without a verified context envelope.",
            ),
            violation("missing_context_evidence", "The same, as a violation."),
            reason(
                "context_set_digest_missing",
                "There is no digest of the context the call was decided in.",
            ),
            reason(
                "context_evidence_mode_mismatch",
                "The envelope was gathered in another mode than the rule demands.",
            ),
            violation("context_evidence_mode_violation", "The same, as a violation."),
            reason(
                "context_freshness_exceeded",
                "The context is older than the rule accepts, or of unknown age.",
            ),
            violation("context_freshness_violation", "The same, as a violation."),
        ],
    },
    CodeFamily {
        title: "Agent identity",
        codes: &[
            reason(
                "agent_unknown",
                "The agent is not declared, or not among those the rule names.",
            ),
            violation("agent_identity_missing", "The intent says nothing of the agent."),
            violation(
                "agent_not_declared",
                "The agent is not among those the rule allows.",
            ),
            both("agent_revoked", "The agent is denied or revoked."),
            both("agent_owner_missing", "Nobody answers for the agent."),
            both(
                "agent_lifecycle_state_invalid",
                "The agent lacks a state of its life cycle that the rule demands.",
            ),
            both(
                "agent_expired",
                "The agent's identity has expired, or has no end.",
            ),
            both(
                "agent_manifest_mismatch",
                "The agent's manifest is not the one, or not from where, the rule demands.",
            ),
        ],
    },
    CodeFamily {
        title: "Credentials",
        codes: &[
            both(
                "credential_evidence_missing",
                "The intent names no credential, or leaves out what the rule judges it by.",
            ),
            both(
                "credential_source_unknown",
                "The credential's source is not given.",
            ),
            both(
                "credential_source_disallowed",
                "The credential's source is not one the rule allows.",
            ),
            both(
                "credential_issuer_disallowed",
                "The credential's issuer is not one the rule allows.",
            ),
            both(
                "credential_access_type_unknown",
                "How the credential was granted is not given.",
            ),
            both(
                "credential_access_type_disallowed",
                "How the credential was granted is not what the rule allows.",
            ),
            both(
                "credential_not_jit",
                "The credential was not granted just in time.",
            ),
            both(
                "standing_credential_disallowed",
                "The credential outlives the call that it is for.",
            ),
            both(
                "credential_ttl_exceeded",
                "The credential lives longer than the rule accepts.",
            ),
            both(
                "credential_target_binding_mismatch",
                "The credential is bound to other targets.",
            ),
            both(
                "credential_run_binding_mismatch",
                "The credential is bound to another run.",
            ),
            both(
                "credential_job_binding_mismatch",
                "The credential is bound to another job.",
            ),
        ],
    },
    CodeFamily {
        title: "Freeze windows",
        codes: &[
            both(
                "freeze_window_active_block",
                "A freeze window holds the call back.",
            ),
            both(
                "freeze_window_active_require_approval",
                "A freeze window demands an approval.",
            ),
            both(
                "freeze_window_invalid_timezone",
                "A freeze window is written in a time zone that doesn't exist.",
            ),
            both(
                "freeze_window_invalid_window",
                "A freeze window can't be understood.",
            ),
        ],
    },
    CodeFamily {
        title: "Sandbox",
        codes: &[
            both("sandbox_metadata_missing", "The intent attests no sandbox."),
            both(
                "sandbox_evidence_missing",
                "There is no evidence for the attested sandbox.",
            ),
            both(
                "sandbox_network_mode_missing",
                "The network mode is not attested.",
            ),
            both(
                "sandbox_network_mode_disallowed",
                "The network mode is not one the rule allows.",
            ),
            both(
                "sandbox_env_exposure_mode_missing",
                "What the call sees of the environment is not attested.",
            ),
            both(
                "sandbox_env_exposure_mode_disallowed",
                "What the call sees of the environment is not what the rule allows.",
            ),
            both("sandbox_timeout_missing", "No time limit is attested."),
            both(
                "sandbox_timeout_exceeded",
                "The attested time limit is above the rule's.",
            ),
            both(
                "sandbox_filesystem_isolation_missing",
                "The isolation of the file system is not attested.",
            ),
            both(
                "sandbox_filesystem_isolation_disallowed",
                "The isolation of the file system is not one the rule allows.",
            ),
            both("sandbox_user_mode_missing", "The user is not attested."),
            both(
                "sandbox_user_mode_disallowed",
                "The user is not one the rule allows.",
            ),
            both(
                "sandbox_writable_path_disallowed",
                "A writable path lies outside of what the rule allows.",
            ),
            both(
                "sandbox_read_only_root_missing",
                "The read-only roots are not those the rule demands.",
            ),
        ],
    },
    CodeFamily {
        title: "Scripts",
        codes: &[
            both(
                "script_max_steps_exceeded",
                "The script has more steps than the policy allows.",
            ),
            reason(
                "script_step_threshold_approval",
                "The script has so many steps that it needs an approval.",
            ),
            reason(
                "script_mixed_risk_blocked",
                "The script mixes steps of different risk.",
            ),
            violation("script_mixed_risk", "The same, as a violation."),
            reason("approved_script_match", "The script was approved beforehand."),
        ],
    },
    CodeFamily {
        title: "Limits",
        codes: &[
            both("rate_limit_exceeded", "The calls of this window are used up."),
            both(
                "destructive_budget_exceeded",
                "The destructive calls of this window are used up.",
            ),
        ],
    },
    CodeFamily {
        title: "Kill switch",
        codes: &[
            both(
                "kill_switch_active",
                "An entry of the kill switch stops the call.",
            ),
            reason("kill_switch_agent_id_active", "It stops this agent."),
            reason("kill_switch_identity_active", "It stops this identity."),
            reason("kill_switch_tool_name_active", "It stops this tool."),
            reason("kill_switch_environment_active", "It stops this environment."),
            reason("kill_switch_target_active", "It stops this target."),
            reason("kill_switch_path_active", "It stops paths below a prefix."),
            reason(
                "kill_switch_workspace_active",
                "It stops workspaces below a prefix.",
            ),
            both(
                "kill_switch_state_unavailable",
                "The state can't be read and the call is risky.",
            ),
        ],
    },
    boundary::PROXY_DOORS,
    boundary::MCP_TRUST,
    boundary::MCP_GATEWAY,
    CodeFamily {
        title: "Emergency stop of jobs",
        codes: &[
            reason("emergency_stop_preempted", "The job of the call was stopped."),
            reason(
                "emergency_stop_state_unavailable",
                "Where the job of the call stands can't be known.",
            ),
            violation(
                "emergency_stop_active",
                "The call belongs to a job whose calls must not go out.",
            ),
        ],
    },
    boundary::DELEGATION,
    boundary::APPROVAL,
    boundary::APPROVAL_QUEUE,
    boundary::CREDENTIAL_BROKER,
    CodeFamily {
        title: "Simulation",
        codes: &[
            reason(
                "simulate_mode_non_enforcing",
                "The decision was only simulated; nothing enforces it.",
            ),
            reason("simulated_block", "Enforcement would have blocked the call."),
            reason(
                "simulated_require_approval",
                "Enforcement would have asked for an approval.",
            ),
        ],
    },
];

/// The code that `text` is, if it is one.
#[must_use]
pub fn lookup(text: &str) -> Option<&'static Code> {
    let codes = FAMILIES.iter().flat_map(|family| family.codes);
    let mut named = codes.clone().filter(|code| !code.code.ends_with('*'));
    named.find(|code| code.code == text).or_else(|| {
        codes.clone().find(|code| {
            code.code
                .strip_suffix('*')
                .is_some_and(|prefix| text.starts_with(prefix))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_found() {
        let mut seen = BTreeSet::new();
        for code in FAMILIES.iter().flat_map(|family| family.codes) {
            assert!(seen.insert(code.code), "{} is listed twice", code.code);
            assert_eq!(lookup(code.code), Some(code));
        }
        assert_eq!(
            lookup("fail_closed_missing_run_id").map(|code| code.code),
            Some("fail_closed_missing_*")
        );
        assert_eq!(lookup("tools_allowed"), None);
    }
}
