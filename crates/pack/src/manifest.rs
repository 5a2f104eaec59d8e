//! The manifest of a pack: read strictly, identified by its digest.

use gait_artifact::pack::{MANIFEST_SCHEMA_ID, PackManifest, SCHEMA_VERSION};
use gait_artifact::{guard, text};
use gait_canon::{
    Digest,
    json::{self, Value},
};

/// Why a manifest is refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not the JSON of a manifest.
    #[error("parse pack_manifest.json: {0}")]
    Json(#[from] json::Error),
    /// A member that must have one fixed text has another.
    #[error("pack manifest {member} must be {expected}")]
    NotEqual {
        /// The member.
        member: &'static str,
        /// That text.
        expected: &'static str,
    },
    /// A member is blank, zero or malformed.
    #[error("pack manifest {member} {problem}")]
    Member {
        /// The member, with its place in lists.
        member: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// Reads a manifest: every member there, of the right form, and no other. Nothing is established about its digests.
pub fn parse(bytes: &[u8]) -> Result<PackManifest, ManifestError> {
    let manifest: PackManifest = json::read(bytes)?;
    for (member, found, expected) in [
        ("schema_id", &manifest.schema_id, MANIFEST_SCHEMA_ID),
        ("schema_version", &manifest.schema_version, SCHEMA_VERSION),
    ] {
        if found != expected {
            return Err(ManifestError::NotEqual { member, expected });
        }
    }
    require(!manifest.created_at.is_zero(), "created_at", MISSING)?;
    filled(&manifest.producer_version, "producer_version")?;
    require(is_digest(&manifest.pack_id), "pack_id", NO_DIGEST)?;
    filled(&manifest.source_ref, "source_ref")?;
    for (index, entry) in manifest.contents.iter().enumerate() {
        let member = |name: &str| format!("contents[{index}].{name}");
        filled(&entry.path, member("path"))?;
        filled(&entry.kind, member("type"))?;
        require(is_digest(&entry.sha256), member("sha256"), NO_DIGEST)?;
    }
    for (index, signature) in manifest.signatures.iter().enumerate() {
        let member = |name: &str| format!("signatures[{index}].{name}");
        filled(&signature.alg, member("alg"))?;
        filled(&signature.key_id, member("key_id"))?;
        filled(&signature.sig, member("sig"))?;
        let signed = &signature.signed_digest;
        let holds = text::is_blank(signed) || is_digest(signed);
        require(holds, member("signed_digest"), NO_DIGEST)?;
    }
    Ok(manifest)
}

const MISSING: &str = "is missing";
const NO_DIGEST: &str = "must be a SHA-256 digest of 64 hex digits";

fn filled(value: &str, member: impl Into<String>) -> Result<(), ManifestError> {
    require(!text::is_blank(value), member, MISSING)
}

fn require(holds: bool, member: impl Into<String>, problem: &'static str) -> Result<(), ManifestError> {
    if holds {
        return Ok(());
    }
    Err(ManifestError::Member {
        member: member.into(),
        problem,
    })
}

/// Whether `text` is 64 hex digits of either case, white space around them aside.
#[must_use]
pub fn is_digest(text: &str) -> bool {
    Digest::parse_any_case(text::trim(text)).is_ok()
}

/// Whether two digests are the same, whatever the case of their digits.
#[must_use]
pub fn same_digest(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}

/// Whether a manifest says that its archive is an evidence pack of the guard.
pub(crate) fn is_guard(bytes: &[u8]) -> bool {
    let document = json::parse(bytes).ok();
    let schema_id = document.as_ref().and_then(|document| document.get("schema_id"));
    schema_id.and_then(Value::as_str) == Some(guard::MANIFEST_SCHEMA_ID)
}

/// The id that follows from a manifest: the digest of its canonical form with an empty id and without signatures.
#[must_use]
pub fn pack_id(manifest: &PackManifest) -> Digest {
    digest_of(manifest, |members| {
        members.insert("pack_id", "");
    })
}

/// The digest that signatures sign: that of the canonical form without signatures.
#[must_use]
pub fn signable(manifest: &PackManifest) -> Digest {
    digest_of(manifest, |_| ())
}

fn digest_of(manifest: &PackManifest, change: impl FnOnce(&mut json::Object)) -> Digest {
    let digest = json::to_value(manifest).and_then(|mut document| {
        if let Value::Object(members) = &mut document {
            members.remove("signatures");
            change(members);
        }
        Digest::of_canonical(&document)
    });
    digest.expect("a manifest is made of texts, which always have a canonical form")
}

#[cfg(test)]
mod tests {
    use gait_artifact::Timestamp;
    use gait_artifact::pack::{ContentEntry, PackType};
    use gait_canon::{PrivateKey, sign};

    use super::*;

    fn manifest() -> PackManifest {
        let mut manifest = PackManifest {
            schema_id: MANIFEST_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: Timestamp::EPOCH_1980,
            producer_version: "1.0.0".to_owned(),
            pack_id: String::new(),
            pack_type: PackType::Run,
            source_ref: "run_1".to_owned(),
            contents: vec![ContentEntry {
                path: "run_payload.json".to_owned(),
                sha256: Digest::of(b"").to_string(),
                kind: "json".to_owned(),
            }],
            signatures: Vec::new(),
        };
        manifest.pack_id = pack_id(&manifest).to_string();
        manifest
    }

    fn text(manifest: &PackManifest) -> String {
        json::pretty(manifest).unwrap()
    }

    #[test]
    fn the_id_covers_neither_itself_nor_signatures() {
        let mut signed = manifest();
        let signature = sign::sign(&signable(&signed), &PrivateKey::from_seed(&[1; 32]));
        signed.signatures.push(signature);
        let read = parse(text(&signed).as_bytes()).unwrap();
        assert_eq!(read, signed);
        assert_eq!(pack_id(&read).to_string(), manifest().pack_id);
        assert_eq!(signable(&read), signable(&manifest()));
        assert_ne!(pack_id(&read), signable(&read));
    }

    #[test]
    fn manifests_are_refused() {
        let good = text(&manifest());
        let id = manifest().pack_id;
        for (from, to, error) in [
            ("gait.pack.manifest", "gait.pack.other", "schema_id must be"),
            (
                "\"1.0.0\",\n  \"created",
                "\"2.0.0\",\n  \"created",
                "schema_version must be",
            ),
            (
                "1980-01-01T00:00:00Z",
                "0001-01-01T00:00:00Z",
                "created_at is missing",
            ),
            ("\"run_1\"", "\" \"", "source_ref is missing"),
            (
                "\"type\": \"json\"",
                "\"type\": \"\"",
                "contents[0].type is missing",
            ),
            ("run_payload.json", " ", "contents[0].path is missing"),
            ("\"run\"", "\"Run\"", "unknown"),
            ("\"sha256\": \"", "\"sha256\": \"0", "contents[0].sha256 must be"),
            (id.as_str(), "", "pack_id must be"),
            ("\"contents\"", "\"content\"", "content"),
            ("\"pack_type\"", "\"x\": 1, \"pack_type\"", "x"),
            ("\n}", "\n}x", ""),
        ] {
            assert!(good.contains(from), "{from}");
            let found = parse(good.replacen(from, to, 1).as_bytes())
                .unwrap_err()
                .to_string();
            assert!(found.contains(error), "{from} -> {to}: {found}");
        }
        let upper = good.replace(&id, &format!(" {} ", id.to_uppercase()));
        assert!(parse(upper.as_bytes()).is_ok());
    }
}
