//! From the request as it was written to the intent that is judged.

use gait_artifact::{
    Timestamp,
    context::VerifiedEnvelope,
    intent::{Intent, IntentError, IntentRequest},
    policy::Policy,
};

use crate::facts::InventoryFile;

/// The intent that is judged, and what it was prepared from.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    /// The intent, with verified facts in place of claims.
    pub intent: Intent,
    /// `plan` or `apply`; what the caller wrote when the intent can't be evaluated.
    pub phase: String,
    /// What the facts came from, joined with `,`.
    pub context_source: String,
    /// The intent contradicts the verified context, and its risk class demands that this blocks.
    pub contradicts_context: bool,
}

/// Normalises `request` and puts verified facts in the place of its claims.
///
/// Claims about context evidence never count: they are replaced by those of `envelope`, or removed. What `inventory`
/// knows of the tool is added, but for scripts only while a step is judged.
pub(crate) fn prepare(
    request: IntentRequest,
    policy: &Policy,
    envelope: Option<&VerifiedEnvelope>,
    inventory: Option<&InventoryFile>,
    now: Timestamp,
) -> Result<Prepared, IntentError> {
    let written_phase = request.context.phase.clone();
    let intent = request.normalize()?;
    let mut sources = Vec::new();
    let bound = match envelope {
        None => intent.without_context_claims(),
        Some(envelope) => {
            sources.push("context_envelope");
            match intent.check_evidence(envelope) {
                Ok(()) => intent.with_evidence(envelope, now)?,
                Err(_) if policy.fail_closed.applies_to(&intent.context().risk_class) => {
                    return Ok(Prepared {
                        intent,
                        phase: written_phase,
                        context_source: String::new(),
                        contradicts_context: true,
                    });
                }
                Err(conflict) => return Err(conflict),
            }
        }
    };
    let prepared = match inventory {
        Some(file) => {
            if concerns(file, &bound) {
                sources.push(&file.path);
            }
            bound.enriched(&file.inventory).0
        }
        None => bound,
    };
    sources.sort_unstable();
    Ok(Prepared {
        phase: prepared.context().phase.clone(),
        context_source: sources.join(","),
        intent: prepared,
        contradicts_context: false,
    })
}

/// Whether the inventory knows the tool, or a tool of the script.
fn concerns(file: &InventoryFile, intent: &Intent) -> bool {
    match intent.script() {
        Some(script) => script
            .steps
            .iter()
            .any(|step| file.inventory.get(&step.tool_name).is_some()),
        None => file.inventory.get(intent.tool_name()).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use gait_artifact::{context::ContextEnvelope, inventory::Inventory};
    use gait_policy::document;

    use super::*;

    const INVENTORY: &str = r#"[{"tool_name": "fs.read", "data_class": "pii"}]"#;

    fn request(what: &str, claim: &str) -> IntentRequest {
        let text = format!(
            r#"{{"tool_name": "fs.read", "args": {{}}, "targets": [], {what} "context": {{"identity": "a",
            "workspace": "/w", "risk_class": "high", "context_evidence_mode": "{claim}"}}}}"#
        );
        IntentRequest::read(text.as_bytes()).unwrap()
    }

    fn prepared(
        policy: &str,
        request: IntentRequest,
        has_envelope: bool,
        has_inventory: bool,
    ) -> Result<Prepared, IntentError> {
        let envelope = ContextEnvelope {
            context_set_id: "set".to_owned(),
            evidence_mode: "required".to_owned(),
            ..ContextEnvelope::default()
        };
        let envelope = envelope.verify().unwrap();
        let inventory = InventoryFile {
            path: "conf/tools.json".to_owned(),
            inventory: Inventory::read(INVENTORY.as_bytes()).unwrap(),
        };
        prepare(
            request,
            &document::read(policy.as_bytes()).unwrap(),
            has_envelope.then_some(&envelope),
            has_inventory.then_some(&inventory),
            Timestamp::EPOCH_1980,
        )
    }

    #[test]
    fn sources_name_what_the_facts_came_from() {
        let script = r#""script": {"steps": [{"tool_name": "fs.read", "args": {}}]},"#;
        for (what, has_envelope, has_inventory, sources) in [
            ("", false, false, ""),
            ("", true, false, "context_envelope"),
            ("", false, true, "conf/tools.json"),
            ("", true, true, "conf/tools.json,context_envelope"),
            (script, false, true, "conf/tools.json"),
        ] {
            let prepared = prepared(
                "{default_verdict: block}",
                request(what, ""),
                has_envelope,
                has_inventory,
            )
            .unwrap();
            assert_eq!(prepared.context_source, sources);
            assert_eq!(prepared.phase, "apply");
        }
    }

    /// What the inventory knows of a tool is part of the call; a script's tools are looked up step by step.
    #[test]
    fn enriched_calls_have_another_digest() {
        let digest = |what: &str, has_inventory| {
            let found = prepared(
                "{default_verdict: block}",
                request(what, ""),
                false,
                has_inventory,
            );
            found.unwrap().intent.digest()
        };
        let script = r#""script": {"steps": [{"tool_name": "fs.read", "args": {}}]},"#;
        assert_ne!(digest("", true), digest("", false));
        assert_eq!(digest(script, true), digest(script, false));
    }

    #[test]
    fn contradictions_are_errors_unless_they_must_block() {
        let contradicting = || request("", "best_effort");
        assert!(prepared("{default_verdict: block}", contradicting(), true, false).is_err());
        assert!(
            !prepared("{default_verdict: block}", contradicting(), false, false)
                .unwrap()
                .contradicts_context
        );
        let closed = "{default_verdict: block, fail_closed: {enabled: true}}";
        let blocked = prepared(closed, contradicting(), true, false).unwrap();
        assert!(blocked.contradicts_context);
        assert_eq!(
            (blocked.phase.as_str(), blocked.context_source.as_str()),
            ("", "")
        );
    }
}
