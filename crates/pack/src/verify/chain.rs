//! The proof chain of a pack, held against the pack.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::pack::{PROOF_RECORDS_PATH, PackManifest};
use gait_artifact::proof::ProofRecord;
use gait_artifact::text;
use gait_canon::json::Value;

use super::{Held, VerifyError, VerifyOptions, is_ours};
use crate::archive::PackArchive;
use crate::proof::{ChainReader, Statement, states, verify_record};

/// What was found of a chain that holds.
pub(super) struct Chain {
    pub(super) records: usize,
    pub(super) signature_errors: Vec<String>,
    pub(super) findings: Vec<Finding>,
}

/// Reads the chain record by record: each must hold in itself, and together they must state the declared entries.
pub(super) fn examine<R: Read + Seek>(
    archive: &mut PackArchive<R>,
    manifest: &PackManifest,
    entries: &BTreeMap<&str, Held>,
    options: &VerifyOptions<'_>,
) -> Result<Chain, VerifyError> {
    let source = archive
        .unpack(PROOF_RECORDS_PATH)
        .map_err(|source| VerifyError::Entry {
            path: PROOF_RECORDS_PATH.to_owned(),
            source,
        })?;
    let key = options.key.filter(|_| options.require_signature);
    let mut reader = ChainReader::new(source);
    let mut coverage = Coverage::new(manifest, entries);
    let mut chain = Chain {
        records: 0,
        signature_errors: Vec::new(),
        findings: Vec::new(),
    };
    while let Some((number, record)) = reader.next_record()? {
        chain.records += 1;
        if let Some(key) = key
            && let Err(error) = verify_record(&record.integrity, key)
        {
            chain
                .signature_errors
                .push(format!("{PROOF_LABEL} line {number} {error}"));
        }
        coverage.add(number, &record);
    }
    chain.findings = coverage.finish();
    Ok(chain)
}

const PROOF_LABEL: &str = "proof_records";

/// What to say of a pack without a chain. Other producers need none.
pub(super) fn missing(manifest: &PackManifest) -> Option<Finding> {
    is_ours(manifest).then(|| {
        let message = "the pack has no proof records";
        Finding::new(FindingCode::ProofMismatch, PROOF_RECORDS_PATH, message)
    })
}

/// Which entries have been stated.
struct Coverage<'a> {
    manifest: &'a PackManifest,
    /// The entries that still have to be.
    open: BTreeMap<&'a str, Statement<'a>>,
    stated: BTreeSet<&'a str>,
    findings: Vec<Finding>,
}

/// A chain with more wrong records than that is not told record by record.
const MOST_FINDINGS: usize = 64;

impl<'a> Coverage<'a> {
    fn new(manifest: &'a PackManifest, entries: &BTreeMap<&str, Held>) -> Self {
        let declared = manifest.contents.iter();
        let statements = declared.filter_map(|declared| {
            let path = declared.path.as_str();
            let held = entries.get(path).filter(|_| path != PROOF_RECORDS_PATH)?;
            let statement = Statement {
                path,
                sha256: text::trim(&declared.sha256),
                size: held.size,
                mode: held.mode,
            };
            Some((path, statement))
        });
        Self {
            manifest,
            open: statements.collect(),
            stated: BTreeSet::new(),
            findings: Vec::new(),
        }
    }

    fn find(&mut self, code: FindingCode, number: u64, message: &str) {
        if self.findings.len() < MOST_FINDINGS {
            let subject = format!("{PROOF_RECORDS_PATH} line {number}");
            self.findings.push(Finding::new(code, subject, message));
        }
    }

    fn add(&mut self, number: u64, record: &ProofRecord) {
        if record.derived_id().ok().as_ref() != Some(&record.record_id) {
            let message = "record_id does not follow from the record";
            self.find(FindingCode::IdMismatch, number, message);
        }
        let told = |member: &str| {
            let event = record.event.as_ref()?;
            event.get(member).and_then(Value::as_str)
        };
        let about = [
            ("pack_type", self.manifest.pack_type.as_str()),
            ("source_ref", text::trim(&self.manifest.source_ref)),
            ("producer_version", self.manifest.producer_version.as_str()),
        ];
        let foreign = |(member, expected): &(&str, &str)| told(member).is_some_and(|told| told != *expected);
        if about.iter().any(foreign) {
            self.find(
                FindingCode::ProofMismatch,
                number,
                "the record is about another pack",
            );
        }
        let path = told("entry_path").unwrap_or_default();
        match self.open.remove_entry(path) {
            Some((path, statement)) => {
                self.stated.insert(path);
                if !states(record, &statement) {
                    let message = "the record states another content of the entry";
                    self.find(FindingCode::ProofMismatch, number, message);
                }
            }
            None if self.stated.contains(path) => {
                let message = "the record states an entry again";
                self.find(FindingCode::ProofMismatch, number, message);
            }
            None => {
                let message = "the record is about an entry that the manifest does not declare";
                self.find(FindingCode::ProofMismatch, number, message);
            }
        }
    }

    fn finish(mut self) -> Vec<Finding> {
        let unstated = self.open.into_keys().take(MOST_FINDINGS).map(|path| {
            let message = "no proof record is about this entry";
            Finding::new(FindingCode::ProofMismatch, path, message)
        });
        self.findings.extend(unstated);
        self.findings
    }
}
