//! Whatever stands in an encrypted file, only the content that was encrypted comes out of it.
#![cfg_attr(fuzzing, no_main)]

use gait_evidence::seal::{EncryptionKey, Header, HeaderBinding, open, seal};

/// What was encrypted.
pub(crate) const CONTENT: &[u8] = b"what was encrypted";

pub(crate) fn key() -> EncryptionKey {
    let text = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    EncryptionKey::from_base64(text).expect("the key is base64 of 32 bytes")
}

/// The content, encrypted.
pub(crate) fn sealed(content: &[u8], binding: HeaderBinding) -> Vec<u8> {
    let header = Header {
        binding,
        ..Header::default()
    };
    let mut bytes = Vec::new();
    seal(content.to_vec().into(), &key(), header)
        .and_then(|sealed| sealed.write_to(&mut bytes))
        .expect("a little content can be encrypted");
    bytes
}

/// Holds the reader to that on `data`, and on `data` encrypted.
pub(crate) fn check(data: &[u8]) {
    if let Ok(opened) = open(data.to_vec(), &key()) {
        assert_eq!(*opened.plain, CONTENT);
    }
    for binding in [HeaderBinding::Loose, HeaderBinding::Bound] {
        let opened = open(sealed(data, binding), &key()).expect("what was encrypted can be decrypted");
        assert_eq!(*opened.plain, data);
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
