//! The proof chain of a pack: a record for every entry, each bound to the one before it.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gait_artifact::pack::PackType;
use gait_artifact::proof::{Controls, Integrity, ProofRecord, RECORD_VERSION, SIGNATURE_PREFIX};
use gait_artifact::{Timestamp, text};
use gait_canon::{
    PrivateKey, PublicKey,
    json::{self, Object, Value},
    sign::{SignatureError, sign_message, verify_message},
    zip::Mode,
};

use crate::entry::kind_of;
use crate::lines::{LineError, Lines};

const SOURCE: &str = "gait.pack";
const PRODUCT: &str = "gait";
const RECORD_TYPE: &str = "tool_invocation";
const ARTIFACT_KIND: &str = "gait.pack.entry";

/// What a pack is about, as its manifest and every proof record say.
#[derive(Debug, Clone)]
pub struct PackHeader {
    /// The type.
    pub pack_type: PackType,
    /// Id of the run, job, call or trace.
    pub source_ref: String,
    /// Version of the program that builds it.
    pub producer_version: String,
}

/// An entry as a proof record states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Path in the archive.
    pub path: &'a str,
    /// SHA-256 of the content.
    pub sha256: &'a str,
    /// Unpacked size in bytes.
    pub size: u64,
    /// Permissions.
    pub mode: Mode,
}

impl Statement<'_> {
    /// The event of the record that states this entry.
    #[must_use]
    pub fn event(&self, header: &PackHeader) -> Object {
        let permissions: i64 = match self.mode {
            Mode::Plain => 0o644,
            Mode::Executable => 0o755,
        };
        let mut event = Object::new();
        event.insert("pack_type", header.pack_type.as_str());
        event.insert("source_ref", text::trim(&header.source_ref));
        event.insert("producer_version", header.producer_version.as_str());
        event.insert("entry_path", self.path);
        event.insert("entry_type", kind_of(self.path));
        event.insert("entry_sha256", self.sha256);
        event.insert("entry_size_bytes", self.size);
        event.insert("entry_permissions", permissions);
        event
    }
}

/// Seals the records of one chain: each is identified, bound to the one before it and, with a key, signed.
pub struct Sealer<'a> {
    signer: Option<(&'a PrivateKey, String)>,
    previous_hash: String,
}

/// A record that is bound to the last one of a chain and not yet part of it.
pub struct SealedRecord {
    /// Its canonical JSON, without a line feed.
    pub line: Vec<u8>,
    hash: String,
}

impl<'a> Sealer<'a> {
    /// For a chain whose next record follows the one with `previous_hash`, or none if that is empty.
    #[must_use]
    pub fn new(signer: Option<&'a PrivateKey>, previous_hash: String) -> Self {
        Self {
            signer: signer.map(|key| (key, key.public().key_id().to_string())),
            previous_hash,
        }
    }

    /// Seals `record` as the next one.
    pub fn seal(&self, mut record: ProofRecord) -> Result<SealedRecord, json::Error> {
        record.record_id = record.derived_id()?;
        record
            .integrity
            .previous_record_hash
            .clone_from(&self.previous_hash);
        let hash = record.derived_hash()?;
        if let Some((key, key_id)) = &self.signer {
            let signature = STANDARD.encode(sign_message(hash.as_bytes(), key));
            record.integrity.signature = format!("{SIGNATURE_PREFIX}{signature}");
            record.integrity.signing_key_id.clone_from(key_id);
        }
        record.integrity.record_hash.clone_from(&hash);
        let line = json::canonical_bytes(&record)?;
        Ok(SealedRecord { line, hash })
    }

    /// Makes `record` the last one of the chain.
    pub fn follow(&mut self, record: SealedRecord) {
        self.previous_hash = record.hash;
    }
}

/// The chain over `statements`, in their order: a canonical record a line, without a final line feed.
pub fn chain<'a>(
    header: &PackHeader,
    statements: impl IntoIterator<Item = Statement<'a>>,
    signer: Option<&PrivateKey>,
) -> Result<Vec<u8>, json::Error> {
    let mut metadata = Object::new();
    metadata.insert("artifact_kind", ARTIFACT_KIND);
    let mut lines = Vec::new();
    let mut sealer = Sealer::new(signer, String::new());
    for statement in statements {
        let record = sealer.seal(ProofRecord {
            record_version: RECORD_VERSION.to_owned(),
            timestamp: Timestamp::EPOCH_1980,
            source: SOURCE.to_owned(),
            source_product: PRODUCT.to_owned(),
            agent_id: PRODUCT.to_owned(),
            record_type: RECORD_TYPE.to_owned(),
            event: Some(statement.event(header)),
            controls: Controls::default(),
            metadata: Some(metadata.clone()),
            ..ProofRecord::default()
        })?;
        if !lines.is_empty() {
            lines.push(b'\n');
        }
        lines.extend_from_slice(&record.line);
        sealer.follow(record);
    }
    Ok(lines)
}

