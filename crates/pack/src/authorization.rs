//! Authorization bundles: one decision and the files that prove it, held together by digests.
//!
//! document → [`read`] (members in order) → [`ResolvedBundle`] (every linked file there, with the right digest) → the
//! entries of a pack. [`verify`] checks bundle and evidence of a pack against each other again.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Component, Path};

use gait_artifact::bundle::{AuthorizationBundle, SCHEMA_ID, SCHEMA_VERSION};
use gait_artifact::pack::EVIDENCE_DIRECTORY;
use gait_artifact::{Timestamp, text};
use gait_canon::{
    Digest, Hasher,
    json::{self, Value},
    zip::ZipError,
};
use gait_disk::{ReadError, open_beneath};

use crate::archive::PackArchive;
use gait_disk::Scratch;

/// The largest linked file, in bytes: that of an entry that readers take.
const MAX_EVIDENCE_BYTES: u64 = 100 << 20;

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The document is not the JSON of a bundle.
    #[error("parse authorization bundle: {0}")]
    Parse(#[from] json::Error),
    /// A member that must have one fixed text has another.
    #[error("authorization bundle {member} must be {expected}")]
    NotEqual {
        /// The member.
        member: &'static str,
        /// That text.
        expected: &'static str,
    },
    /// The bundle does not say when it was made.
    #[error("authorization bundle created_at is missing")]
    NoTime,
    /// What identifies the decision is missing or malformed.
    #[error("authorization bundle requires trace_id, policy_digest, and intent_digest")]
    Unidentified,
    /// A digest of nothing.
    #[error("authorization bundle digest requires corresponding path")]
    DigestWithoutPath,
    /// A link leads out of the bundle's directory.
    #[error("authorization evidence path must be local relative: {0}")]
    PathEscapes(String),
    /// A linked file can't be opened, or is none: links of the file system are not followed.
    #[error("read authorization evidence {path}: {source}")]
    Open {
        /// The link.
        path: String,
        /// Why.
        source: ReadError,
    },
    /// A linked file can't be read.
    #[error("read authorization evidence {path}: {source}")]
    Read {
        /// The link.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A linked file of a pack can't be unpacked.
    #[error("read authorization evidence {path}: {source}")]
    Unpack {
        /// The link.
        path: String,
        /// Why.
        source: ZipError,
    },
    /// A linked file that is called JSON is not.
    #[error("parse authorization evidence {path}: {source}")]
    NotJson {
        /// The link.
        path: String,
        /// Where and why.
        source: json::Error,
    },
    /// A linked file is not the one the bundle means.
    #[error("authorization evidence digest mismatch for {0}")]
    DigestMismatch(String),
    /// A linked file is not there.
    #[error("authorization evidence missing: {0}")]
    Missing(String),
    /// There is no trace to prove the decision.
    #[error("authorization bundle requires trace_path and trace_digest")]
    NoTrace,
    /// The outcome is told and not proved.
    #[error("authorization bundle with an outcome_status requires outcome_path and outcome_digest")]
    NoOutcome,
}

/// A bundle whose links hold, and the linked files by path.
#[derive(Debug)]
pub struct ResolvedBundle {
    /// The bundle in normal form, every link with its digest.
    pub bundle: AuthorizationBundle,
    /// Copies of the linked files, each once.
    pub evidence: BTreeMap<String, Scratch>,
}

/// One kind of evidence: its path and digest within a bundle.
type Link<'a> = (&'a mut String, &'a mut String);

/// Reads a bundle strictly and brings it into normal form; files are not looked at.
pub fn read(bytes: &[u8], producer_version: &str) -> Result<AuthorizationBundle, BundleError> {
    let mut bundle: AuthorizationBundle = json::read(bytes)?;
    fixed(&mut bundle.schema_id, SCHEMA_ID, "schema_id")?;
    fixed(&mut bundle.schema_version, SCHEMA_VERSION, "schema_version")?;
    bundle.created_at = bundle.created_at.or(Timestamp::EPOCH_1980).to_utc();
    if text::is_blank(&bundle.producer_version) {
        producer_version.clone_into(&mut bundle.producer_version);
    }
    text::trim_in_place(&mut bundle.trace_id);
    text::trim_lower_in_place(&mut bundle.policy_digest);
    text::trim_lower_in_place(&mut bundle.intent_digest);
    identified(&bundle)?;
    for (path, digest) in links_mut(&mut bundle) {
        text::trim_lower_in_place(digest);
        *path = local_path(path)?;
        if path.is_empty() && !digest.is_empty() {
            return Err(BundleError::DigestWithoutPath);
        }
    }
    Ok(bundle)
}

/// Copies every file that `bundle` links, below `directory`, fills missing digests in and holds the others against them.
pub fn resolve(mut bundle: AuthorizationBundle, directory: &Path) -> Result<ResolvedBundle, BundleError> {
    let mut evidence = BTreeMap::new();
    for (path, digest) in links_mut(&mut bundle) {
        if path.is_empty() {
            continue;
        }
        let file = open_beneath(directory, Path::new(path)).map_err(|source| BundleError::Open {
            path: path.clone(),
            source,
        })?;
        let mut copy = copy_of(file).map_err(|source| BundleError::Read {
            path: path.clone(),
            source,
        })?;
        let found = digest_of(path, &mut copy)?.to_string();
        if digest.is_empty() {
            *digest = found;
        } else if *digest != found {
            return Err(BundleError::DigestMismatch(path.clone()));
        }
        evidence.insert(path.clone(), copy);
    }
    Ok(ResolvedBundle { bundle, evidence })
}

/// Checks the bundle of a pack against the evidence beside it: all of it is there, none differs, the decision and its
/// outcome are proved.
pub fn verify<R: Read + Seek>(
    bundle: &AuthorizationBundle,
    archive: &mut PackArchive<R>,
) -> Result<(), BundleError> {
    for (member, found, expected) in [
        ("schema_id", &bundle.schema_id, SCHEMA_ID),
        ("schema_version", &bundle.schema_version, SCHEMA_VERSION),
    ] {
        if text::trim(found) != expected {
            return Err(BundleError::NotEqual { member, expected });
        }
    }
    if bundle.created_at.is_zero() {
        return Err(BundleError::NoTime);
    }
    identified(bundle)?;
    for (path, digest) in links(bundle) {
        if text::is_blank(path) {
            continue;
        }
        let entry = entry_name(path);
        if !archive.contains(&entry) {
            return Err(BundleError::Missing(path.to_owned()));
        }
        let mut content = archive.unpack(&entry).map_err(|source| BundleError::Unpack {
            path: path.to_owned(),
            source,
        })?;
        if digest_of(path, &mut content)?.to_string() != text::trim_lower(digest) {
            return Err(BundleError::DigestMismatch(path.to_owned()));
        }
    }
    if text::is_blank(&bundle.trace_path) || text::is_blank(&bundle.trace_digest) {
        return Err(BundleError::NoTrace);
    }
    let proves_outcome = !text::is_blank(&bundle.outcome_path) && !text::is_blank(&bundle.outcome_digest);
    if bundle.outcome_status.is_some() && !proves_outcome {
        return Err(BundleError::NoOutcome);
    }
    Ok(())
}

/// The members of a trace that say of another decision than the bundle does. A trace need not tell them.
#[must_use]
pub fn foreign_members(bundle: &AuthorizationBundle, trace: &[u8]) -> Vec<&'static str> {
    let Ok(trace) = json::parse(trace) else {
        return Vec::new();
    };
    let told = [
        ("trace_id", &bundle.trace_id),
        ("policy_digest", &bundle.policy_digest),
        ("intent_digest", &bundle.intent_digest),
    ];
    let differs = |(member, expected): &(&str, &String)| {
        let found = trace.get(member).and_then(Value::as_str);
        found.is_some_and(|found| !text::trim(found).eq_ignore_ascii_case(text::trim(expected)))
    };
    told.into_iter()
        .filter(differs)
        .map(|(member, _)| member)
        .collect()
}

