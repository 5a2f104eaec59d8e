//! The JSON Schemas (draft 2020-12) of the artifacts, generated from their types.
//!
//! A schema describes documents as this program *writes* them: a member without which no document is written is required,
//! and a member left out when empty must not be empty. Readers are told elsewhere what more they put up with. What the Rust
//! types can't say (digests, closed sets of words, bounds) is declared beside each type with [`Members`](crate::members::Members).

use gait_canon::json;
use schemars::{
    JsonSchema, Schema,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};
use serde_json::Value;

use crate::{
    activity,
    approval::{ApprovalAuditRecord, ApprovalToken},
    bundle::AuthorizationBundle,
    context::{BudgetReport, ContextEnvelope, ReferenceRecord},
    contract::{activation::ACTIVATION, proposal::PROPOSAL, receipt::RECEIPT, terms::CONTRACT},
    credential::{BrokerRequest, CredentialEvidence},
    delegation::{DelegationAuditRecord, DelegationToken},
    event::{AdoptionEvent, OperationalEvent, TelemetryHealth},
    explain::PolicyExplanation,
    guard::{EncryptedArtifact, EvidenceManifest, RetentionReport},
    intent::IntentRequest,
    job::{JobEvent, JobState, PendingMutation},
    kill_switch::{KillSwitchJournalEntry, KillSwitchState},
    mcp::{CallResult, TrustSnapshot},
    pack::{CallPayload, JobPayload, PackDiff, PackManifest, RunPayload},
    policy::Policy,
    policy_test::PolicyTestResult,
    rate_limit::{RateLimitLock, RateLimitState},
    registry::{EcosystemIndex, RegistryPack, VerificationReport},
    regress::{FixtureRecord, RegressConfig, RegressResult},
    relationship::Relationship,
    report::TopActions,
    result::GateResult,
    runpack::{IntentRecord, Manifest, Refs, ResultRecord, Run},
    scout::{InventorySnapshot, RunFingerprint, SignalReport},
    script::ApprovedScriptEntry,
    session::{JournalHeader, SessionChain, SessionCheckpoint, SessionLock, SessionState},
    shape::Shape,
    trace::TraceRecord,
    triage::Triage,
    voice::{CallEvent, CallpackManifest, CommitmentIntent, SayToken},
};

/// What the identifiers of the schemas begin with; the path of the schema file follows.
const BASE: &str = "urn:gait:schemas:v1:";

/// A schema file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaFile {
    /// Path below `schemas/v1`, with `/` separators.
    pub path: String,
    /// What it describes, in a few words.
    pub title: String,
    /// The `schema_id` of the documents it describes; empty where they carry none.
    pub schema_id: String,
    /// Its content, with a final line feed.
    pub text: String,
}

