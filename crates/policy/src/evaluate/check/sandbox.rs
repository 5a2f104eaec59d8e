//! The sandbox a call must run in, as its caller attests it.

use gait_artifact::{
    decision::SandboxDecision,
    intent::{Context, Sandbox},
    policy::{Rule, SandboxConstraint},
};

use crate::{
    evaluate::findings::{Findings, SandboxFinding, SandboxStatus},
    matching::{admits, lists},
};

pub(super) fn check<'p>(rule: &'p Rule, context: &Context, findings: &mut Findings<'p>) {
    let Some(constraint) = rule.sandbox.as_deref() else {
        return;
    };
    let mut status = SandboxStatus::Valid;
    problems(constraint, context.sandbox.as_ref(), &mut |code| {
        findings.block(code);
        status = status.max(status_of(code));
    });
    findings.sandbox = Some(SandboxFinding { status, constraint });
}

/// One lack outweighs all that is merely disallowed.
fn status_of(code: &str) -> SandboxStatus {
    if code.ends_with("_missing") {
        SandboxStatus::Missing
    } else {
        SandboxStatus::Disallowed
    }
}

impl SandboxFinding<'_> {
    /// The decision as records show it.
    pub(crate) fn decision(&self, context: &Context) -> SandboxDecision {
        let attested = context.sandbox.clone().unwrap_or_default();
        let mut reason_codes = Vec::new();
        problems(self.constraint, context.sandbox.as_ref(), &mut |code| {
            reason_codes.push(code.to_owned());
        });
        reason_codes.sort_unstable();
        SandboxDecision {
            status: self.status.as_str().to_owned(),
            network_mode: attested.network_mode,
            env_exposure_mode: attested.env_exposure_mode,
            timeout_seconds: attested.timeout_seconds,
            filesystem_isolation: attested.filesystem_isolation,
            user_mode: attested.user_mode,
            evidence_ref: attested.evidence_ref,
            evidence_digest: attested.evidence_digest,
            reason_codes,
        }
    }
}

/// Reports everything that `wanted` finds missing or disallowed, each once.
fn problems(wanted: &SandboxConstraint, attested: Option<&Sandbox>, report: &mut impl FnMut(&'static str)) {
    let Some(attested) = attested else {
        report("sandbox_metadata_missing");
        return;
    };
    if attested.evidence_ref.is_empty() || attested.evidence_digest.is_empty() {
        report("sandbox_evidence_missing");
    }
    mode_problems(wanted, attested, report);
    match u64::try_from(attested.timeout_seconds) {
        Ok(0) | Err(_) => report("sandbox_timeout_missing"),
        Ok(seconds) if wanted.max_timeout_seconds > 0 && seconds > wanted.max_timeout_seconds => {
            report("sandbox_timeout_exceeded");
        }
        Ok(_) => {}
    }
    path_problems(wanted, attested, report);
}

fn mode_problems(wanted: &SandboxConstraint, attested: &Sandbox, report: &mut impl FnMut(&'static str)) {
    let modes = [
        (
            &wanted.allowed_network_modes,
            &attested.network_mode,
            ["sandbox_network_mode_missing", "sandbox_network_mode_disallowed"],
        ),
        (
            &wanted.allowed_env_exposure_modes,
            &attested.env_exposure_mode,
            [
                "sandbox_env_exposure_mode_missing",
                "sandbox_env_exposure_mode_disallowed",
            ],
        ),
        (
            &wanted.allowed_filesystem_isolations,
            &attested.filesystem_isolation,
            [
                "sandbox_filesystem_isolation_missing",
                "sandbox_filesystem_isolation_disallowed",
            ],
        ),
        (
            &wanted.allowed_user_modes,
            &attested.user_mode,
            ["sandbox_user_mode_missing", "sandbox_user_mode_disallowed"],
        ),
    ];
    for (allowed, mode, [missing, disallowed]) in modes {
        if mode.is_empty() {
            report(missing);
        } else if !admits(allowed, mode) {
            report(disallowed);
        }
    }
}

/// Both sides are cleaned.
fn path_problems(wanted: &SandboxConstraint, attested: &Sandbox, report: &mut impl FnMut(&'static str)) {
    let prefixes = &wanted.allowed_writable_path_prefixes;
    let may_write = |path: &String| prefixes.iter().any(|prefix| is_within(path, prefix));
    if !prefixes.is_empty() && !attested.writable_paths.iter().all(may_write) {
        report("sandbox_writable_path_disallowed");
    }
    // Without an isolation mode nothing is known of the file system, and that is reported already.
    let describes_files = !attested.filesystem_isolation.is_empty();
    if describes_files
        && !wanted
            .required_read_only_roots
            .iter()
            .all(|root| lists(&attested.read_only_roots, root))
    {
        report("sandbox_read_only_root_missing");
    }
}

fn is_within(path: &str, prefix: &str) -> bool {
    prefix == "/"
        || path
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
