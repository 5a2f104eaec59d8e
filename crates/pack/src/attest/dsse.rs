//! Signed envelopes: DSSE v1 (Dead Simple Signing Envelope), in its JSON form.
//!
//! A signature covers the payload together with its type, so bytes that were signed as one thing are never read as
//! another. Key ids are hints without authority and are not looked at: the key that the operator named decides.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use gait_canon::{PrivateKey, PublicKey, sign};
use serde::{Deserialize, Serialize};

/// More signatures than anyone puts on one payload; each costs a verification.
const MAX_SIGNATURES: usize = 64;

/// Both alphabets must be accepted; padding says nothing, so it may be absent.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const ANY_STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const ANY_URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A payload and who signed it. What the payload says is out of reach until [`Envelope::open`] has checked a signature.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Envelope {
    payload: String,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

/// One signature of an envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct EnvelopeSignature {
    #[serde(skip_serializing_if = "String::is_empty")]
    keyid: String,
    sig: String,
}

/// Why an envelope was not opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The payload is not base64.
    #[error("the payload of the envelope is not base64")]
    Payload,
    /// More signatures than an envelope may have.
    #[error("the envelope has {0} signatures, more than {MAX_SIGNATURES}")]
    TooManySignatures(usize),
    /// No signature is by the key.
    #[error("no signature of the envelope is by the given key")]
    NotSigned,
    /// The payload is genuine, but something else.
    #[error("the payload is {0:?}")]
    PayloadType(String),
}

impl Envelope {
    /// An envelope around `payload`, signed with `key`.
    #[must_use]
    pub fn seal(payload_type: &str, payload: &[u8], key: &PrivateKey) -> Self {
        let signature = sign::sign_message(&pre_authentication_encoding(payload_type, payload), key);
        Self {
            payload: STANDARD.encode(payload),
            payload_type: payload_type.to_owned(),
            signatures: vec![EnvelopeSignature {
                keyid: key.public().key_id().to_string(),
                sig: STANDARD.encode(signature),
            }],
        }
    }

    /// The payload, if it is of `payload_type` and `key` signed it as such.
    pub fn open(&self, payload_type: &str, key: &PublicKey) -> Result<Vec<u8>, EnvelopeError> {
        if self.signatures.len() > MAX_SIGNATURES {
            return Err(EnvelopeError::TooManySignatures(self.signatures.len()));
        }
        let payload = decode(&self.payload).ok_or(EnvelopeError::Payload)?;
        let message = pre_authentication_encoding(&self.payload_type, &payload);
        let holds = |signature: &EnvelopeSignature| {
            decode(&signature.sig)
                .and_then(|bytes| bytes.try_into().ok())
                .is_some_and(|bytes: [u8; 64]| sign::verify_message(&message, &bytes, key))
        };
        if !self.signatures.iter().any(holds) {
            return Err(EnvelopeError::NotSigned);
        }
        if self.payload_type != payload_type {
            return Err(EnvelopeError::PayloadType(self.payload_type.clone()));
        }
        Ok(payload)
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    ANY_STANDARD
        .decode(text)
        .or_else(|_| ANY_URL_SAFE.decode(text))
        .ok()
}

/// What is signed: type and payload, each behind its length in bytes, so that no two pairs give the same text.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests {
    use gait_canon::json;
    use proptest::prelude::*;

    use super::*;

    const IN_TOTO: &str = "application/vnd.in-toto+json";

