//! Encryption at rest: a file under AES-256-GCM (NIST SP 800-38D), as a JSON document (`gait.guard.encrypted_artifact`).
//!
//! The nonce is drawn anew for every file. In the document's first version nothing but the content is authenticated, and programs
//! before this one read no other. In version 1.1.0 every other member is authenticated too ([`HeaderBinding::Bound`]): the
//! canonical form (RFC 8785) of the document with an empty `ciphertext` is the associated data, so that no member can be altered,
//! the version included. Content is encrypted as a whole and so must fit into memory; [`MAX_PLAIN_BYTES`] bounds it.

use std::io::{self, Write};

use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{AeadInOut, Aes256Gcm, KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use gait_artifact::guard::{
    AES_256_GCM, ENCRYPTED_BOUND_VERSION, ENCRYPTED_SCHEMA_ID, EncryptedArtifact, EncryptionKeySource,
    SCHEMA_VERSION,
};
use gait_artifact::{Timestamp, text};
use gait_canon::Digest;
use gait_canon::json::{self, Reader};
use zeroize::Zeroizing;

/// The most bytes that are encrypted.
pub const MAX_PLAIN_BYTES: usize = 512 << 20;
/// The most bytes that an encrypted file has: base64 of the content and the tag, and room for the other members.
pub const MAX_SEALED_BYTES: usize = MAX_PLAIN_BYTES / 3 * 4 + (64 << 10);
/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
const NONCE_BYTES: usize = 12;
/// Bytes of an authentication tag.
const TAG_BYTES: usize = 16;
/// The empty member of a canonical document that the ciphertext goes into.
const EMPTY_CIPHERTEXT: &str = r#""ciphertext":""#;

/// Why something was not encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key is not base64.
    #[error("decode encryption key: not standard padded base64")]
    KeyEncoding,
    /// The key has the wrong size.
    #[error("invalid encryption key length: {0} bytes (expected 32)")]
    KeyLength(usize),
    /// There is too much content to encrypt at once.
    #[error("content is larger than {MAX_PLAIN_BYTES} bytes")]
    TooLarge,
    /// The operating system has no randomness to give.
    #[error("no system randomness for a nonce")]
    NoRandomness,
    /// The encrypted file is not the JSON of one.
    #[error("parse encrypted artifact: {0}")]
    Json(#[from] json::Error),
    /// A member that must have one fixed text has another.
    #[error("encrypted artifact: {member} is {found:?}, which is not supported")]
    Unsupported {
        /// The member.
        member: &'static str,
        /// What it says.
        found: String,
    },
    /// A member is not base64.
    #[error("encrypted artifact: {0} is not standard padded base64")]
    Encoding(&'static str),
    /// A member has the wrong size.
    #[error("encrypted artifact: {member} has {bytes} bytes")]
    Length {
        /// The member.
        member: &'static str,
        /// Its bytes.
        bytes: usize,
    },
    /// The key is another, or the file was altered.
    #[error("decrypt: authentication failed; the key is another or the file was altered")]
    Authentication,
    /// The content is not what the file says it is.
    #[error("encrypted artifact: {0} is not that of the content")]
    Contradiction(&'static str),
    /// The output could not be written.
    #[error("write encrypted artifact: {0}")]
    Write(#[from] io::Error),
}

/// A key, which is wiped from memory when it is dropped.
pub struct EncryptionKey(Zeroizing<[u8; KEY_BYTES]>);

impl EncryptionKey {
    /// Reads standard padded base64 of 32 bytes, white space around it aside.
    pub fn from_base64(text: &str) -> Result<Self, SealError> {
        let bytes = STANDARD
            .decode(text::trim(text))
            .map(Zeroizing::new)
            .map_err(|_| SealError::KeyEncoding)?;
        let key =
            <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| SealError::KeyLength(bytes.len()))?;
        Ok(Self(Zeroizing::new(key)))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.0).into())
    }
}

/// What the other members of an encrypted file are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderBinding {
    /// They can be altered unseen; every program can decrypt the file.
    #[default]
    Loose,
    /// They are authenticated together with the content.
    Bound,
}

/// What an encrypted file says of its making.
#[derive(Debug, Clone, Default)]
pub struct Header {
    /// When.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// Where the key came from.
    pub key_source: EncryptionKeySource,
    /// What all of this is worth.
    pub binding: HeaderBinding,
}

/// Encrypted content, to be written.
#[derive(Debug)]
pub struct Sealed {
    header: EncryptedArtifact,
    ciphertext: Vec<u8>,
}

/// Encrypts `plain`, which is overwritten, under `key` and a fresh nonce.
pub fn seal(plain: Zeroizing<Vec<u8>>, key: &EncryptionKey, header: Header) -> Result<Sealed, SealError> {
    let mut nonce = [0; NONCE_BYTES];
    getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
    seal_with(plain, key, header, nonce)
}

fn seal_with(
    mut plain: Zeroizing<Vec<u8>>,
    key: &EncryptionKey,
    header: Header,
    nonce: [u8; NONCE_BYTES],
) -> Result<Sealed, SealError> {
    if plain.len() > MAX_PLAIN_BYTES {
        return Err(SealError::TooLarge);
    }
    let version = match header.binding {
        HeaderBinding::Loose => SCHEMA_VERSION,
        HeaderBinding::Bound => ENCRYPTED_BOUND_VERSION,
    };
    let header = EncryptedArtifact {
        schema_id: ENCRYPTED_SCHEMA_ID.to_owned(),
        schema_version: version.to_owned(),
        created_at: header.created_at,
        producer_version: header.producer_version,
        algorithm: AES_256_GCM.to_owned(),
        key_source: header.key_source,
        nonce: STANDARD.encode(nonce),
        ciphertext: String::new(),
        plain_sha256: Digest::of(&plain).to_string(),
        plain_size: plain.len() as u64,
    };
    let tag = key
        .cipher()
        .encrypt_inout_detached(
            &nonce.into(),
            &associated_data(&header)?,
            InOutBuf::from(plain.as_mut_slice()),
        )
        .map_err(|_| SealError::TooLarge)?;
    // What is in here is no longer secret.
    let mut ciphertext = std::mem::take(&mut *plain);
    ciphertext.extend_from_slice(&tag);
    Ok(Sealed { header, ciphertext })
}

