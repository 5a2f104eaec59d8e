//! Times at which calls are held back.

use gait_artifact::{
    Timestamp,
    intent::Context,
    policy::{FreezeWindow, Intervention},
};

use crate::{
    compile::{RuleRef, schedule::Schedule},
    evaluate::findings::{Findings, FreezeFinding, FreezeStatus},
    matching::{admits, lists_folded},
};

pub(super) fn check<'p>(rule: RuleRef<'p>, context: &Context, now: Timestamp, findings: &mut Findings<'p>) {
    let (Some(section), Some(schedule)) = (
        rule.rule.freeze_window.as_deref(),
        rule.compiled.schedule.as_deref(),
    ) else {
        return;
    };
    let finding = if concerns(section, context) {
        look_up(section, schedule, now)
    } else {
        inactive(section)
    };
    match finding.status {
        FreezeStatus::Inactive => {}
        FreezeStatus::Active => {
            findings.raise(section.effect.into());
            findings.report(finding.reason_code, finding.reason_code);
        }
        FreezeStatus::Invalid => findings.block(finding.reason_code),
    }
    findings.freeze = Some(finding);
}

fn concerns(section: &FreezeWindow, context: &Context) -> bool {
    (section.environments.is_empty() || lists_folded(&section.environments, &context.environment))
        && admits(&section.risk_classes, &context.risk_class)
}

const fn inactive(section: &FreezeWindow) -> FreezeFinding<'_> {
    FreezeFinding {
        status: FreezeStatus::Inactive,
        section,
        window_name: "",
        window: None,
        reason: "",
        reason_code: "",
    }
}

/// The first window that is active or invalid decides.
fn look_up<'p>(section: &'p FreezeWindow, schedule: &'p Schedule, now: Timestamp) -> FreezeFinding<'p> {
    let Some(windows) = schedule.windows(section) else {
        return FreezeFinding {
            status: FreezeStatus::Invalid,
            reason: "freeze window timezone could not be loaded",
            reason_code: "freeze_window_invalid_timezone",
            ..inactive(section)
        };
    };
    for (range, window) in section.windows.iter().zip(windows) {
        match window {
            None => {
                return FreezeFinding {
                    status: FreezeStatus::Invalid,
                    window_name: &range.name,
                    reason: "freeze window has an invalid range",
                    reason_code: "freeze_window_invalid_window",
                    ..inactive(section)
                };
            }
            Some(window) if window.holds(now) => {
                return FreezeFinding {
                    status: FreezeStatus::Active,
                    section,
                    window_name: &range.name,
                    window: Some(*window),
                    reason: if section.reason.is_empty() {
                        &range.name
                    } else {
                        &section.reason
                    },
                    reason_code: match section.effect {
                        Intervention::Block => "freeze_window_active_block",
                        Intervention::RequireApproval => "freeze_window_active_require_approval",
                    },
                };
            }
            Some(_) => {}
        }
    }
    inactive(section)
}
