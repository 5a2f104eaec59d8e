//! Signed manifests to install.

use gait_artifact::registry::{PACK_SCHEMA_ID, RegistryArtifact, RegistryPack, SCHEMA_VERSION};
use gait_canon::json::{self, Value};
use gait_canon::{PrivateKey, sign};
use gait_registry::Manifest;

/// The key that publishers sign with here.
pub(crate) fn key() -> PrivateKey {
    PrivateKey::from_seed(&[9; 32])
}

/// The manifest of `name` in `version`, signed with `key`.
pub(crate) fn manifest(name: &str, version: &str, key: &PrivateKey) -> Vec<u8> {
    let artifact = RegistryArtifact {
        path: "policy.yaml".to_owned(),
        sha256: "a".repeat(64),
        media_type: String::new(),
    };
    signed(name, version, artifact, key)
}

/// The manifest of `name` that lists `policies/a.yaml` with this digest.
pub(crate) fn manifest_listing(name: &str, sha256: &str, key: &PrivateKey) -> Vec<u8> {
    let artifact = RegistryArtifact {
        path: "policies/a.yaml".to_owned(),
        sha256: sha256.to_owned(),
        media_type: String::new(),
    };
    signed(name, "1", artifact, key)
}

fn signed(name: &str, version: &str, artifact: RegistryArtifact, key: &PrivateKey) -> Vec<u8> {
    let pack = RegistryPack {
        schema_id: PACK_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        pack_name: name.to_owned(),
        pack_version: version.to_owned(),
        publisher: "acme".to_owned(),
        artifacts: Some(vec![artifact]),
        ..RegistryPack::default()
    };
    let mut value = json::to_value(&pack).unwrap();
    let unsigned = json::canonical_bytes(&value).unwrap();
    let digest = *Manifest::parse(&unsigned).unwrap().digest();
    let signature = json::to_value(&sign::sign(&digest, key)).unwrap();
    let object = value.as_object_mut().unwrap();
    object.insert("signatures", Value::Array(vec![signature]));
    json::canonical_bytes(&value).unwrap()
}
