//! `gait mcp verify`: whether calls to a server would be trusted, before any is made.

use std::fmt::Write as _;
use std::path::Path;

use gait_artifact::{
    Timestamp, Verdict, decision::McpTrustDecision, mcp::McpServer, policy::McpTrust, text::is_blank,
};
use gait_disk::read::read_bounded;
use gait_mcp::{
    server,
    trust::{TrustStore, decide, gravest_class},
};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{Failure, exit_code_of};
use crate::outcome::{CommandResult, Report};
use crate::policy_file;
use crate::spec::{CommandSpec, Flag};

const POLICY: Flag = Flag::path("policy", "the policy with the section mcp_trust");
const SERVER: Flag = Flag::path("server", "the description of the server");
const RISK_CLASS: Flag = Flag::text(
    "risk-class",
    "risk class of the calls to judge for; the gravest that requires trust by default",
);

pub(crate) const SPEC: CommandSpec = CommandSpec::new("mcp verify", "Check whether an MCP server is trusted")
    .json_before_mistakes()
    .explain("Judges the description of one MCP server by the policy's trust section and its local snapshot; calls no server and executes nothing.")
    .flags(&[POLICY, SERVER, RISK_CLASS]);

/// What the trust in servers rests on.
const TRUST_MODEL: &str = "local_snapshot";
/// The status of a server that passes every check.
const TRUSTED: &str = "trusted";
/// The violation of a call whose server must be trusted and is not.
const TRUST_VIOLATION: &str = "mcp_trust_policy";

#[derive(Serialize)]
struct Output {
    ok: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    server_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    server_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_model: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot_path: Option<String>,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reason_codes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mcp_trust: Option<McpTrustDecision>,
}

impl Output {
    /// The answer where the policy asks for no trust.
    fn unasked(server: McpServer) -> Self {
        Self {
            ok: true,
            server_id: server.server_id,
            server_name: server.server_name,
            trust_model: None,
            snapshot_path: None,
            verdict: Verdict::Allow,
            reason_codes: Vec::new(),
            violations: Vec::new(),
            mcp_trust: None,
        }
    }

    fn of(trust: &McpTrust, decision: McpTrustDecision) -> Self {
        let refused = decision.enforced;
        Self {
            ok: !refused,
            server_id: decision.server_id.clone(),
            server_name: decision.server_name.clone(),
            trust_model: Some(TRUST_MODEL),
            snapshot_path: Some(trust.snapshot.clone()),
            verdict: if refused {
                trust.action.into()
            } else {
                Verdict::Allow
            },
            reason_codes: decision.reason_codes.clone(),
            violations: if refused {
                vec![TRUST_VIOLATION]
            } else {
                Vec::new()
            },
            mcp_trust: Some(decision),
        }
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let (policy, server) = (parsed.text(POLICY.name).trim(), parsed.text(SERVER.name).trim());
    if policy.is_empty() || server.is_empty() {
        return Err(Failure::invalid_input(
            "expected --policy <policy.yaml> and --server <server.json>",
        ));
    }
    let policy = policy_file::read(policy)?;
    let server = read_server(server)?;
    let (output, problem) = match &policy.mcp_trust {
        None => (Output::unasked(server), None),
        Some(trust) => judge(trust, &server, parsed.text(RISK_CLASS.name), context.now()),
    };
    let verdict = output.verdict;
    Ok(Report::new(&output)
        .line(format!("mcp verify: verdict={verdict}"))
        .diagnostics(notices(&output, problem.as_deref()))
        .exit(exit_code_of(verdict)))
}

/// Why the server is not trusted, for people: one line each.
fn notices(output: &Output, problem: Option<&str>) -> String {
    let mut notices = String::new();
    if output
        .mcp_trust
        .as_ref()
        .is_some_and(|trust| trust.status != TRUSTED)
    {
        notices = format!("reasons: {}\n", output.reason_codes.join(","));
    }
    if let Some(problem) = problem {
        // Writing to a String cannot fail.
        _ = writeln!(notices, "trust snapshot: {problem}");
    }
    notices
}

/// The answer under `trust`, and why there is no snapshot that it could rest on, when there is none.
fn judge(trust: &McpTrust, server: &McpServer, risk_class: &str, now: Timestamp) -> (Output, Option<String>) {
    let risk_class = if is_blank(risk_class) {
        gravest_class(trust)
    } else {
        risk_class
    };
    let snapshot = TrustStore::new().load(Path::new(&trust.snapshot), now);
    let decision = decide(trust, &snapshot, Some(server), risk_class, now);
    (Output::of(trust, decision), snapshot.problem().map(str::to_owned))
}

fn read_server(path: &str) -> Result<McpServer, Failure> {
    let bytes = read_bounded(Path::new(path), server::MAX_BYTES)
        .map_err(|error| Failure::from(error).context("read server description"))?;
    server::read(&bytes).map_err(Failure::invalid_input)
}
