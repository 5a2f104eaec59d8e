//! The closed sets of words that intents and policies are written with.
//!
//! Every list is sorted by bytes. Risk classes, operations and sensitivities are not among them: those are free text.

/// What a target can be.
pub const TARGET_KINDS: &[&str] = &[
    "bucket", "host", "other", "path", "queue", "repo", "table", "topic", "url",
];

/// What a call does to a target, seen from outside.
pub const ENDPOINT_CLASSES: &[&str] = &[
    "fs.delete",
    "fs.read",
    "fs.write",
    "net.dns",
    "net.http",
    "other",
    "proc.exec",
    "ui.click",
    "ui.navigate",
    "ui.type",
];

/// How a tool was found.
pub const DISCOVERY_METHODS: &[&str] = &[
    "a2a",
    "dynamic_mcp",
    "manual",
    "mcp",
    "static_mcp",
    "unknown",
    "webmcp",
];

/// Where an argument can come from.
pub const PROVENANCE_SOURCES: &[&str] = &["external", "system", "tool_output", "user"];

/// Where a credential can come from.
pub const CREDENTIAL_SOURCES: &[&str] = &[
    "aws_iam_user",
    "aws_sts",
    "azure_federated",
    "command",
    "env",
    "gcp_sts",
    "github_oidc",
    "github_pat",
    "kubernetes_service_account",
    "stub",
    "unknown",
    "vault_dynamic",
];

/// How a credential can be granted.
pub const CREDENTIAL_ACCESS_TYPES: &[&str] =
    &["cloud_admin", "inherited", "jit", "standing", "static", "unknown"];

/// How binding context evidence is.
pub const EVIDENCE_MODES: &[&str] = &["best_effort", "required"];

/// What is known of the mutability of a context record's source.
pub const IMMUTABILITIES: &[&str] = &["immutable", "mutable", "unknown"];

/// Whether a call is planned or applied.
pub const PHASES: &[&str] = &["apply", "plan"];

/// How far a sandbox opens the network.
pub const NETWORK_MODES: &[&str] = &["disabled", "egress_allowlist", "full"];

/// How far a sandbox exposes environment variables.
pub const ENV_EXPOSURE_MODES: &[&str] = &["allowlist", "full", "none"];

/// How a sandbox isolates the file system.
pub const FILESYSTEM_ISOLATIONS: &[&str] = &["container", "none", "workspace"];

/// Which user a sandbox runs as.
pub const USER_MODES: &[&str] = &["default", "root", "unprivileged"];

/// What an artifact can belong to.
pub const PARENT_KINDS: &[&str] = &["agent", "evidence", "intent", "policy", "run", "session", "trace"];

/// What an artifact can speak of.
pub const ENTITY_KINDS: &[&str] = &[
    "agent",
    "delegation",
    "evidence",
    "policy",
    "resource",
    "run",
    "tool",
    "trace",
];

/// The part an agent can play.
pub const AGENT_ROLES: &[&str] = &["delegate", "delegator", "requester"];

/// What a link between nodes can say.
pub const EDGE_KINDS: &[&str] = &[
    "calls",
    "delegates_to",
    "derived_from",
    "emits_evidence",
    "governed_by",
    "targets",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted() {
        for words in [
            TARGET_KINDS,
            ENDPOINT_CLASSES,
            DISCOVERY_METHODS,
            PROVENANCE_SOURCES,
            CREDENTIAL_SOURCES,
            CREDENTIAL_ACCESS_TYPES,
            EVIDENCE_MODES,
            IMMUTABILITIES,
            PHASES,
            NETWORK_MODES,
            ENV_EXPOSURE_MODES,
            FILESYSTEM_ISOLATIONS,
            USER_MODES,
            PARENT_KINDS,
            ENTITY_KINDS,
            AGENT_ROLES,
            EDGE_KINDS,
        ] {
            assert!(words.is_sorted(), "{words:?}");
        }
    }
}