/// Every schema, in the order of the paths.
pub fn files() -> Result<Vec<SchemaFile>, json::Error> {
    [
        shape_file(
            "action-contract/activated-action-contract-artifact",
            "Activated Action Contract",
            &ACTIVATION,
        ),
        shape_file(
            "action-contract/consumer-receipt",
            "Action Contract Consumer Receipt",
            &RECEIPT,
        ),
        shape_file(
            "action-contract/proposed-action-contract-artifact",
            "Proposed Action Contract",
            &PROPOSAL,
        ),
        shape_file(
            "action-contract/proposed-action-contract-v3",
            "Proposed Action Contract Terms",
            &CONTRACT,
        ),
        schema_file::<Relationship>("common/relationship_envelope", "Relationship Envelope"),
        schema_file::<BudgetReport>("context/budget_report", "Context Budget Report"),
        schema_file::<ContextEnvelope>("context/envelope", "Context Evidence Envelope"),
        schema_file::<ReferenceRecord>("context/reference_record", "Context Reference Record"),
        schema_file::<ApprovalAuditRecord>("gate/approval_audit_record", "Approval Audit Record"),
        schema_file::<ApprovalToken>("gate/approval_token", "Approval Token"),
        schema_file::<ApprovedScriptEntry>("gate/approved_script_entry", "Approved Script Entry"),
        schema_file::<AuthorizationBundle>("gate/authorization_bundle", "Authorization Bundle"),
        schema_file::<CredentialEvidence>("gate/broker_credential_record", "Broker Credential Record"),
        schema_file::<BrokerRequest>("gate/broker_request", "Broker Request"),
        schema_file::<DelegationAuditRecord>("gate/delegation_audit_record", "Delegation Audit Record"),
        schema_file::<DelegationToken>("gate/delegation_token", "Delegation Token"),
        schema_file::<GateResult>("gate/gate_result", "Gate Result"),
        schema_file::<IntentRequest>("gate/intent_request", "Intent Request"),
        schema_file::<KillSwitchJournalEntry>("gate/kill_switch_journal", "Kill Switch Journal Entry"),
        schema_file::<KillSwitchState>("gate/kill_switch_state", "Kill Switch State"),
        schema_file::<Policy>("gate/policy", "Policy"),
        schema_file::<PolicyExplanation>("gate/policy_explain", "Policy Explanation"),
        schema_file::<RateLimitLock>("gate/rate_limit_lock", "Rate Limit Lock"),
        schema_file::<RateLimitState>("gate/rate_limit_state", "Rate Limit State"),
        schema_file::<TraceRecord>("gate/trace_record", "Trace Record"),
        schema_file::<EncryptedArtifact>("guard/encrypted_artifact", "Guard Encrypted Artifact"),
        schema_file::<EvidenceManifest>("guard/pack_manifest", "Guard Evidence Pack Manifest"),
        schema_file::<RetentionReport>("guard/retention_report", "Guard Retention Report"),
        schema_file::<Triage>("incident/triage", "Incident Triage"),
        schema_file::<JobEvent>("job/event", "Job Event"),
        schema_file::<PendingMutation>("job/pending_mutation", "Pending Job Mutation"),
        schema_file::<JobState>("job/state", "Job State"),
        schema_file::<activity::Record>("mcp/activity", "MCP Gateway Activity"),
        schema_file::<CallResult>("mcp/call_result", "MCP Call Result"),
        schema_file::<TrustSnapshot>("mcp/trust_snapshot", "MCP Trust Snapshot"),
        schema_file::<CallPayload>("pack/call", "Pack Call Payload"),
        schema_file::<PackDiff>("pack/diff", "Pack Diff Result"),
        schema_file::<JobPayload>("pack/job", "Pack Job Payload"),
        schema_file::<PackManifest>("pack/manifest", "Pack Manifest"),
        schema_file::<RunPayload>("pack/run", "Pack Run Payload"),
        schema_file::<PolicyTestResult>("policytest/policy_test_result", "Policy Test Result"),
        schema_file::<EcosystemIndex>("registry/ecosystem_index", "Ecosystem Index"),
        schema_file::<RegistryPack>("registry/registry_pack", "Registry Pack Manifest"),
        schema_file::<VerificationReport>("registry/verification_report", "Registry Verification Report"),
        schema_file::<RegressConfig>("regress/config", "Regress Configuration"),
        schema_file::<FixtureRecord>("regress/fixture", "Regress Fixture"),
        schema_file::<RegressResult>("regress/regress_result", "Regress Result"),
        schema_file::<TopActions>("report/top_actions", "Top Actions Report"),
        schema_file::<IntentRecord>("runpack/intent", "Runpack Intent"),
        schema_file::<Manifest>("runpack/manifest", "Runpack Manifest"),
        schema_file::<Refs>("runpack/refs", "Runpack References"),
        schema_file::<ResultRecord>("runpack/result", "Runpack Result"),
        schema_file::<Run>("runpack/run", "Runpack Run"),
        schema_file::<SessionChain>("runpack/session_chain", "Runpack Session Chain"),
        schema_file::<SessionCheckpoint>("runpack/session_checkpoint", "Runpack Session Checkpoint"),
        schema_file::<JournalHeader>("runpack/session_journal", "Runpack Session Journal"),
        schema_file::<SessionLock>("runpack/session_lock", "Runpack Session Lock"),
        schema_file::<SessionState>("runpack/session_state", "Runpack Session State"),
        schema_file::<AdoptionEvent>("scout/adoption_event", "Adoption Event"),
        schema_file::<InventorySnapshot>("scout/inventory_snapshot", "Inventory Snapshot"),
        schema_file::<OperationalEvent>("scout/operational_event", "Operational Event"),
        schema_file::<RunFingerprint>("scout/run_fingerprint", "Run Fingerprint"),
        schema_file::<SignalReport>("scout/signal_report", "Signal Report"),
        schema_file::<TelemetryHealth>("scout/telemetry_health", "Telemetry Health"),
        schema_file::<CallEvent>("voice/call_event", "Voice Call Event"),
        schema_file::<CallpackManifest>("voice/callpack_manifest", "Voice Callpack Manifest"),
        schema_file::<CommitmentIntent>("voice/commitment_intent", "Voice Commitment Intent"),
        schema_file::<SayToken>("voice/say_token", "Voice Say Token"),
    ]
    .into_iter()
    .collect()
}

