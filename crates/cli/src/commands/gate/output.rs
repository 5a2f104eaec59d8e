//! What `gait gate eval` prints of a decision in text mode.

use gait_gate::report::GateReport;

/// The lines of text mode.
pub(super) fn lines(report: &GateReport<'_>) -> Vec<String> {
    let mut lines = vec![
        format!("gate eval: verdict={}", report.verdict),
        format!("trace: {}", report.trace_path),
    ];
    if let Some(verdict) = report.simulated_verdict {
        let blocked = report.would_have_blocked;
        lines.push(format!(
            "simulate: would_have_blocked={blocked} simulated_verdict={verdict}"
        ));
    }
    if !report.reason_codes.is_empty() {
        lines.push(format!("reasons: {}", report.reason_codes.join(",")));
    }
    if !report.violations.is_empty() {
        lines.push(format!("violations: {}", report.violations.join(",")));
    }
    if report.required_approvals > 0 {
        lines.push(format!(
            "approvals: {}/{}",
            report.valid_approvals, report.required_approvals
        ));
    }
    lines.extend(
        report
            .approval_audit_path
            .map(|path| format!("approval audit: {path}")),
    );
    if report.delegation_required {
        lines.push(format!("delegations: {}", report.valid_delegations));
    }
    lines.extend(
        report
            .delegation_audit_path
            .map(|path| format!("delegation audit: {path}")),
    );
    if let Some(credential) = &report.credential {
        lines.push(format!(
            "credential: {} ({})",
            credential.credential_ref, credential.credential_issuer
        ));
    }
    lines.extend(
        report
            .credential_evidence_path
            .map(|path| format!("credential evidence: {path}")),
    );
    lines.extend(
        report
            .warnings
            .iter()
            .map(|warning| format!("warning: {warning}")),
    );
    lines
}
