//! The manifest: what it says, what its digest covers, and what its signatures cover.

use gait_artifact::runpack::{MANIFEST_SCHEMA_ID, Manifest, SCHEMA_VERSION};
use gait_canon::{
    Digest,
    json::{self, Reader, Value},
};

/// As many values as no manifest has: it declares a handful of files.
const MAX_VALUES: usize = 1 << 20;

/// Why a manifest is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is not the JSON of a manifest.
    #[error("parse manifest.json: {0}")]
    Json(#[from] json::Error),
    /// It is something else.
    #[error("manifest schema_id must be {MANIFEST_SCHEMA_ID}, not {0:?}")]
    SchemaId(String),
    /// It is of another version.
    #[error("manifest schema_version must be {SCHEMA_VERSION}, not {0:?}")]
    SchemaVersion(String),
    /// It names no run.
    #[error("manifest missing run_id")]
    MissingRunId,
}

/// Reads a manifest of this schema that names a run. Nothing is established about its digests.
///
/// Of a member that stands twice the last counts, as it always did; verification tells of it.
pub fn parse_manifest(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    let strict = Reader::new().max_values(MAX_VALUES);
    let manifest: Manifest = match strict.read(bytes) {
        Err(error) if matches!(error.kind(), json::ErrorKind::DuplicateKey(_)) => {
            strict.keep_last_duplicates().read(bytes)?
        }
        manifest => manifest?,
    };
    if manifest.schema_id != MANIFEST_SCHEMA_ID {
        return Err(ManifestError::SchemaId(manifest.schema_id));
    }
    if manifest.schema_version != SCHEMA_VERSION {
        return Err(ManifestError::SchemaVersion(manifest.schema_version));
    }
    if manifest.run_id.is_empty() {
        return Err(ManifestError::MissingRunId);
    }
    Ok(manifest)
}

/// The digest that a manifest must state: that of its known members, the digest itself empty and without signatures.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "texts always have a canonical form")]
pub fn manifest_digest(manifest: &Manifest) -> Digest {
    let covered = Manifest {
        manifest_digest: String::new(),
        signatures: Vec::new(),
        ..manifest.clone()
    };
    Digest::of_canonical(&covered).expect("a manifest is made of texts alone")
}

/// The digest that the signatures of a manifest sign: that of the document as it is, without its member `signatures`.
///
/// Unlike [`manifest_digest`] it covers members that this program does not know.
pub fn signable(raw: &[u8]) -> Result<Digest, json::Error> {
    let mut document = document(raw)?;
    if let Value::Object(members) = &mut document {
        members.remove("signatures");
    }
    Digest::of_canonical(&document)
}

/// The manifest as a tree, read as [`parse_manifest`] reads it.
pub(crate) fn document(bytes: &[u8]) -> Result<Value, json::Error> {
    Reader::new()
        .max_values(MAX_VALUES)
        .keep_last_duplicates()
        .parse(bytes)
}

#[cfg(test)]
mod tests {
    use gait_artifact::runpack::ManifestFile;
    use gait_canon::{PrivateKey, sign};

    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            schema_id: MANIFEST_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: "2026-02-14T01:00:00.50+01:00".parse().unwrap(),
            run_id: "run_1".to_owned(),
            files: Some(vec![ManifestFile::default()]),
            ..Manifest::default()
        }
    }

    fn text(manifest: &Manifest) -> Vec<u8> {
        json::pretty(manifest).unwrap().into_bytes()
    }

    #[test]
    fn the_digest_covers_neither_itself_nor_signatures() {
        let bare = manifest();
        let digest = manifest_digest(&bare);
        let mut signed = bare.clone();
        signed.manifest_digest = digest.to_string();
        let signature = sign::sign(
            &signable(&text(&signed)).unwrap(),
            &PrivateKey::from_seed(&[1; 32]),
        );
        signed.signatures.push(signature);
        assert_eq!(manifest_digest(&signed), digest);
        assert_eq!(manifest_digest(&parse_manifest(&text(&signed)).unwrap()), digest);
    }

    #[test]
    fn an_absent_list_of_files_is_not_an_empty_one() {
        let absent = Manifest {
            files: None,
            ..manifest()
        };
        let empty = Manifest {
            files: Some(Vec::new()),
            ..manifest()
        };
        assert_ne!(manifest_digest(&absent), manifest_digest(&empty));
        assert_eq!(parse_manifest(&text(&absent)).unwrap().files, None);
    }

    #[test]
    fn signatures_cover_unknown_members_and_no_layout() {
        let plain = json::parse(&text(&manifest())).unwrap();
        let signed = signable(&text(&manifest())).unwrap();
        assert_eq!(signable(json::compact(&plain).as_bytes()), Ok(signed));
        let mut extended = plain;
        extended.as_object_mut().unwrap().insert("note", "x");
        assert_ne!(signable(json::compact(&extended).as_bytes()), Ok(signed));
        extended.as_object_mut().unwrap().remove("note");
        extended
            .as_object_mut()
            .unwrap()
            .insert("signatures", Value::Null);
        assert_eq!(signable(json::compact(&extended).as_bytes()), Ok(signed));
    }

    #[test]
    fn the_last_of_equal_members_counts() {
        let text = json::compact(&json::to_value(&manifest()).unwrap());
        let twice = text.replacen('{', r#"{"run_id":"other","#, 1);
        assert_eq!(parse_manifest(twice.as_bytes()).unwrap(), manifest());
        assert_eq!(signable(twice.as_bytes()), signable(text.as_bytes()));
    }

    #[test]
    fn other_documents_are_refused() {
        let refused = |change: fn(&mut Manifest)| {
            let mut manifest = manifest();
            change(&mut manifest);
            parse_manifest(&text(&manifest)).unwrap_err()
        };
        assert_eq!(
            refused(|manifest| manifest.schema_id.clear()),
            ManifestError::SchemaId(String::new())
        );
        assert_eq!(
            refused(|manifest| "2.0.0".clone_into(&mut manifest.schema_version)),
            ManifestError::SchemaVersion("2.0.0".to_owned())
        );
        assert_eq!(
            refused(|manifest| manifest.run_id.clear()),
            ManifestError::MissingRunId
        );
        for bytes in [b"".as_slice(), b"[]", b"{", b"null"] {
            assert!(parse_manifest(bytes).is_err());
        }
    }
}
