//! Evidence packs of the guard: what identifies them, and what their signatures sign.
//!
//! They are older than packs and have no proof chain. Their manifest carries the lists of controls and of evidence that also
//! stand beside it as entries.

mod control;

use gait_artifact::guard::EvidenceEntry;
use gait_canon::{
    Digest,
    json::{self, Value},
};
use serde::Serialize;

pub use control::{APPROVAL_AUDIT, CREDENTIAL_EVIDENCE, Template};

/// Hex digits of the digest that become part of the id.
const ID_DIGITS: usize = 16;

/// The id of an evidence pack. It follows from the run and the content alone: the case, the signer and the program's version
/// have no part in it.
#[must_use]
pub fn pack_id(run_id: &str, contents: &[EvidenceEntry]) -> String {
    let digest = identity(run_id, contents).to_string();
    format!("pack_{}", &digest[..ID_DIGITS])
}

fn identity(run_id: &str, contents: &[EvidenceEntry]) -> Digest {
    #[derive(Serialize)]
    struct Identity<'a> {
        run_id: &'a str,
        contents: &'a [EvidenceEntry],
    }
    Digest::of_canonical(&Identity { run_id, contents }).expect("texts always have a canonical form")
}

/// What signatures sign: the digest of the manifest as it stands, members unknown to this program included, without
/// `signatures`.
pub fn signable(manifest: &[u8]) -> Result<Digest, json::Error> {
    let mut document = json::parse(manifest)?;
    if let Value::Object(members) = &mut document {
        members.remove("signatures");
    }
    Digest::of_canonical(&document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_run_and_content() {
        let entry = |path: &str| EvidenceEntry {
            path: path.to_owned(),
            sha256: "0".repeat(64),
            kind: "report".to_owned(),
        };
        let id = pack_id("run_1", &[entry("a")]);
        assert_eq!(id.len(), "pack_".len() + ID_DIGITS);
        assert_eq!(id, pack_id("run_1", &[entry("a")]));
        assert_ne!(id, pack_id("run_2", &[entry("a")]));
        assert_ne!(id, pack_id("run_1", &[entry("b")]));
        assert_ne!(id, pack_id("run_1", &[]));
    }

    #[test]
    fn signatures_do_not_sign_themselves_and_sign_all_else() {
        let bare = signable(br#"{"run_id":"a","more":1}"#).unwrap();
        assert_eq!(
            signable(br#"{"more":1,"run_id":"a","signatures":[{}]}"#).unwrap(),
            bare
        );
        assert_ne!(signable(br#"{"run_id":"a"}"#).unwrap(), bare);
        assert!(signable(br#"{"run_id":"a","run_id":"b"}"#).is_err());
    }
}