impl Sealed {
    /// SHA-256 of the content, in hex.
    #[must_use]
    pub fn plain_sha256(&self) -> &str {
        &self.header.plain_sha256
    }

    /// Bytes of the content.
    #[must_use]
    pub const fn plain_size(&self) -> u64 {
        self.header.plain_size
    }

    /// Writes the document in canonical form. The base64 is made on the way, so that it is never in memory.
    pub fn write_to(&self, mut out: impl Write) -> Result<(), SealError> {
        let header = canonical(&self.header)?;
        let (before, behind) = around_ciphertext(&header);
        out.write_all(before.as_bytes())?;
        let mut encoder = EncoderWriter::new(&mut out, &STANDARD);
        encoder.write_all(&self.ciphertext)?;
        encoder.finish()?;
        drop(encoder);
        out.write_all(behind.as_bytes())?;
        out.flush()?;
        Ok(())
    }
}

/// Content that was decrypted and found to be what was encrypted.
pub struct Opened {
    /// The content, which is wiped from memory when it is dropped.
    pub plain: Zeroizing<Vec<u8>>,
    /// Its digest.
    pub sha256: Digest,
}

/// Decrypts the document `sealed`. What follows the document is passed over.
pub fn open(sealed: Vec<u8>, key: &EncryptionKey) -> Result<Opened, SealError> {
    let mut header: EncryptedArtifact = Reader::new()
        .max_bytes(MAX_SEALED_BYTES)
        .allow_trailing()
        .read(&sealed)?;
    drop(sealed);
    let ciphertext = std::mem::take(&mut header.ciphertext);
    check_form(&header)?;
    let nonce = decode(&header.nonce, "nonce")?;
    let nonce = <[u8; NONCE_BYTES]>::try_from(nonce.as_slice()).map_err(|_| SealError::Length {
        member: "nonce",
        bytes: nonce.len(),
    })?;
    let mut plain = Zeroizing::new(decode(&ciphertext, "ciphertext")?);
    drop(ciphertext);
    let Some(length) = plain.len().checked_sub(TAG_BYTES) else {
        return Err(SealError::Length {
            member: "ciphertext",
            bytes: plain.len(),
        });
    };
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&plain[length..]);
    plain.truncate(length);
    key.cipher()
        .decrypt_inout_detached(
            &nonce.into(),
            &associated_data(&header)?,
            InOutBuf::from(plain.as_mut_slice()),
            &tag.into(),
        )
        .map_err(|_| SealError::Authentication)?;
    let sha256 = Digest::of(&plain);
    check_content(&header, &plain, sha256)?;
    Ok(Opened { plain, sha256 })
}

fn check_form(header: &EncryptedArtifact) -> Result<(), SealError> {
    let version: &[&str] = &[SCHEMA_VERSION, ENCRYPTED_BOUND_VERSION];
    let members: [(_, _, &[&str]); 3] = [
        ("schema_id", &header.schema_id, &[ENCRYPTED_SCHEMA_ID]),
        ("schema_version", &header.schema_version, version),
        ("algorithm", &header.algorithm, &[AES_256_GCM]),
    ];
    for (member, found, supported) in members {
        if !supported.contains(&found.as_str()) {
            return Err(SealError::Unsupported {
                member,
                found: found.clone(),
            });
        }
    }
    Ok(())
}

/// Whether the content is the one that the file speaks of. A file without a digest speaks of none, and then says nothing of a
/// size either.
fn check_content(header: &EncryptedArtifact, plain: &[u8], sha256: Digest) -> Result<(), SealError> {
    if header.plain_sha256.is_empty() && header.plain_size == 0 {
        return Ok(());
    }
    if !header.plain_sha256.is_empty() && Digest::parse_any_case(&header.plain_sha256) != Ok(sha256) {
        return Err(SealError::Contradiction("plain_sha256"));
    }
    if header.plain_size != plain.len() as u64 {
        return Err(SealError::Contradiction("plain_size"));
    }
    Ok(())
}

/// What is authenticated beside the content.
fn associated_data(header: &EncryptedArtifact) -> Result<Vec<u8>, SealError> {
    if header.schema_version == ENCRYPTED_BOUND_VERSION {
        Ok(canonical(header)?.into_bytes())
    } else {
        Ok(Vec::new())
    }
}

/// The two parts of a canonical header between which the ciphertext belongs.
fn around_ciphertext(header: &str) -> (&str, &str) {
    // INVARIANT: `algorithm`, the only member before it, is a fixed text.
    let place = header
        .find(EMPTY_CIPHERTEXT)
        .expect("the ciphertext of a header is an empty text");
    header.split_at(place + EMPTY_CIPHERTEXT.len())
}

fn canonical(header: &EncryptedArtifact) -> Result<String, SealError> {
    let bytes = json::canonical_bytes(&json::to_value(header)?)?;
    Ok(String::from_utf8(bytes).expect("JSON is made of text"))
}

fn decode(text: &str, member: &'static str) -> Result<Vec<u8>, SealError> {
    STANDARD.decode(text).map_err(|_| SealError::Encoding(member))
}