/// The entry of a pack that holds the file at `path` of a bundle.
#[must_use]
pub fn entry_name(path: &str) -> String {
    let path = text::trim(path).replace('\\', "/");
    text::clean_path(&format!("{EVIDENCE_DIRECTORY}/{path}"))
}

/// The links of a bundle, in the order of its members.
fn links_mut(bundle: &mut AuthorizationBundle) -> [Link<'_>; 6] {
    [
        (&mut bundle.trace_path, &mut bundle.trace_digest),
        (&mut bundle.approval_audit_path, &mut bundle.approval_audit_digest),
        (
            &mut bundle.credential_evidence_path,
            &mut bundle.credential_evidence_digest,
        ),
        (
            &mut bundle.delegation_audit_path,
            &mut bundle.delegation_audit_digest,
        ),
        (
            &mut bundle.context_evidence_path,
            &mut bundle.context_evidence_digest,
        ),
        (&mut bundle.outcome_path, &mut bundle.outcome_digest),
    ]
}

/// The paths of a bundle with their digests, in the order of its members.
fn links(bundle: &AuthorizationBundle) -> [(&str, &str); 6] {
    [
        (&bundle.trace_path, &bundle.trace_digest),
        (&bundle.approval_audit_path, &bundle.approval_audit_digest),
        (
            &bundle.credential_evidence_path,
            &bundle.credential_evidence_digest,
        ),
        (&bundle.delegation_audit_path, &bundle.delegation_audit_digest),
        (&bundle.context_evidence_path, &bundle.context_evidence_digest),
        (&bundle.outcome_path, &bundle.outcome_digest),
    ]
}

