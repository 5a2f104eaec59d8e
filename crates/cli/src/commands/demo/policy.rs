//! `gait demo --policy`: a policy that allows everything but what is destructive, and a call that is.

use std::path::Path;

use gait_artifact::intent::{self, IntentRequest, Target};
use gait_artifact::{Timestamp, Verdict};
use gait_canon::json::{self, Object};
use gait_disk::atomic;
use gait_policy::{CompiledPolicy, Facts, document, evaluate};

use super::{DIRECTORY, Output};
use crate::context::Context;
use crate::error::{ErrorKind, Failure};

const POLICY_PATH: &str = "./gait-out/policy_demo_high_risk.yaml";
const INTENT_PATH: &str = "./gait-out/intent_demo_delete.json";
const FILE_MODE: u32 = 0o600;

const POLICY: &str = "\
schema_id: gait.gate.policy
schema_version: 1.0.0
default_verdict: allow
rules:
  - name: block-destructive-tool-delete
    priority: 10
    effect: block
    match:
      tool_names: [tool.delete]
      risk_classes: [high]
    reason_codes: [destructive_tool_blocked]
";

pub(super) fn run(context: &Context<'_>) -> Result<Output, Failure> {
    let request = dangerous_call(context.producer_version());
    let mut file = json::pretty(&request)?;
    file.push('\n');
    atomic::create_directories(Path::new(DIRECTORY))?;
    atomic::replace(Path::new(POLICY_PATH), POLICY.as_bytes(), FILE_MODE)?;
    atomic::replace(Path::new(INTENT_PATH), file.as_bytes(), FILE_MODE)?;

    let policy = CompiledPolicy::new(document::read(POLICY.as_bytes())?);
    let intent = request.normalize().map_err(Failure::invalid_input)?;
    let evaluation = evaluate(
        &policy,
        &intent,
        &Facts {
            now: intent.created_at(),
            inventory: None,
        },
    );
    if evaluation.verdict != Verdict::Block {
        let text = format!("policy demo expected block, got {}", evaluation.verdict);
        return Err(Failure::new(ErrorKind::VerificationFailed, text));
    }
    Ok(Output {
        bundle: INTENT_PATH,
        pack_path: POLICY_PATH,
        policy_verdict: evaluation.verdict.to_string(),
        matched_rule: evaluation.matched_rule(),
        reason_codes: evaluation.reason_codes,
        next_commands: next_commands(),
        ..Output::default()
    })
}

/// A call that deletes a file, which the caller itself says is risky.
fn dangerous_call(producer_version: &str) -> IntentRequest {
    const FILE: &str = "/tmp/demo/delete-me.txt";
    let mut args = Object::new();
    args.insert("path", FILE);
    IntentRequest {
        schema_id: intent::SCHEMA_ID.to_owned(),
        schema_version: intent::SCHEMA_VERSION.to_owned(),
        // 2026-02-14T00:00:00Z: a fixed time, so that the demonstration writes the same bytes every time.
        created_at: Timestamp::from_unix(1_771_027_200, 0),
        producer_version: producer_version.to_owned(),
        tool_name: "tool.delete".to_owned(),
        args,
        targets: vec![Target {
            kind: "path".to_owned(),
            value: FILE.to_owned(),
            operation: "delete".to_owned(),
            endpoint_class: "fs.delete".to_owned(),
            destructive: true,
            ..Target::default()
        }],
        context: intent::Context {
            identity: "demo.user".to_owned(),
            workspace: "/tmp/demo".to_owned(),
            risk_class: "high".to_owned(),
            ..intent::Context::default()
        },
        ..IntentRequest::default()
    }
}

fn next_commands() -> Vec<String> {
    let eval = format!("gait gate eval --policy {POLICY_PATH} --intent {INTENT_PATH}");
    let simulate = "gait policy simulate --baseline examples/policy/base_medium_risk.yaml \
                    --policy examples/policy/base_high_risk.yaml --fixtures examples/policy/intents --json";
    vec![
        format!("{eval} --simulate --json"),
        format!("{eval} --json"),
        simulate.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_call_is_made_at_a_fixed_time() {
        assert_eq!(dangerous_call("0").created_at.to_string(), "2026-02-14T00:00:00Z");
    }
}