/// Why a chain does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A line is no record.
    #[error("proof_records {0}")]
    Line(#[from] LineError),
    /// A record misses what every record must have.
    #[error("proof_records line {0}: a required member is missing")]
    Incomplete(u64),
    /// A record has no hash: numbers in it are beyond the range of doubles.
    #[error("proof_records line {number}: {source}")]
    Hash {
        /// Line number, from 1.
        number: u64,
        /// Why.
        source: json::Error,
    },
    /// A record is not what its hash says.
    #[error("proof_records line {0}: record_hash is not that of the record")]
    HashMismatch(u64),
    /// A record does not follow the one before it.
    #[error("proof_records line {0}: previous_record_hash is not that of the record before")]
    Broken(u64),
}

/// Goes through a chain record by record and hands out the records that hold, with their line numbers.
///
/// Established of each: it is complete, its hash is its own, and it follows the one before. Not established: what it states
/// of the pack, that its id is derived, and who signed.
#[derive(Debug)]
pub struct ChainReader<R> {
    lines: Lines<R>,
    previous: String,
}

impl<R: Read> ChainReader<R> {
    /// A chain from its first record.
    pub fn new(source: R) -> Self {
        Self {
            lines: Lines::new(source),
            previous: String::new(),
        }
    }

    /// The next record, or none at the end.
    pub fn next_record(&mut self) -> Result<Option<(u64, ProofRecord)>, ChainError> {
        let Some((number, record)) = self.lines.next_document::<ProofRecord>()? else {
            return Ok(None);
        };
        if !record.is_complete() {
            return Err(ChainError::Incomplete(number));
        }
        let hash = record
            .derived_hash()
            .map_err(|source| ChainError::Hash { number, source })?;
        if record.integrity.record_hash != hash {
            return Err(ChainError::HashMismatch(number));
        }
        if record.integrity.previous_record_hash != self.previous {
            return Err(ChainError::Broken(number));
        }
        self.previous = hash;
        Ok(Some((number, record)))
    }
}

/// Why the signature of a record does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordSignatureError {
    /// There is none.
    #[error("missing signature")]
    Missing,
    /// It does not say whose it is.
    #[error("missing signing_key_id")]
    MissingKeyId,
    /// It is not marked as base64.
    #[error("unsupported signature prefix")]
    Prefix,
    /// It is malformed or by another key.
    #[error("signature verification: {0}")]
    Malformed(#[from] SignatureError),
    /// It is well formed and wrong.
    #[error("signature verification failed")]
    Wrong,
}

/// Whether `key` signed the record whose hash `integrity` states.
pub fn verify_record(integrity: &Integrity, key: &PublicKey) -> Result<(), RecordSignatureError> {
    if text::is_blank(&integrity.signature) {
        return Err(RecordSignatureError::Missing);
    }
    if text::is_blank(&integrity.signing_key_id) {
        return Err(RecordSignatureError::MissingKeyId);
    }
    let signature = integrity
        .signature
        .strip_prefix(SIGNATURE_PREFIX)
        .ok_or(RecordSignatureError::Prefix)?;
    if integrity.signing_key_id != key.key_id().to_string() {
        return Err(SignatureError::KeyMismatch.into());
    }
    let signature = STANDARD.decode(signature).map_err(|_| SignatureError::Encoding)?;
    let signature: [u8; 64] = signature
        .try_into()
        .map_err(|bytes: Vec<u8>| SignatureError::Length(bytes.len()))?;
    if verify_message(integrity.record_hash.as_bytes(), &signature, key) {
        Ok(())
    } else {
        Err(RecordSignatureError::Wrong)
    }
}

/// Whether `record` states what `statement` says of an entry: no more is asked of other producers' records.
#[must_use]
pub fn states(record: &ProofRecord, statement: &Statement<'_>) -> bool {
    let Some(event) = &record.event else {
        return false;
    };
    let text = |member: &str| event.get(member).and_then(Value::as_str);
    let size = event.get("entry_size_bytes").and_then(Value::as_number);
    text("entry_path") == Some(statement.path)
        && text("entry_sha256").is_some_and(|sha256| sha256.eq_ignore_ascii_case(statement.sha256))
        && size.is_none_or(|size| size.as_u64() == Some(statement.size))
}