fn schema_file<T: JsonSchema>(name: &str, title: &str) -> Result<SchemaFile, json::Error> {
    let settings = SchemaSettings::draft2020_12()
        .for_serialize()
        .with_transform(Published);
    schema_text(name, title, settings.into_generator().into_root_schema_for::<T>())
}

fn shape_file(name: &str, title: &str, shape: &Shape) -> Result<SchemaFile, json::Error> {
    let mut schema = Schema::default();
    schema.insert(
        "$schema".to_owned(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    if let Value::Object(members) = shape.schema() {
        for (name, value) in members {
            schema.insert(name, value);
        }
    }
    schema_text(name, title, schema)
}

fn schema_text(name: &str, title: &str, mut schema: Schema) -> Result<SchemaFile, json::Error> {
    let path = format!("{name}.schema.json");
    schema.insert("$id".to_owned(), format!("{BASE}{path}").into());
    schema.insert("title".to_owned(), title.into());
    let schema_id = schema
        .pointer("/properties/schema_id/const")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let text = json::pretty(&in_reading_order(schema))? + "\n";
    Ok(SchemaFile {
        path,
        title: title.to_owned(),
        schema_id,
        text,
    })
}

/// The command that writes the schemas and their page in the reference.
pub const REGENERATE: &str = "cargo run -p gait-artifact --features schema --bin generate-schemas";

/// The page of the reference that lists `files`.
#[must_use]
pub fn reference_page(files: &[SchemaFile]) -> String {
    let mut page = format!(
        "<!-- Generated by `{REGENERATE}`; do not edit. -->\n\n# Schemas\n\n\
         JSON Schemas (draft 2020-12) of the documents this program writes, below `schemas/v1/`.\n\n\
         | schema | document | `schema_id` |\n| --- | --- | --- |\n"
    );
    for SchemaFile {
        path,
        title,
        schema_id,
        ..
    } in files
    {
        let schema_id = if schema_id.is_empty() {
            String::new()
        } else {
            format!("`{schema_id}`")
        };
        let row = format!("| [`{path}`](../../schemas/v1/{path}) | {title} | {schema_id} |\n");
        page.push_str(&row);
    }
    page
}

/// What is said of the whole document comes first, shared parts come last.
fn in_reading_order(schema: Schema) -> Value {
    let Value::Object(mut members) = schema.to_value() else {
        return Value::Bool(true);
    };
    let first = ["$schema", "$id", "title", "description", "type", "required"];
    let definitions = members.remove("$defs");
    let mut ordered: serde_json::Map<_, _> = first
        .into_iter()
        .filter_map(|name| members.remove_entry(name))
        .collect();
    ordered.append(&mut members);
    ordered.extend(definitions.map(|definitions| ("$defs".to_owned(), definitions)));
    Value::Object(ordered)
}

/// Removes what schemars says of Rust rather than of documents: formats of integers, defaults, and `null`, which is never
/// written.
#[derive(Clone)]
struct Published;

impl Transform for Published {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        schema.remove("default");
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = plain_text(text);
        }
        if schema
            .get("format")
            .and_then(Value::as_str)
            .is_some_and(|format| format != "date-time")
        {
            schema.remove("format");
        }
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(mut choices)) = schema.remove("anyOf") {
            choices.retain(|choice| choice.get("type").and_then(Value::as_str) != Some("null"));
            if let [Value::Object(only)] = choices.as_slice() {
                for (keyword, value) in only {
                    schema.insert(keyword.clone(), value.clone());
                }
            } else {
                schema.insert("anyOf".to_owned(), Value::Array(choices));
            }
        }
    }
}

/// A doc comment as prose: paragraphs on one line, links to Rust items as names.
fn plain_text(doc: &str) -> String {
    let paragraphs: Vec<String> = doc
        .split("\n\n")
        .map(|paragraph| paragraph.replace('\n', " "))
        .collect();
    paragraphs.join("\n\n").replace("[`", "`").replace("`]", "`")
}
