//! The signatures of a pack.

use gait_artifact::pack::PackManifest;
use gait_canon::sign;
use gait_runpack::{SignatureReport, SignatureStatus};

use super::VerifyOptions;
use crate::manifest::signable;

/// Holds every signature of a manifest against the key. One that holds is enough.
pub(super) fn of_pack(manifest: &PackManifest, options: &VerifyOptions<'_>) -> SignatureReport {
    let mut report = SignatureReport {
        status: SignatureStatus::Missing,
        errors: Vec::new(),
        total: manifest.signatures.len(),
        valid: 0,
        required: options.require_signature,
    };
    if manifest.signatures.is_empty() {
        if options.require_signature {
            report.errors.push("manifest has no signatures".to_owned());
        }
        return report;
    }
    let Some(key) = options.key else {
        report.status = SignatureStatus::Skipped;
        report.errors.push("public key not configured".to_owned());
        return report;
    };
    let digest = signable(manifest);
    for signature in &manifest.signatures {
        match sign::verify(signature, &digest, key) {
            Ok(true) => report.valid += 1,
            Ok(false) => {}
            Err(error) => report.errors.push(error.to_string()),
        }
    }
    if report.valid > 0 {
        report.status = SignatureStatus::Verified;
    } else {
        report.status = SignatureStatus::Failed;
        report.errors.push("signature verification failed".to_owned());
    }
    report.errors.sort();
    report
}

/// The report with what is wrong with the signatures of proof records.
pub(super) fn with_records(mut report: SignatureReport, errors: Vec<String>) -> SignatureReport {
    if !errors.is_empty() {
        report.status = SignatureStatus::Failed;
        report.errors.extend(errors);
        report.errors.sort();
    }
    report
}
