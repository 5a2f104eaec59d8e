//! Encryption at rest: what was encrypted comes back, and nothing else does.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use gait_artifact::Timestamp;
use gait_artifact::guard::{EncryptedArtifact, EncryptionKeySource};
use gait_canon::{Digest, json};
use gait_evidence::seal::{EncryptionKey, Header, HeaderBinding, SealError, open, seal};
use proptest::prelude::*;
use zeroize::Zeroizing;

/// The bytes from 0 to 31.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

type Change = fn(&mut EncryptedArtifact);

fn key() -> EncryptionKey {
    EncryptionKey::from_base64(KEY).unwrap()
}

fn sealed(plain: &[u8], binding: HeaderBinding) -> Vec<u8> {
    let header = Header {
        created_at: Timestamp::from_unix(1_770_000_000, 5),
        producer_version: "1.0.0".to_owned(),
        key_source: EncryptionKeySource {
            mode: "env".to_owned(),
            reference: "K".to_owned(),
            command: String::new(),
        },
        binding,
    };
    let sealed = seal(Zeroizing::new(plain.to_vec()), &key(), header).unwrap();
    assert_eq!(sealed.plain_sha256(), Digest::of(plain).to_string());
    assert_eq!(sealed.plain_size(), plain.len() as u64);
    let mut bytes = Vec::new();
    sealed.write_to(&mut bytes).unwrap();
    bytes
}

fn refused(bytes: &[u8]) -> SealError {
    open(bytes.to_vec(), &key()).err().unwrap()
}

/// The document, changed.
fn changed(bytes: &[u8], change: impl FnOnce(&mut EncryptedArtifact)) -> Vec<u8> {
    let mut document = json::read(bytes).unwrap();
    change(&mut document);
    json::canonical_bytes(&json::to_value(&document).unwrap()).unwrap()
}

#[test]
fn keys_are_base64_of_32_bytes() {
    assert!(EncryptionKey::from_base64(&format!(" {KEY}\n")).is_ok());
    for (text, is_encoding) in [("***", true), ("AAEC", false), ("", false), (&KEY[..43], true)] {
        match EncryptionKey::from_base64(text).err().unwrap() {
            SealError::KeyEncoding => assert!(is_encoding, "{text}"),
            SealError::KeyLength(_) => assert!(!is_encoding, "{text}"),
            other => panic!("{text}: {other}"),
        }
    }
}

/// Made with another implementation of AES-GCM: the key above, the nonce `defghijklmno`.
#[test]
fn a_file_of_another_program_is_read() {
    let document = br#"{"algorithm":"aes-256-gcm","ciphertext":"YJvVD2rXbfZl8Ei6jF/XBg==","created_at":"2026-02-01T10:00:00Z",
"key_source":{"mode":"env"},"nonce":"ZGVmZ2hpamtsbW5v","plain_sha256":"","plain_size":0,"producer_version":"t",
"schema_id":"gait.guard.encrypted_artifact","schema_version":"1.0.0"} trailing"#;
    assert_eq!(open(document.to_vec(), &key()).unwrap().plain.len(), 0);
}

#[test]
fn documents_are_canonical_and_nonces_fresh() {
    let one = sealed(b"content", HeaderBinding::Loose);
    let document = json::parse(&one).unwrap();
    assert_eq!(json::canonical_bytes(&document).unwrap(), one);
    let nonce = |bytes: &[u8]| json::read::<EncryptedArtifact>(bytes).unwrap().nonce;
    assert_ne!(nonce(&one), nonce(&sealed(b"content", HeaderBinding::Loose)));
}

#[test]
fn what_cannot_be_right_is_refused_and_never_panics() {
    let good = sealed(b"content", HeaderBinding::Loose);
    let cases: [(Change, &str); 10] = [
        (|d| d.schema_id = "gait.other".to_owned(), "schema_id"),
        (|d| d.schema_version = "2.0.0".to_owned(), "schema_version"),
        (|d| d.algorithm = "aes-128-gcm".to_owned(), "algorithm"),
        (|d| d.nonce = "AAEC".to_owned(), "nonce has 3 bytes"),
        (|d| d.nonce = String::new(), "nonce has 0 bytes"),
        (|d| d.nonce = "*".to_owned(), "nonce is not"),
        (|d| d.ciphertext = "AAEC".to_owned(), "ciphertext has 3 bytes"),
        (|d| d.plain_size += 1, "plain_size is not"),
        (|d| d.plain_sha256 = "0".repeat(64), "plain_sha256 is not"),
        (|d| d.schema_version = "1.1.0".to_owned(), "authentication failed"),
    ];
    for (change, expected) in cases {
        let error = refused(&changed(&good, change)).to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let unknown = String::from_utf8(good.clone())
        .unwrap()
        .replace('{', r#"{"x":1,"#);
    assert!(matches!(refused(unknown.as_bytes()), SealError::Json(_)));
    let other = EncryptionKey::from_base64("//////////////////////////////////////////8=").unwrap();
    assert!(matches!(open(good, &other), Err(SealError::Authentication)));
}

#[test]
fn a_bound_header_cannot_be_altered() {
    let good = sealed(b"content", HeaderBinding::Bound);
    let cases: [Change; 7] = [
        |d| d.created_at = Timestamp::EPOCH_1980,
        |d| d.producer_version.push('x'),
        |d| d.key_source.reference.push('x'),
        |d| d.key_source.mode = "command".to_owned(),
        |d| d.plain_size += 1,
        |d| d.plain_sha256 = d.plain_sha256.to_uppercase(),
        |d| d.schema_version = "1.0.0".to_owned(),
    ];
    for change in cases {
        assert!(matches!(
            refused(&changed(&good, change)),
            SealError::Authentication
        ));
    }
}

#[test]
fn no_changed_byte_is_decrypted() {
    let good = sealed(b"content", HeaderBinding::Bound);
    for place in 0..good.len() {
        let mut changed = good.clone();
        changed[place] ^= 1;
        if let Ok(opened) = open(changed, &key()) {
            // A byte of base64 padding, or of an escape, may say the same.
            assert_eq!(*opened.plain, b"content", "byte {place}");
            panic!("byte {place} of {} makes no difference", good.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_encrypted_comes_back(plain in prop::collection::vec(any::<u8>(), 0..500), bound: bool) {
        let binding = if bound { HeaderBinding::Bound } else { HeaderBinding::Loose };
        let opened = open(sealed(&plain, binding), &key()).unwrap();
        prop_assert_eq!(&*opened.plain, &plain);
        prop_assert_eq!(opened.sha256, Digest::of(&plain));
    }

    #[test]
    fn anything_may_be_offered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(open(bytes, &key()).is_err());
    }
}
