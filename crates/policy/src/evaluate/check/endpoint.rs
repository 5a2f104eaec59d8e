//! Paths, domains and network classes that a call may reach.

use gait_artifact::{Verdict, intent::Target, policy::Endpoint};

use crate::{
    compile::{EndpointPatterns, RuleRef, pattern::cleaned},
    evaluate::findings::Findings,
    matching::{Call, admits},
};

pub(super) fn check<'p>(rule: RuleRef<'p>, call: &Call<'_>, findings: &mut Findings<'p>) {
    let (Some(section), Some(patterns)) = (rule.rule.endpoint.as_deref(), rule.compiled.endpoint.as_deref())
    else {
        return;
    };
    let mut breach = Breach {
        section,
        findings,
        found: false,
    };
    for target in call.targets {
        check_path(patterns, target, &mut breach);
        check_domain(patterns, target, &mut breach);
        let is_egress = target.endpoint_class.starts_with("net.");
        if is_egress && !admits(&section.egress_classes, &target.endpoint_class) {
            breach.report("endpoint_egress_class_not_allowed");
        }
    }
    if let Some(action) = section.destructive_action
        && call.targets.iter().any(|target| target.destructive)
    {
        breach.report_as(
            action.into(),
            "endpoint_destructive_operation",
            "destructive_operation",
        );
    }
    if breach.found {
        findings.report(&section.reason_code, &section.violation);
    }
}

/// Collects what is wrong with the endpoints of a call.
struct Breach<'f, 'p> {
    section: &'p Endpoint,
    findings: &'f mut Findings<'p>,
    found: bool,
}

impl Breach<'_, '_> {
    fn report(&mut self, code: &'static str) {
        self.report_as(self.section.action.into(), code, code);
    }

    fn report_as(&mut self, effect: Verdict, reason: &'static str, violation: &'static str) {
        self.found = true;
        self.findings.raise(effect);
        self.findings.report(reason, violation);
    }
}

fn check_path(patterns: &EndpointPatterns, target: &Target, breach: &mut Breach<'_, '_>) {
    if target.kind != "path" {
        return;
    }
    let path = cleaned(&target.value);
    if patterns
        .denied_paths
        .iter()
        .any(|pattern| pattern.denies(&target.value, &path))
    {
        breach.report("endpoint_path_denied");
    }
    if !patterns.allowed_paths.is_empty()
        && !patterns.allowed_paths.iter().any(|pattern| pattern.allows(&path))
    {
        breach.report("endpoint_path_not_allowlisted");
    }
}

/// Looks at the domain the caller gives and at the one its target really addresses: one that is denied is enough, and
/// both must be allowed.
fn check_domain(patterns: &EndpointPatterns, target: &Target, breach: &mut Breach<'_, '_>) {
    let (denied, allowed) = (&patterns.denied_domains, &patterns.allowed_domains);
    if denied.is_empty() && allowed.is_empty() {
        return;
    }
    let addressed = target.addressed_domain();
    let domains =
        [target.endpoint_domain.as_str(), addressed.as_str()].map(|name| name.trim_end_matches('.'));
    let mut named = domains.into_iter().filter(|domain| !domain.is_empty()).peekable();
    let reaches_network = named.peek().is_some()
        || matches!(target.kind.as_str(), "host" | "url")
        || target.endpoint_class.starts_with("net.");
    if named
        .clone()
        .any(|domain| denied.iter().any(|pattern| pattern.denies(domain)))
    {
        breach.report("endpoint_domain_denied");
    }
    let is_allowed = |domain| allowed.iter().any(|pattern| pattern.allows(domain));
    // A network target whose domain nobody can tell is not among the allowed ones.
    if reaches_network && !allowed.is_empty() && !(named.peek().is_some() && named.all(is_allowed)) {
        breach.report("endpoint_domain_not_allowlisted");
    }
}
