//! The top level of a policy, in the order its settings are checked.

use gait_artifact::{
    policy::{
        FailClosed, HighRiskField, Intervention, McpTrust, POLICY_SCHEMA_ID, POLICY_SCHEMA_VERSION, Policy,
        RequiredField, ScriptLimits, WrittenPolicy,
    },
    text,
    verdict::Verdict,
};

use super::{
    draft::{FailClosedDraft, McpTrustDraft, ScriptsDraft, Text},
    duration::parse_duration,
    error::{Fault, InvalidSetting, PolicyError},
    rules::Rules,
    settings::{Section, list_lower, list_lower_or, trimmed, verdict},
};
use crate::yaml::{Given, Place, UnknownKeys, record};

/// Risk classes that are meant when a section names none.
const HIGH_RISK: &[&str] = &["critical", "high"];

record! {
    pub(super) struct PolicyDraft<'d> {
        schema_id: Text<'d> = "schema_id",
        schema_version: Text<'d> = "schema_version",
        default_verdict: Text<'d> = "default_verdict",
        default_action: Text<'d> = "default_action",
        scripts: Given<'d, ScriptsDraft<'d>> = "scripts",
        fail_closed: Given<'d, FailClosedDraft<'d>> = "fail_closed",
        mcp_trust: Given<'d, McpTrustDraft<'d>> = "mcp_trust",
        rules: Rules = "rules",
    }
}

pub(super) fn policy(draft: PolicyDraft<'_>) -> Result<Policy, PolicyError> {
    let place = Place::root(UnknownKeys::Refuse);
    let root = Section::root(&place);
    schema(&root, "schema_id", &draft.schema_id, POLICY_SCHEMA_ID)?;
    schema(
        &root,
        "schema_version",
        &draft.schema_version,
        POLICY_SCHEMA_VERSION,
    )?;
    let default_verdict = verdict(
        &root,
        ("default_verdict", &draft.default_verdict),
        ("default_action", &draft.default_action),
    )?
    .unwrap_or(Verdict::RequireApproval);
    let fail_closed_place = place.key("fail_closed");
    let fail_closed = fail_closed(
        &Section::new(&fail_closed_place, &draft.fail_closed, None),
        &draft.fail_closed.value,
    )?;
    let mcp_trust_place = place.key("mcp_trust");
    let mcp_trust = mcp_trust(
        &Section::new(&mcp_trust_place, &draft.mcp_trust, None),
        &draft.mcp_trust.value,
    )?;
    let scripts_place = place.key("scripts");
    let scripts = scripts(
        &Section::new(&scripts_place, &draft.scripts, None),
        &draft.scripts.value,
    )?;
    let rules = draft.rules.sorted()?;
    Ok(Policy {
        default_verdict,
        scripts,
        fail_closed,
        mcp_trust,
        rules,
        written: WrittenPolicy {
            default_action: draft.default_action.value.into_owned(),
        },
    })
}

fn schema<'d>(
    root: &Section<'_, 'd>,
    key: &str,
    given: &Text<'d>,
    expected: &'static str,
) -> Result<(), InvalidSetting> {
    if given.value.is_empty() || given.value == expected {
        return Ok(());
    }
    Err(root.unsupported(key, given, given.value.clone().into_owned(), vec![expected]))
}

fn fail_closed<'d>(
    section: &Section<'_, 'd>,
    draft: &FailClosedDraft<'d>,
) -> Result<FailClosed, InvalidSetting> {
    let required_fields = section.words(
        "required_fields",
        &draft.required_fields,
        RequiredField::ALL,
        RequiredField::as_str,
    )?;
    let required_high_risk_fields = section.words(
        "required_high_risk_fields",
        &draft.required_high_risk_fields,
        HighRiskField::ALL,
        HighRiskField::as_str,
    )?;
    let default: &[&str] = if draft.enabled { HIGH_RISK } else { &[] };
    Ok(FailClosed {
        enabled: draft.enabled,
        risk_classes: list_lower_or(&draft.risk_classes, default),
        required_fields,
        required_high_risk_fields,
    })
}

fn mcp_trust<'d>(
    section: &Section<'_, 'd>,
    draft: &McpTrustDraft<'d>,
) -> Result<Option<McpTrust>, InvalidSetting> {
    let publisher_allowlist = list_lower(&draft.publisher_allowlist);
    let is_blank = |given: &Text<'_>| text::is_blank(&given.value);
    let configured = draft.enabled
        || draft.require_registry
        || draft.min_score.value > 0.0
        || !is_blank(&draft.snapshot)
        || !is_blank(&draft.action)
        || !is_blank(&draft.max_age)
        || !publisher_allowlist.is_empty()
        || !list_lower(&draft.required_risk_classes).is_empty();
    let snapshot = trimmed(&draft.snapshot);
    if configured && snapshot.is_empty() {
        return Err(section.fault("snapshot", draft.snapshot.source(), Fault::Required));
    }
    let action = section.word("action", &draft.action, Intervention::ALL, Intervention::as_str)?;
    let min_score = draft.min_score.value;
    if !(0.0..=1.0).contains(&min_score) {
        return Err(section.fault("min_score", draft.min_score.source(), Fault::NotARatio(min_score)));
    }
    let max_age = trimmed(&draft.max_age);
    let max_age = if max_age.is_empty() {
        None
    } else {
        let fault = |fault| section.fault("max_age", draft.max_age.source(), fault);
        let duration = parse_duration(&max_age).ok_or_else(|| fault(Fault::NotADuration(max_age)))?;
        Some(duration)
            .filter(|age| !age.is_zero())
            .ok_or_else(|| fault(Fault::NotPositive))
            .map(Some)?
    };
    Ok(configured.then(|| McpTrust {
        snapshot,
        action: action.unwrap_or(Intervention::Block),
        required_risk_classes: list_lower_or(&draft.required_risk_classes, HIGH_RISK),
        // There is one zero.
        min_score: if min_score == 0.0 { 0.0 } else { min_score },
        max_age,
        publisher_allowlist,
        require_registry: draft.require_registry,
    }))
}

fn scripts<'d>(section: &Section<'_, 'd>, draft: &ScriptsDraft<'d>) -> Result<ScriptLimits, InvalidSetting> {
    Ok(ScriptLimits {
        max_steps: section.count("max_steps", &draft.max_steps)?,
        require_approval_above: section.count("require_approval_above", &draft.require_approval_above)?,
        block_mixed_risk: draft.block_mixed_risk,
    })
}