#[cfg(test)]
mod tests {
    use gait_canon::Digest;

    use super::*;

    fn key() -> PrivateKey {
        PrivateKey::from_seed(&[5; 32])
    }

    fn header() -> PackHeader {
        PackHeader {
            pack_type: PackType::Run,
            source_ref: " run_1 ".to_owned(),
            producer_version: "1.0.0".to_owned(),
        }
    }

    fn example(signer: Option<&PrivateKey>) -> String {
        let digests: Vec<_> = [b"a", b"b", b"c"]
            .map(|bytes| Digest::of(bytes).to_string())
            .into();
        let paths = ["a.json", "b.jsonl", "c"];
        let statements = paths.iter().zip(&digests).map(|(path, sha256)| Statement {
            path,
            sha256,
            size: 1,
            mode: Mode::Plain,
        });
        String::from_utf8(chain(&header(), statements, signer).unwrap()).unwrap()
    }

    fn read(chain: &str) -> Result<Vec<(u64, ProofRecord)>, ChainError> {
        let mut reader = ChainReader::new(chain.as_bytes());
        let mut records = Vec::new();
        while let Some(record) = reader.next_record()? {
            records.push(record);
        }
        Ok(records)
    }

    #[test]
    fn what_is_chained_is_read() {
        let chain = example(None);
        assert_eq!(chain.lines().count(), 3);
        assert!(!chain.ends_with('\n'));
        let records = read(&format!("\n{}\n", chain.replace('\n', "\n \n"))).unwrap();
        assert_eq!(
            records.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            [2, 4, 6]
        );
        for (_, record) in &records {
            assert_eq!(record.derived_id().unwrap(), record.record_id);
        }
        let sha256 = Digest::of(b"a").to_string();
        let statement = Statement {
            path: "a.json",
            sha256: &sha256,
            size: 1,
            mode: Mode::Plain,
        };
        assert!(states(&records[0].1, &statement));
        assert!(!states(&records[1].1, &statement));
        assert!(!states(&records[0].1, &Statement { size: 2, ..statement }));
    }

    #[test]
    fn broken_chains_are_refused() {
        let chain = example(None);
        let lines: Vec<_> = chain.lines().collect();
        assert!(matches!(read(lines[1]), Err(ChainError::Broken(1))));
        assert!(matches!(
            read(&[lines[0], lines[2]].join("\n")),
            Err(ChainError::Broken(2))
        ));
        assert!(matches!(
            read(&chain.replacen("a.json", "x.json", 1)),
            Err(ChainError::HashMismatch(1))
        ));
        assert!(matches!(
            read(&chain.replacen("\"1.0\"", "\"\"", 1)),
            Err(ChainError::Incomplete(1))
        ));
        assert!(matches!(read("{"), Err(ChainError::Line(_))));
        assert!(read("").unwrap().is_empty());
        assert_eq!(
            read(&lines[..2].join("\n")).unwrap().len(),
            2,
            "a shortened chain is whole in itself"
        );
    }

    #[test]
    fn record_signatures() {
        let signed = read(&example(Some(&key()))).unwrap();
        let public = key().public();
        for (_, record) in &signed {
            assert_eq!(verify_record(&record.integrity, &public), Ok(()));
        }
        let good = &signed[0].1.integrity;
        let with = |change: &dyn Fn(&mut Integrity)| {
            let mut changed = good.clone();
            change(&mut changed);
            verify_record(&changed, &public).unwrap_err().to_string()
        };
        let other = PrivateKey::from_seed(&[6; 32]).public();
        assert_eq!(
            verify_record(good, &other).unwrap_err().to_string(),
            "signature verification: key id mismatch"
        );
        assert_eq!(
            with(&|integrity| integrity.signature.clear()),
            "missing signature"
        );
        assert_eq!(
            with(&|integrity| integrity.signing_key_id.clear()),
            "missing signing_key_id"
        );
        assert_eq!(
            with(&|integrity| integrity.signature = "x".to_owned()),
            "unsupported signature prefix"
        );
        assert!(
            with(&|integrity| integrity.signature.push('*'))
                .starts_with("signature verification: decode sig: ")
        );
        assert_eq!(
            with(&|integrity| integrity.signature = "base64:AAAA".to_owned()),
            "signature verification: invalid signature length: 3"
        );
        assert_eq!(
            with(&|integrity| integrity.record_hash.push('0')),
            "signature verification failed"
        );
    }
}
