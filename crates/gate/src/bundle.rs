//! Authorization bundles: one decision and the files that prove it, held together by digests.
//!
//! document → [`read`] (members in order) → [`ResolvedBundle`] (every linked file there, with the right digest). A
//! container carries the bundle and its evidence elsewhere; [`verify`] checks the two against each other again.

use std::{
    collections::BTreeMap,
    path::{Component, Path},
};

use gait_artifact::{
    Timestamp,
    bundle::{AuthorizationBundle, SCHEMA_ID, SCHEMA_VERSION},
    text,
};
use gait_canon::{
    Digest,
    json::{self, Value},
};
use gait_disk::read::{ReadError, read_bounded};

/// The largest linked file that is read, in bytes.
const MAX_EVIDENCE_BYTES: usize = 64 << 20;

/// Why a bundle is refused.
#[derive(Debug, thiserror::Error)]
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
    /// What identifies the decision is missing or malformed.
    #[error("authorization bundle requires trace_id, policy_digest, and intent_digest")]
    Unidentified,
    /// A digest of nothing.
    #[error("authorization bundle digest requires corresponding path")]
    DigestWithoutPath,
    /// A link leads out of the bundle's directory.
    #[error("authorization evidence path must be local relative: {0}")]
    PathEscapes(String),
    /// A linked file can't be read.
    #[error("read authorization evidence {path}: {source}")]
    Read {
        /// The link.
        path: String,
        /// What the file system said.
        source: ReadError,
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
    #[error("authorization bundle links no trace")]
    NoTrace,
    /// The outcome is told and not proved.
    #[error("authorization bundle has an outcome status and links no outcome")]
    NoOutcome,
    /// The linked trace is of another decision.
    #[error("authorization trace is of another decision: {0} differs")]
    ForeignTrace(&'static str),
}

/// A bundle whose links hold, and the linked files by path.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedBundle {
    /// The bundle in normal form, every link with its digest.
    pub bundle: AuthorizationBundle,
    /// The linked files, each once.
    pub evidence: BTreeMap<String, Vec<u8>>,
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
    let digests = [&mut bundle.policy_digest, &mut bundle.intent_digest];
    let identified = digests.into_iter().all(|digest| {
        text::trim_lower_in_place(digest);
        text::is_hex64(digest)
    });
    if !identified || bundle.trace_id.is_empty() {
        return Err(BundleError::Unidentified);
    }
    for (path, digest) in links(&mut bundle) {
        text::trim_lower_in_place(digest);
        *path = local_path(path)?;
        if path.is_empty() && !digest.is_empty() {
            return Err(BundleError::DigestWithoutPath);
        }
    }
    Ok(bundle)
}

/// Reads every file that `bundle` links, below `directory`, fills missing digests in and holds the others against them.
pub fn resolve(mut bundle: AuthorizationBundle, directory: &Path) -> Result<ResolvedBundle, BundleError> {
    let mut evidence = BTreeMap::new();
    for (path, digest) in links(&mut bundle) {
        if path.is_empty() {
            continue;
        }
        let bytes = read_inside(directory, path)?;
        let found = digest_of(path, &bytes)?.to_string();
        if digest.is_empty() {
            *digest = found;
        } else if *digest != found {
            return Err(BundleError::DigestMismatch(path.clone()));
        }
        evidence.insert(path.clone(), bytes);
    }
    Ok(ResolvedBundle { bundle, evidence })
}

/// Checks a bundle in normal form against the files that travel with it: all are there, none differs, the decision and
/// its outcome are proved, and the trace is of this decision.
pub fn verify<'a>(
    mut bundle: AuthorizationBundle,
    file: impl Fn(&str) -> Option<&'a [u8]>,
) -> Result<(), BundleError> {
    for (path, digest) in links(&mut bundle) {
        if path.is_empty() {
            continue;
        }
        let bytes = file(path).ok_or_else(|| BundleError::Missing(path.clone()))?;
        if *digest != digest_of(path, bytes)?.to_string() {
            return Err(BundleError::DigestMismatch(path.clone()));
        }
    }
    if bundle.trace_path.is_empty() {
        return Err(BundleError::NoTrace);
    }
    if bundle.outcome_status.is_some() && bundle.outcome_path.is_empty() {
        return Err(BundleError::NoOutcome);
    }
    Ok(())
}

