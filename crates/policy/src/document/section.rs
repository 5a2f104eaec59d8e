//! The sections of a rule that are on only when something in them is set.
//!
//! What is written in a section that is off is checked all the same: a mistake there would show itself on the day
//! somebody switches the section on.

use gait_artifact::{
    policy::{
        CallLimit, Dataflow, Endpoint, FreezeRange, FreezeWindow, Intervention, LimitScope, LimitWindow,
        SandboxConstraint, UnusedLimit, UnusedSection,
    },
    text, vocabulary,
};

use super::{
    draft::{
        DataflowDraft, EndpointDraft, FreezeRangeDraft, FreezeWindowDraft, LimitDraft, SandboxDraft, Text,
    },
    error::{Fault, InvalidSetting},
    settings::{Section, list, list_lower, list_lower_or, trimmed, trimmed_or},
};
use crate::yaml::{Given, Place};

/// The endpoint classes that leave the machine.
const EGRESS_CLASSES: &[&str] = &["net.dns", "net.http"];

const TAINTED_SOURCES: &[&str] = &["external", "tool_output"];

type Boxed<'d, T> = Given<'d, Box<T>>;

pub(super) fn endpoint<'d>(
    rule: &Place<'_>,
    name: &str,
    given: &Boxed<'d, EndpointDraft<'d>>,
) -> Result<(Option<Box<Endpoint>>, UnusedSection), InvalidSetting> {
    if !given.is_given() {
        return Ok((None, UnusedSection::default()));
    }
    let place = rule.key("endpoint");
    let section = Section::new(&place, given, Some(name));
    let draft = &given.value;
    let egress_classes = section.known("egress_classes", &draft.egress_classes, EGRESS_CLASSES)?;
    let action = intervention(&section, "action", &draft.action)?;
    let destructive_action = intervention(&section, "destructive_action", &draft.destructive_action)?;
    let constraint = Endpoint {
        path_allowlist: list(&draft.path_allowlist),
        path_denylist: list(&draft.path_denylist),
        domain_allowlist: list_lower(&draft.domain_allowlist),
        domain_denylist: list_lower(&draft.domain_denylist),
        egress_classes,
        action: action.unwrap_or(Intervention::Block),
        destructive_action,
        reason_code: trimmed_or(&draft.reason_code, "endpoint_constraint_violation"),
        violation: trimmed_or(&draft.violation, "endpoint_constraint_violation"),
    };
    let on = draft.enabled
        || destructive_action.is_some()
        || [
            &constraint.path_allowlist,
            &constraint.path_denylist,
            &constraint.domain_allowlist,
            &constraint.domain_denylist,
            &constraint.egress_classes,
        ]
        .iter()
        .any(|list| !list.is_empty());
    if on {
        return Ok((Some(Box::new(constraint)), UnusedSection::default()));
    }
    Ok((None, unused(action, &draft.reason_code, &draft.violation)))
}

pub(super) fn dataflow<'d>(
    rule: &Place<'_>,
    name: &str,
    given: &Boxed<'d, DataflowDraft<'d>>,
) -> Result<(Option<Box<Dataflow>>, UnusedSection), InvalidSetting> {
    if !given.is_given() {
        return Ok((None, UnusedSection::default()));
    }
    let place = rule.key("dataflow");
    let section = Section::new(&place, given, Some(name));
    let draft = &given.value;
    let action = intervention(&section, "action", &draft.action)?;
    let constraint = Dataflow {
        tainted_sources: list_lower_or(&draft.tainted_sources, TAINTED_SOURCES),
        destination_kinds: list_lower(&draft.destination_kinds),
        destination_values: list(&draft.destination_values),
        destination_operations: list_lower(&draft.destination_operations),
        action: action.unwrap_or(Intervention::RequireApproval),
        reason_code: trimmed_or(&draft.reason_code, "dataflow_tainted_destination"),
        violation: trimmed_or(&draft.violation, "tainted_dataflow"),
    };
    let on = draft.enabled
        || !list_lower(&draft.tainted_sources).is_empty()
        || !constraint.destination_kinds.is_empty()
        || !constraint.destination_values.is_empty()
        || !constraint.destination_operations.is_empty();
    if on {
        return Ok((Some(Box::new(constraint)), UnusedSection::default()));
    }
    Ok((None, unused(action, &draft.reason_code, &draft.violation)))
}

fn unused(action: Option<Intervention>, reason_code: &Text<'_>, violation: &Text<'_>) -> UnusedSection {
    UnusedSection {
        action,
        reason_code: trimmed(reason_code),
        violation: trimmed(violation),
    }
}

pub(super) fn freeze_window<'d>(
    rule: &Place<'_>,
    name: &str,
    given: &Boxed<'d, FreezeWindowDraft<'d>>,
) -> Result<Option<Box<FreezeWindow>>, InvalidSetting> {
    if !given.is_given() {
        return Ok(None);
    }
    let place = rule.key("freeze_window");
    let section = Section::new(&place, given, Some(name));
    let draft = &given.value;
    let timezone = trimmed(&draft.timezone);
    let reason = trimmed(&draft.reason);
    let environments = list_lower(&draft.environments);
    let risk_classes = list_lower(&draft.risk_classes);
    let on = draft.enabled
        || !timezone.is_empty()
        || !reason.is_empty()
        || !text::is_blank(&draft.effect.value)
        || !environments.is_empty()
        || !risk_classes.is_empty()
        || !draft.windows.is_empty();
    if !on {
        return Ok(None);
    }
    if timezone.is_empty() {
        return Err(section.fault("timezone", draft.timezone.source(), Fault::Required));
    }
    let effect = intervention(&section, "effect", &draft.effect)?.unwrap_or(Intervention::Block);
    if draft.windows.is_empty() {
        return Err(section.fault("windows", None, Fault::Required));
    }
    let windows_place = place.key("windows");
    let windows = draft.windows.iter().enumerate();
    let windows = windows.map(|(index, window)| freeze_range(&windows_place, index, name, window));
    Ok(Some(Box::new(FreezeWindow {
        timezone,
        effect,
        reason,
        environments,
        risk_classes,
        windows: windows.collect::<Result<_, _>>()?,
    })))
}

