//! The record of a credential that was issued.

use gait_artifact::{
    Timestamp,
    credential::{CredentialEvidence, CredentialRequest, IssuedCredential, SCHEMA_ID, SCHEMA_VERSION},
    text,
};

/// What the record says about the decision it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct EvidenceHeader<'a> {
    /// Creation time of the decision.
    pub created_at: Timestamp,
    /// Version of the program that decided.
    pub producer_version: &'a str,
    /// The trace of the decision.
    pub trace_id: &'a str,
}

/// The record that `issued` was handed out for `request`, whether the call was let through or not.
#[must_use]
pub fn evidence(
    request: &CredentialRequest,
    issued: &IssuedCredential,
    header: &EvidenceHeader<'_>,
) -> CredentialEvidence {
    CredentialEvidence {
        schema_id: SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: header.created_at,
        producer_version: header.producer_version.to_owned(),
        trace_id: header.trace_id.to_owned(),
        tool_name: request.tool_name.clone(),
        identity: request.identity.clone(),
        broker: issued.issued_by.clone(),
        reference: request.reference.clone(),
        credential_source: issued.source.clone(),
        credential_access_type: issued.access_type.clone(),
        credential_issuer: issued.issuer_or_broker().to_owned(),
        credential_subject: issued.subject.clone(),
        credential_owner: issued.owner.clone(),
        scope: text::list(request.scope.iter().map(String::as_str)),
        credential_ref: issued.credential_ref.clone(),
        target_binding: issued.target_binding.clone(),
        run_binding: issued.run_binding.clone(),
        job_binding: issued.job_binding.clone(),
        request_digest: issued.request_digest.clone(),
        issued_at: issued.issued_at,
        expires_at: issued.expires_at,
        ttl_seconds: issued.ttl_seconds,
    }
}
