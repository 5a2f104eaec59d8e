//! The manifest of a published pack: read, digested, held against a key.

use gait_artifact::registry::{PACK_SCHEMA_ID, RegistryPack, SCHEMA_VERSION};
use gait_artifact::text::{is_blank, trim_lower_in_place};
use gait_canon::json::{self, Reader, Value};
use gait_canon::{Digest, PublicKey, Signature, sign};

/// The largest manifest that is read, in bytes. A fetched one is smaller, see [`fetch`](crate::fetch).
pub const MAX_MANIFEST_BYTES: usize = 16 << 20;

/// The most JSON values a manifest may hold, which bounds the memory that reading takes.
const MAX_MANIFEST_VALUES: usize = 1 << 20;

/// The longest name or version, in bytes: file systems take 255, of which some are needed for endings.
const MAX_ELEMENT_BYTES: usize = 200;

/// The directory of the pins, beside the directories of the packs.
pub(crate) const PINS_DIRECTORY: &str = "pins";

/// The type of pack that must say who publishes it and where it comes from.
const SKILL: &str = "skill";

/// Why something is no manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// It is not JSON, or not of the right shape.
    #[error("parse registry manifest: {0}")]
    Json(#[from] json::Error),
    /// It is a document of another kind.
    #[error("unsupported schema_id {0:?}")]
    SchemaId(String),
    /// It is of another version.
    #[error("unsupported schema_version {0:?}")]
    SchemaVersion(String),
    /// A member that must be there is absent or blank.
    #[error("registry manifest has no {0}")]
    Missing(&'static str),
    /// A member that names a directory of the cache could lead out of it.
    #[error("{member} {value:?} is not usable as the name of a directory")]
    UnsafeName {
        /// The member.
        member: &'static str,
        /// What it says.
        value: String,
    },
    /// A skill without a member that skills must have.
    #[error("a skill needs a {0}")]
    IncompleteSkill(&'static str),
}

/// Why no signature of a manifest is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFailure {
    /// There is none.
    #[error("registry manifest has no signatures")]
    Unsigned,
    /// None of them is a valid signature of this manifest by the key.
    #[error("no valid signature by the given key for this manifest")]
    NoneValid,
}

/// A manifest that could be read, in its normal form.
///
/// INVARIANT: name and version are single path elements that do not begin with a dot, and the name is not `pins`.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    pack: RegistryPack,
    digest: Digest,
    canonical: Vec<u8>,
}

/// A manifest with a valid signature by a key that the caller trusts. [`Manifest::verify`] is the only way to one.
#[derive(Debug, Clone, Copy)]
pub struct VerifiedManifest<'a>(&'a Manifest);

impl Manifest {
    /// Reads a manifest: type, publisher and source are trimmed and lower-cased, everything else is taken as it stands.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let reader = Reader::new()
            .max_bytes(MAX_MANIFEST_BYTES)
            .max_values(MAX_MANIFEST_VALUES);
        let mut pack: RegistryPack = reader.read(bytes)?;
        if pack.schema_id != PACK_SCHEMA_ID {
            return Err(ManifestError::SchemaId(pack.schema_id));
        }
        if pack.schema_version != SCHEMA_VERSION {
            return Err(ManifestError::SchemaVersion(pack.schema_version));
        }
        require_element("pack_name", &pack.pack_name)?;
        require_element("pack_version", &pack.pack_version)?;
        trim_lower_in_place(&mut pack.pack_type);
        trim_lower_in_place(&mut pack.publisher);
        trim_lower_in_place(&mut pack.source);
        if pack.pack_type == SKILL {
            for (member, text) in [("publisher", &pack.publisher), ("source", &pack.source)] {
                if text.is_empty() {
                    return Err(ManifestError::IncompleteSkill(member));
                }
            }
        }
        let mut value = json::to_value(&pack)?;
        let canonical = json::canonical_bytes(&value)?;
        if let Value::Object(object) = &mut value {
            object.remove("signatures");
        }
        let digest = Digest::of(&json::canonical_bytes(&value)?);
        Ok(Self {
            pack,
            digest,
            canonical,
        })
    }

    /// What it says.
    #[must_use]
    pub const fn pack(&self) -> &RegistryPack {
        &self.pack
    }

    /// SHA-256 of its canonical JSON (RFC 8785) without the signatures: what signatures sign and pins name.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Its canonical JSON, signatures included.
    #[must_use]
    pub fn canonical_bytes(&self) -> &[u8] {
        &self.canonical
    }

    /// Holds the signatures against `key`; one that is valid is enough.
    pub fn verify(&self, key: &PublicKey) -> Result<VerifiedManifest<'_>, SignatureFailure> {
        if self.pack.signatures.is_empty() {
            return Err(SignatureFailure::Unsigned);
        }
        let counts = |signature: &Signature| {
            let signature = Signature {
                signed_digest: signature.signed_digest.to_ascii_lowercase(),
                ..signature.clone()
            };
            sign::verify(&signature, &self.digest, key) == Ok(true)
        };
        if self.pack.signatures.iter().any(counts) {
            Ok(VerifiedManifest(self))
        } else {
            Err(SignatureFailure::NoneValid)
        }
    }
}