fn freeze_range<'d>(
    windows: &Place<'_>,
    index: usize,
    rule: &str,
    given: &Given<'d, FreezeRangeDraft<'d>>,
) -> Result<FreezeRange, InvalidSetting> {
    let place = windows.index(index);
    let section = Section::new(&place, given, Some(rule));
    let draft = &given.value;
    let required = |key, given: &Text<'d>| {
        let text = trimmed(given);
        if text.is_empty() {
            Err(section.fault(key, given.source(), Fault::Required))
        } else {
            Ok(text)
        }
    };
    Ok(FreezeRange {
        start: required("start", &draft.start)?,
        end: required("end", &draft.end)?,
        name: trimmed_or(&draft.name, &format!("window-{}", index + 1)),
    })
}

pub(super) fn sandbox<'d>(
    rule: &Place<'_>,
    name: &str,
    given: &Boxed<'d, SandboxDraft<'d>>,
) -> Result<Option<Box<SandboxConstraint>>, InvalidSetting> {
    if !given.is_given() {
        return Ok(None);
    }
    let place = rule.key("sandbox");
    let section = Section::new(&place, given, Some(name));
    let draft = &given.value;
    let constraint = SandboxConstraint {
        allowed_network_modes: section.known(
            "allowed_network_modes",
            &draft.allowed_network_modes,
            vocabulary::NETWORK_MODES,
        )?,
        allowed_writable_path_prefixes: section.sandbox_paths(
            "allowed_writable_path_prefixes",
            &draft.allowed_writable_path_prefixes,
        )?,
        required_read_only_roots: section
            .sandbox_paths("required_read_only_roots", &draft.required_read_only_roots)?,
        allowed_env_exposure_modes: section.known(
            "allowed_env_exposure_modes",
            &draft.allowed_env_exposure_modes,
            vocabulary::ENV_EXPOSURE_MODES,
        )?,
        allowed_filesystem_isolations: section.known(
            "allowed_filesystem_isolations",
            &draft.allowed_filesystem_isolations,
            vocabulary::FILESYSTEM_ISOLATIONS,
        )?,
        allowed_user_modes: section.known(
            "allowed_user_modes",
            &draft.allowed_user_modes,
            vocabulary::USER_MODES,
        )?,
        max_timeout_seconds: section.count("max_timeout_seconds", &draft.max_timeout_seconds)?,
    };
    let on = draft.enabled || constraint != SandboxConstraint::default();
    Ok(on.then(|| Box::new(constraint)))
}

pub(super) fn rate_limit<'d>(
    rule: &Place<'_>,
    name: &str,
    given: &Given<'d, LimitDraft<'d>>,
) -> Result<(Option<CallLimit>, UnusedLimit), InvalidSetting> {
    if !given.is_given() {
        return Ok((None, UnusedLimit::default()));
    }
    let place = rule.key("rate_limit");
    let section = Section::new(&place, given, Some(name));
    let requests = section.count("requests", &given.value.requests)?;
    let unused = window_and_scope(&section, &given.value)?;
    Ok(if requests > 0 {
        (Some(limit(requests, unused)), UnusedLimit::default())
    } else {
        (None, unused)
    })
}

pub(super) fn destructive_budget<'d>(
    rule: &Place<'_>,
    name: &str,
    given: &Given<'d, LimitDraft<'d>>,
) -> Result<Option<CallLimit>, InvalidSetting> {
    if !given.is_given() {
        return Ok(None);
    }
    let place = rule.key("destructive_budget");
    let section = Section::new(&place, given, Some(name));
    let draft = &given.value;
    let requests = section.count("requests", &draft.requests)?;
    let is_blank = text::is_blank(&draft.window.value) && text::is_blank(&draft.scope.value);
    if requests == 0 && is_blank {
        return Ok(None);
    }
    if requests == 0 {
        return Err(section.fault("requests", draft.requests.source(), Fault::NotPositive));
    }
    Ok(Some(limit(requests, window_and_scope(&section, draft)?)))
}

fn window_and_scope<'d>(
    section: &Section<'_, 'd>,
    draft: &LimitDraft<'d>,
) -> Result<UnusedLimit, InvalidSetting> {
    Ok(UnusedLimit {
        window: section.word("window", &draft.window, LimitWindow::ALL, LimitWindow::as_str)?,
        scope: section.word("scope", &draft.scope, LimitScope::ALL, LimitScope::as_str)?,
    })
}

fn limit(requests: u64, settings: UnusedLimit) -> CallLimit {
    CallLimit {
        requests,
        window: settings.window.unwrap_or_default(),
        scope: settings.scope.unwrap_or_default(),
    }
}

fn intervention<'d>(
    section: &Section<'_, 'd>,
    key: &str,
    given: &Text<'d>,
) -> Result<Option<Intervention>, InvalidSetting> {
    section.word(key, given, Intervention::ALL, Intervention::as_str)
}