/// Whether the linked trace is of the decision that `bundle` speaks of.
pub fn check_trace(bundle: &AuthorizationBundle, trace: &[u8]) -> Result<(), BundleError> {
    let trace = json::parse(trace).map_err(|source| BundleError::NotJson {
        path: bundle.trace_path.clone(),
        source,
    })?;
    for (member, expected) in [
        ("trace_id", &bundle.trace_id),
        ("policy_digest", &bundle.policy_digest),
        ("intent_digest", &bundle.intent_digest),
    ] {
        let found = trace
            .as_object()
            .and_then(|members| members.get(member))
            .and_then(Value::as_str);
        if found != Some(expected) {
            return Err(BundleError::ForeignTrace(member));
        }
    }
    Ok(())
}

/// The links of a bundle, in the order of its members.
fn links(bundle: &mut AuthorizationBundle) -> [Link<'_>; 6] {
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

/// The content of `path` below `directory`; a symbolic link may lead to another place inside, and no further.
fn read_inside(directory: &Path, path: &str) -> Result<Vec<u8>, BundleError> {
    let full = directory.join(path);
    if let (Ok(root), Ok(target)) = (directory.canonicalize(), full.canonicalize())
        && !target.starts_with(root)
    {
        return Err(BundleError::PathEscapes(path.to_owned()));
    }
    read_bounded(&full, MAX_EVIDENCE_BYTES).map_err(|source| BundleError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The digest a link carries: of the canonical form of JSON, else of the bytes.
fn digest_of(path: &str, bytes: &[u8]) -> Result<Digest, BundleError> {
    let is_json = Path::new(path)
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    if !is_json {
        return Ok(Digest::of(bytes));
    }
    json::canonical_digest_of_bytes(bytes).map_err(|source| BundleError::NotJson {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HEX: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn document(members: &str) -> String {
        format!(
            r#"{{"trace_id":" t1 ","policy_digest":"{HEX}","intent_digest":"{}"{members}}}"#,
            HEX.to_uppercase()
        )
    }

    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let trace = format!(
            r#"{{"verdict":"allow", "trace_id":"t1","policy_digest":"{HEX}","intent_digest":"{HEX}"}}"#
        );
        fs::write(directory.path().join("trace.json"), trace).unwrap();
        fs::write(directory.path().join("note.txt"), "free text\n").unwrap();
        directory
    }

    #[test]
    fn links_are_resolved_and_hold() {
        let directory = directory();
        let text = document(r#","trace_path":"./trace.json","context_evidence_path":"x\\..\\note.txt""#);
        let bundle = read(text.as_bytes(), "1.2.3").unwrap();
        assert_eq!(
            (bundle.trace_id.as_str(), bundle.intent_digest.as_str()),
            ("t1", HEX)
        );
        assert_eq!(
            (bundle.schema_id.as_str(), bundle.producer_version.as_str()),
            (SCHEMA_ID, "1.2.3")
        );
        assert_eq!(bundle.created_at, Timestamp::EPOCH_1980);

        let resolved = resolve(bundle, directory.path()).unwrap();
        assert_eq!(
            resolved.evidence.keys().collect::<Vec<_>>(),
            ["note.txt", "trace.json"]
        );
        assert_eq!(
            resolved.bundle.context_evidence_digest,
            Digest::of(b"free text\n").to_string()
        );
        let file = |path: &str| resolved.evidence.get(path).map(Vec::as_slice);
        verify(resolved.bundle.clone(), file).unwrap();
        check_trace(&resolved.bundle, &resolved.evidence["trace.json"]).unwrap();

        // White space does not change what JSON says; anything else does.
        let spaced = String::from_utf8(resolved.evidence["trace.json"].clone())
            .unwrap()
            .replace(',', " ,\n");
        verify(resolved.bundle.clone(), |path| {
            if path == "trace.json" {
                Some(spaced.as_bytes())
            } else {
                file(path)
            }
        })
        .unwrap();
        let forged = spaced.replace("allow", "block");
        let found = verify(resolved.bundle.clone(), |path| {
            if path == "trace.json" {
                Some(forged.as_bytes())
            } else {
                file(path)
            }
        });
        assert!(matches!(found, Err(BundleError::DigestMismatch(path)) if path == "trace.json"));
        assert!(matches!(
            verify(resolved.bundle, |_| None),
            Err(BundleError::Missing(_))
        ));
    }

    #[test]
    fn documents_are_refused() {
        for (members, error) in [
            (r#","extra":1"#, "unknown"),
            (r#","schema_id":"gait.gate.trace""#, "schema_id must be"),
            (r#","schema_version":"2.0.0""#, "schema_version must be"),
            (r#","outcome_digest":"ab""#, "requires corresponding path"),
            (
                r#","outcome_path":"../x.json""#,
                "must be local relative: ../x.json",
            ),
            (r#","outcome_path":"/x.json""#, "must be local relative: /x.json"),
            (r#","outcome_path":"a/../..""#, "must be local relative"),
            (r#","outcome_status":"maybe""#, "outcome_status"),
            (r#","trace_id":"t2""#, "duplicate"),
        ] {
            let text = document(members);
            let found = read(text.as_bytes(), "1").unwrap_err().to_string();
            assert!(found.contains(error), "{members}: {found}");
        }
        for text in [
            "{}",
            &document("").replace(" t1 ", " "),
            &document("").replace(HEX, "aa"),
        ] {
            assert!(
                matches!(read(text.as_bytes(), "1"), Err(BundleError::Unidentified)),
                "{text}"
            );
        }
    }

    #[test]
    fn files_are_refused() {
        let directory = directory();
        fs::write(directory.path().join("broken.json"), "{").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", directory.path().join("link.txt")).unwrap();
        for (members, error) in [
            (
                r#","trace_path":"absent.json""#.to_owned(),
                "read authorization evidence absent.json",
            ),
            (
                r#","trace_path":"broken.json""#.to_owned(),
                "parse authorization evidence broken.json",
            ),
            (
                r#","outcome_path":"link.txt""#.to_owned(),
                "must be local relative",
            ),
            (
                format!(r#","trace_path":"trace.json","trace_digest":"{HEX}""#),
                "digest mismatch for trace.json",
            ),
        ] {
            let bundle = read(document(&members).as_bytes(), "1").unwrap();
            let found = resolve(bundle, directory.path()).unwrap_err().to_string();
            assert!(found.contains(error), "{members}: {found}");
        }
    }

    #[test]
    fn a_bundle_proves_its_decision() {
        let bundle = |members: &str| read(document(members).as_bytes(), "1").unwrap();
        assert!(matches!(verify(bundle(""), |_| None), Err(BundleError::NoTrace)));
        let directory = directory();
        let told = bundle(r#","trace_path":"trace.json","outcome_status":"allow""#);
        let resolved = resolve(told, directory.path()).unwrap();
        let file = |path: &str| resolved.evidence.get(path).map(Vec::as_slice);
        assert!(matches!(
            verify(resolved.bundle.clone(), file),
            Err(BundleError::NoOutcome)
        ));
        let other = br#"{"trace_id":"t1","policy_digest":"","intent_digest":""}"#;
        assert!(matches!(
            check_trace(&resolved.bundle, other),
            Err(BundleError::ForeignTrace("policy_digest"))
        ));
    }
}
