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
            match intent.clone().with_evidence(envelope, now) {
                Ok(bound) => bound,
                Err(_) if policy.fail_closed.applies_to(&intent.context().risk_class) => {
                    return Ok(Prepared {
                        intent,
                        phase: written_phase,
                        context_source: String::new(),
                        contradicts_context: true,
                    });
                }
                Err(error) => return Err(error),
            }
        }
    };
    let prepared = match inventory {
        Some(file) => {
            if concerns(file, &bound) {
                sources.push(&file.path);
            }
            if bound.is_script() {
                bound
            } else {
                bound.enriched(&file.inventory).0
            }
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