impl<'a> VerifiedManifest<'a> {
    /// The manifest itself.
    #[must_use]
    pub const fn manifest(self) -> &'a Manifest {
        self.0
    }
}

/// Accepts names that are one path element wherever they are used. A leading dot is kept for locks and for files that
/// are being written.
fn require_element(member: &'static str, value: &str) -> Result<(), ManifestError> {
    if is_blank(value) {
        return Err(ManifestError::Missing(member));
    }
    let taken = member == "pack_name" && value.eq_ignore_ascii_case(PINS_DIRECTORY);
    let steers = |c: char| matches!(c, '/' | '\\') || c.is_control();
    if taken || value.starts_with('.') || value.contains(steers) || value.len() > MAX_ELEMENT_BYTES {
        return Err(ManifestError::UnsafeName {
            member,
            value: value.to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod sample {
    use gait_artifact::registry::RegistryPack;
    use gait_canon::json::{self, Value};
    use gait_canon::{PrivateKey, sign};

    use super::Manifest;

    /// The key that signs the manifests of tests.
    pub(crate) fn key() -> PrivateKey {
        PrivateKey::from_seed(&[9; 32])
    }

    /// A manifest without signatures, `change`d.
    pub(crate) fn unsigned(change: impl FnOnce(&mut RegistryPack)) -> Vec<u8> {
        let mut pack = RegistryPack {
            schema_id: super::PACK_SCHEMA_ID.to_owned(),
            schema_version: super::SCHEMA_VERSION.to_owned(),
            pack_name: "baseline".to_owned(),
            pack_version: "1.0.0".to_owned(),
            publisher: "acme".to_owned(),
            artifacts: Some(Vec::new()),
            ..RegistryPack::default()
        };
        change(&mut pack);
        json::canonical_bytes(&json::to_value(&pack).unwrap()).unwrap()
    }

    /// `bytes` with a signature by [`key`].
    pub(crate) fn signed(bytes: &[u8]) -> Vec<u8> {
        let digest = *Manifest::parse(bytes).unwrap().digest();
        let mut value = json::parse(bytes).unwrap();
        let signature = json::to_value(&sign::sign(&digest, &key())).unwrap();
        let object = value.as_object_mut().unwrap();
        object.insert("signatures", Value::Array(vec![signature]));
        json::canonical_bytes(&value).unwrap()
    }

    /// The signed manifest of `name` in `version`.
    pub(crate) fn manifest(name: &str, version: &str) -> Vec<u8> {
        signed(&unsigned(|pack| {
            pack.pack_name = name.to_owned();
            pack.pack_version = version.to_owned();
        }))
    }
}

#[cfg(test)]
mod tests {
    use gait_artifact::registry::RegistryPack;
    use gait_canon::PrivateKey;
    use proptest::prelude::*;

    use super::sample::{key, signed, unsigned};
    use super::*;

    fn refusal(change: impl FnOnce(&mut RegistryPack)) -> String {
        Manifest::parse(&unsigned(change)).unwrap_err().to_string()
    }

    #[test]
    fn foreign_and_incomplete_manifests_are_refused() {
        let text = str::to_owned;
        assert_eq!(
            refusal(|pack| pack.schema_id = text("gait.other")),
            r#"unsupported schema_id "gait.other""#
        );
        assert_eq!(
            refusal(|pack| pack.schema_version = text("1.0")),
            r#"unsupported schema_version "1.0""#
        );
        assert_eq!(
            refusal(|pack| pack.pack_name = text(" \t")),
            "registry manifest has no pack_name"
        );
        assert_eq!(
            refusal(|pack| pack.pack_version = String::new()),
            "registry manifest has no pack_version"
        );
        let skill = |publisher: &str, source: &str| {
            refusal(|pack| {
                pack.pack_type = text(" SKILL ");
                pack.publisher = publisher.to_owned();
                pack.source = source.to_owned();
            })
        };
        assert_eq!(skill(" ", "community"), "a skill needs a publisher");
        assert_eq!(skill("acme", ""), "a skill needs a source");
        for document in [
            &br#"{"schema_id":"gait.registry.pack","more":1}"#[..],
            br#"{"artifacts":[{"path":"a","mode":"0777"}]}"#,
            br#"{"pack_name":"a","pack_name":"b"}"#,
            b"[]",
            b"nope",
        ] {
            assert!(matches!(Manifest::parse(document), Err(ManifestError::Json(_))));
        }
    }

    #[test]
    fn names_cannot_lead_out_of_the_cache() {
        let long = "x".repeat(MAX_ELEMENT_BYTES + 1);
        for name in [
            "..", ".", "../../x", "a/b", "/a", r"a\b", ".hidden", "a\0b", "a\nb", &long,
        ] {
            for version in [false, true] {
                let bytes = unsigned(|pack| {
                    let member = if version {
                        &mut pack.pack_version
                    } else {
                        &mut pack.pack_name
                    };
                    *member = name.to_owned();
                });
                let refused = Manifest::parse(&bytes).unwrap_err();
                assert!(
                    matches!(refused, ManifestError::UnsafeName { .. }),
                    "{name:?}: {refused}"
                );
            }
        }
        assert!(refusal(|pack| pack.pack_name = "Pins".to_owned()).contains("pack_name"));
        for name in ["a", "a b", "a..b", "é", "1.0.0+x"] {
            let bytes = unsigned(|pack| pack.pack_name = name.to_owned());
            assert!(Manifest::parse(&bytes).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_normal_form_is_digested() {
        let plain = Manifest::parse(&unsigned(|_| {})).unwrap();
        let other = Manifest::parse(&unsigned(|pack| pack.publisher = " ACME ".to_owned())).unwrap();
        assert_eq!(plain.digest(), other.digest());
        assert_eq!(other.pack().publisher, "acme");
        let signed = Manifest::parse(&signed(&unsigned(|_| {}))).unwrap();
        assert_eq!(plain.digest(), signed.digest());
        assert_eq!(
            Manifest::parse(signed.canonical_bytes()).unwrap(),
            signed,
            "what is kept reads back as it was"
        );
    }

    #[test]
    fn one_valid_signature_is_enough_and_none_is_not() {
        let bytes = signed(&unsigned(|_| {}));
        let public = key().public();
        let manifest = Manifest::parse(&bytes).unwrap();
        assert!(manifest.verify(&public).is_ok());
        let stranger = PrivateKey::from_seed(&[8; 32]).public();
        assert_eq!(
            manifest.verify(&stranger).unwrap_err(),
            SignatureFailure::NoneValid
        );
        assert_eq!(
            Manifest::parse(&unsigned(|_| {}))
                .unwrap()
                .verify(&public)
                .unwrap_err(),
            SignatureFailure::Unsigned
        );

        let good = manifest.pack().signatures[0].clone();
        let with = |change: &dyn Fn(&mut Signature)| {
            let mut other = good.clone();
            change(&mut other);
            let bytes = unsigned(|pack| pack.signatures = vec![Signature::default(), other]);
            Manifest::parse(&bytes).unwrap().verify(&public).is_ok()
        };
        assert!(with(&|_| {}));
        assert!(with(
            &|other| other.signed_digest = other.signed_digest.to_uppercase()
        ));
        assert!(with(&|other| other.key_id.clear()));
        assert!(!with(&|other| other.signed_digest.clear()));
        assert!(!with(&|other| other.alg = "Ed25519".to_owned()));
        assert!(!with(&|other| other.key_id = "0".repeat(64)));
        assert!(!with(&|other| other.sig.truncate(20)));
    }

    proptest! {
        #[test]
        fn no_bytes_stop_the_program(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Manifest::parse(&bytes);
        }

        #[test]
        fn accepted_names_are_single_path_elements(name in "\\PC{0,8}|[./\\\\a]{0,6}") {
            if let Ok(manifest) = Manifest::parse(&unsigned(|pack| pack.pack_name = name)) {
                let name = &manifest.pack().pack_name;
                let path = std::path::Path::new("cache").join(name);
                prop_assert_eq!(path.parent(), Some(std::path::Path::new("cache")));
                prop_assert_eq!(path.file_name().and_then(|last| last.to_str()), Some(name.as_str()));
            }
        }

        #[test]
        fn a_changed_byte_is_not_believed(at in 0_usize..10_000, bit in 0..8) {
            let mut bytes = signed(&unsigned(|_| {}));
            let original = Manifest::parse(&bytes).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1_u8 << bit;
            if let Ok(changed) = Manifest::parse(&bytes) {
                let same = changed.digest() == original.digest();
                prop_assert!(same || changed.verify(&key().public()).is_err());
            }
        }
    }
}
