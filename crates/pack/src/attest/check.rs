//! Whether a bundle attests an archive.

use gait_canon::{Digest, PublicKey, json};

use super::{Envelope, EnvelopeError, PAYLOAD_TYPE, PredicateType, STATEMENT_TYPE, Statement};

/// The most envelopes of a bundle that are tried.
const MAX_ENVELOPES: usize = 1024;

/// Why a bundle does not attest an archive, told of the line that came closest; later variants came closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Rejection {
    /// No line is an envelope.
    #[error("the bundle holds no envelope")]
    NoEnvelope,
    /// The payload is not base64, or there are too many signatures.
    #[error("the envelope is malformed")]
    Malformed,
    /// Nobody signed, or somebody else.
    #[error("no signature is by the given key")]
    NotSigned,
    /// Signed, but something else than a statement.
    #[error("the payload is no in-toto statement")]
    NotAStatement,
    /// A statement about another file.
    #[error("the statement is about another file")]
    OtherSubject,
    /// A statement about the file that says something else.
    #[error("the statement has another predicate type")]
    OtherPredicate,
}

/// Finds a statement of type `predicate_type` about the file with the digest `archive` that `key` signed.
///
/// `bundle` holds one envelope a line; lines that are something else are passed over.
pub fn check(
    bundle: &[u8],
    archive: &Digest,
    key: &PublicKey,
    predicate_type: PredicateType,
) -> Result<Statement, Rejection> {
    let mut closest = Rejection::NoEnvelope;
    let envelopes = bundle
        .split(|byte| *byte == b'\n')
        .filter_map(|line| json::read::<Envelope>(line).ok());
    for envelope in envelopes.take(MAX_ENVELOPES) {
        match check_envelope(&envelope, archive, key, predicate_type) {
            Ok(statement) => return Ok(statement),
            Err(rejection) => closest = closest.max(rejection),
        }
    }
    Err(closest)
}

fn check_envelope(
    envelope: &Envelope,
    archive: &Digest,
    key: &PublicKey,
    predicate_type: PredicateType,
) -> Result<Statement, Rejection> {
    let payload = envelope.open(PAYLOAD_TYPE, key).map_err(|error| match error {
        EnvelopeError::Payload | EnvelopeError::TooManySignatures(_) => Rejection::Malformed,
        EnvelopeError::NotSigned => Rejection::NotSigned,
        EnvelopeError::PayloadType(_) => Rejection::NotAStatement,
    })?;
    let statement: Statement = json::read(&payload).map_err(|_| Rejection::NotAStatement)?;
    if statement.statement_type != STATEMENT_TYPE {
        return Err(Rejection::NotAStatement);
    }
    if statement.subject_with(archive).is_none() {
        return Err(Rejection::OtherSubject);
    }
    if statement.predicate_type != predicate_type.uri() {
        return Err(Rejection::OtherPredicate);
    }
    Ok(statement)
}

#[cfg(test)]
mod tests {
    use gait_canon::PrivateKey;

    use super::super::Resource;
    use super::*;

    const ARCHIVE: &[u8] = b"archive";

    fn key() -> PrivateKey {
        PrivateKey::from_seed(&[7; 32])
    }

    fn statement(of: &[u8], predicate_type: &str) -> Statement {
        Statement {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: vec![Resource::new("p.zip", Digest::of(of).to_string())],
            predicate_type: predicate_type.to_owned(),
            ..Statement::default()
        }
    }

    fn line(payload_type: &str, statement: &Statement, key: &PrivateKey) -> String {
        let payload = json::compact(&json::to_value(statement).unwrap());
        let envelope = Envelope::seal(payload_type, payload.as_bytes(), key);
        json::compact(&json::to_value(&envelope).unwrap())
    }

    fn checked(bundle: &str) -> Result<Statement, Rejection> {
        check(
            bundle.as_bytes(),
            &Digest::of(ARCHIVE),
            &key().public(),
            PredicateType::Pack,
        )
    }

    #[test]
    fn a_bundle_attests_with_any_of_its_lines() {
        let uri = PredicateType::Pack.uri();
        let good = line(PAYLOAD_TYPE, &statement(ARCHIVE, uri), &key());
        let foreign = line(
            PAYLOAD_TYPE,
            &statement(ARCHIVE, uri),
            &PrivateKey::from_seed(&[8; 32]),
        );
        for bundle in [
            good.clone(),
            format!("{good}\n"),
            format!("not json\n\n{foreign}\n{good}\r\n{{}}\n"),
        ] {
            assert_eq!(checked(&bundle), Ok(statement(ARCHIVE, uri)), "{bundle}");
        }
    }

    #[test]
    fn the_closest_line_gives_the_reason() {
        let uri = PredicateType::Pack.uri();
        let other_key = line(
            PAYLOAD_TYPE,
            &statement(ARCHIVE, uri),
            &PrivateKey::from_seed(&[8; 32]),
        );
        let other_type = line("text/plain", &statement(ARCHIVE, uri), &key());
        let no_statement = line(
            PAYLOAD_TYPE,
            &Statement {
                statement_type: "x".to_owned(),
                ..statement(ARCHIVE, uri)
            },
            &key(),
        );
        let other_file = line(PAYLOAD_TYPE, &statement(b"other", uri), &key());
        let other_predicate = line(
            PAYLOAD_TYPE,
            &statement(ARCHIVE, "https://slsa.dev/provenance/v1"),
            &key(),
        );
        for (bundle, expected) in [
            (String::new(), Rejection::NoEnvelope),
            ("[]\nnull\n".to_owned(), Rejection::NoEnvelope),
            (r#"{"payload":"*"}"#.to_owned(), Rejection::Malformed),
            (other_key.clone(), Rejection::NotSigned),
            (other_type, Rejection::NotAStatement),
            (no_statement, Rejection::NotAStatement),
            (format!("{other_file}\n{other_key}"), Rejection::OtherSubject),
            (
                format!("{other_file}\n{other_predicate}\n{other_key}"),
                Rejection::OtherPredicate,
            ),
        ] {
            assert_eq!(checked(&bundle), Err(expected), "{bundle}");
        }
    }

    #[test]
    fn an_altered_payload_is_not_signed() {
        let uri = PredicateType::Pack.uri();
        let good = line(PAYLOAD_TYPE, &statement(ARCHIVE, uri), &key());
        let start = good.find(r#""payload":""#).unwrap() + 11;
        for at in [start, start + 20, start + 41] {
            let mut altered = good.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                checked(&String::from_utf8(altered).unwrap()),
                Err(Rejection::NotSigned)
            );
        }
    }
}