fn identified(bundle: &AuthorizationBundle) -> Result<(), BundleError> {
    let digests = [&bundle.policy_digest, &bundle.intent_digest];
    let are_digests = digests
        .into_iter()
        .all(|digest| Digest::parse_any_case(text::trim(digest)).is_ok());
    if are_digests && !text::is_blank(&bundle.trace_id) {
        Ok(())
    } else {
        Err(BundleError::Unidentified)
    }
}

fn fixed(value: &mut String, expected: &'static str, member: &'static str) -> Result<(), BundleError> {
    if text::is_blank(value) {
        expected.clone_into(value);
    }
    if value == expected {
        Ok(())
    } else {
        Err(BundleError::NotEqual { member, expected })
    }
}

/// The cleaned form of a path that stays inside the bundle's directory; empty for no path.
fn local_path(path: &str) -> Result<String, BundleError> {
    let path = text::trim(path).replace('\\', "/");
    if path.is_empty() {
        return Ok(path);
    }
    let cleaned = text::clean_path(&path);
    let inside = Path::new(&cleaned)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if inside && cleaned != "." {
        Ok(cleaned)
    } else {
        Err(BundleError::PathEscapes(path))
    }
}

/// What a file holds now; it may change later.
fn copy_of(file: File) -> io::Result<Scratch> {
    let mut copy = Scratch::new();
    let size = io::copy(&mut file.take(MAX_EVIDENCE_BYTES + 1), &mut copy)?;
    if size > MAX_EVIDENCE_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than {MAX_EVIDENCE_BYTES} bytes"),
        ));
    }
    copy.flush()?;
    Ok(copy)
}

/// The digest a link carries: of the canonical form of JSON, else of the bytes.
fn digest_of(path: &str, content: &mut Scratch) -> Result<Digest, BundleError> {
    let failed = |source| BundleError::Read {
        path: path.to_owned(),
        source,
    };
    content.rewind().map_err(failed)?;
    let is_json = Path::new(text::trim(path))
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    if is_json {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).map_err(failed)?;
        return json::canonical_digest_of_bytes(&bytes).map_err(|source| BundleError::NotJson {
            path: path.to_owned(),
            source,
        });
    }
    let mut hasher = Hasher::new();
    io::copy(content, &mut hasher).map_err(failed)?;
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests;