    /// The key of RFC 8032 section 7.1, test 1, whose signatures other implementations can reproduce.
    fn key() -> PrivateKey {
        let mut seed = [0; 32];
        let hex = b"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        for (byte, digits) in seed.iter_mut().zip(hex.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
        }
        PrivateKey::from_seed(&seed)
    }

    fn envelope(payload: &str, payload_type: &str, signatures: &[&str]) -> Envelope {
        Envelope {
            payload: payload.to_owned(),
            payload_type: payload_type.to_owned(),
            signatures: signatures
                .iter()
                .map(|sig| EnvelopeSignature {
                    keyid: String::new(),
                    sig: (*sig).to_owned(),
                })
                .collect(),
        }
    }

    #[test]
    fn the_protocols_own_example() {
        assert_eq!(
            pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    /// Signatures that the reference implementation made with the RFC 8032 key.
    const STATEMENT: &str = "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ==";
    const SIGNED_STATEMENT: &str =
        "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA==";
    const SIGNED_EMPTY: &str =
        "gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg/1jMWnuVgI/gffqmbsC2VX5/jHfkkDqsj7CDbDg==";
    const SIGNED_URL_SAFE: &str =
        "P-_KHICeR7tI6S_YyejJTRtrXhcQyQ2LYPaL8h90KjC9qN8HU_svOQ6TuDOT1HIrsGW886DbWNWcCmX5twLrAw==";
    const SIGNED_NON_ASCII: &str =
        "xmSk/ug66ysT7ayhkCIjhAq42zgZXSsEWuzUaNL7w2eGAdF/NU6/fRXPtmfN+5DNSAs5/i2lUnHjbbjPsu0tAw==";
    const BY_ANOTHER_KEY: &str =
        "c1+67/aT0yqEpwx8PsVY3MLHsj9D0CZ014/Fv/QlG59P+9CobUZ7xECJ/V3USG0Ob9CiE5LjReEZUzNF2l7eBw==";

    #[test]
    fn envelopes_of_the_reference_implementation_open() {
        let public = key().public();
        for (payload, payload_type, signatures, expected) in [
            (
                STATEMENT,
                IN_TOTO,
                &[SIGNED_STATEMENT][..],
                &br#"{"_type":"https://in-toto.io/Statement/v1"}"#[..],
            ),
            (
                STATEMENT,
                IN_TOTO,
                &[BY_ANOTHER_KEY, SIGNED_STATEMENT],
                br#"{"_type":"https://in-toto.io/Statement/v1"}"#,
            ),
            ("", IN_TOTO, &[SIGNED_EMPTY], b""),
            (
                "-_-_Pj8=",
                IN_TOTO,
                &[SIGNED_URL_SAFE],
                &[0xfb, 0xff, 0xbf, 0x3e, 0x3f],
            ),
            (
                "-_-_Pj8",
                IN_TOTO,
                &[SIGNED_URL_SAFE],
                &[0xfb, 0xff, 0xbf, 0x3e, 0x3f],
            ),
            (
                STATEMENT,
                "application/vnd.exämple+json",
                &[SIGNED_NON_ASCII],
                br#"{"_type":"https://in-toto.io/Statement/v1"}"#,
            ),
        ] {
            let opened = envelope(payload, payload_type, signatures).open(payload_type, &public);
            assert_eq!(opened.as_deref(), Ok(expected), "{payload} {payload_type}");
        }
    }

    #[test]
    fn ed25519_is_deterministic_so_are_envelopes() {
        let sealed = Envelope::seal(IN_TOTO, br#"{"_type":"https://in-toto.io/Statement/v1"}"#, &key());
        assert_eq!(sealed.payload, STATEMENT);
        assert_eq!(sealed.signatures[0].sig, SIGNED_STATEMENT);
        assert_eq!(sealed.signatures[0].keyid, key().public().key_id().to_string());
    }

    #[test]
    fn nothing_else_opens() {
        let public = key().public();
        for (payload, payload_type, signatures, expected) in [
            (
                STATEMENT,
                "application/vnd.example.other+json",
                vec![SIGNED_STATEMENT],
                EnvelopeError::NotSigned,
            ),
            ("e30=", IN_TOTO, vec![SIGNED_STATEMENT], EnvelopeError::NotSigned),
            (STATEMENT, IN_TOTO, vec![BY_ANOTHER_KEY], EnvelopeError::NotSigned),
            (STATEMENT, IN_TOTO, vec![], EnvelopeError::NotSigned),
            (
                STATEMENT,
                IN_TOTO,
                vec!["", "AAAA", "****"],
                EnvelopeError::NotSigned,
            ),
            ("e3", IN_TOTO, vec![SIGNED_STATEMENT], EnvelopeError::Payload),
            ("+_==", IN_TOTO, vec![SIGNED_STATEMENT], EnvelopeError::Payload),
            (
                STATEMENT,
                IN_TOTO,
                vec![SIGNED_STATEMENT; 65],
                EnvelopeError::TooManySignatures(65),
            ),
        ] {
            let refused = envelope(payload, payload_type, &signatures).open(IN_TOTO, &public);
            assert_eq!(refused, Err(expected), "{payload} {payload_type} {signatures:?}");
        }
        let other = Envelope::seal("text/plain", b"x", &key());
        assert_eq!(
            other.open(IN_TOTO, &public),
            Err(EnvelopeError::PayloadType("text/plain".to_owned()))
        );
    }

    #[test]
    fn unknown_members_are_ignored_and_empty_ones_left_out() {
        let read: Envelope =
            json::read(br#"{"payloadType":"t","payload":"","signatures":[{"sig":"AA==","cert":"x"}],"v":1}"#)
                .unwrap();
        assert_eq!(read, envelope("", "t", &["AA=="]));
        let written = json::compact(&json::to_value(&read).unwrap());
        assert_eq!(
            written,
            r#"{"payload":"","payloadType":"t","signatures":[{"sig":"AA=="}]}"#
        );
    }

    proptest! {
        // Signing is slow without optimisation.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_sealed_opens(payload_type in ".*", payload: Vec<u8>) {
            let sealed = Envelope::seal(&payload_type, &payload, &key());
            prop_assert_eq!(sealed.open(&payload_type, &key().public()), Ok(payload));
        }

        #[test]
        fn type_and_payload_cannot_trade_bytes(whole in "[ -~]{0,24}", a in 0usize..25, b in 0usize..25) {
            let (a, b) = (a.min(whole.len()), b.min(whole.len()));
            prop_assume!(a != b);
            let encode = |at: usize| pre_authentication_encoding(&whole[..at], &whole.as_bytes()[at..]);
            prop_assert_ne!(encode(a), encode(b));
        }
    }
}
