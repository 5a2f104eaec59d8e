//! Attestations: signed statements about a pack that tools of the software supply chain can read.
//!
//! An attestation is an in-toto Statement v1 in a DSSE v1 envelope, one a line in a bundle `<archive>.intoto.jsonl`. Its
//! subject is the archive file, by SHA-256; what it says is that the archive was verified as a pack, and what it holds.
//! Who trusts the signer need not be able to read packs.
//!
//! Making one is refused for a pack that does not verify or whose parts contradict each other. Checking one compares
//! nothing but signature, types and digest: any other line of a bundle is somebody else's business and is passed over.

mod check;
mod dsse;
mod statement;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use gait_artifact::Timestamp;
use gait_artifact::pack::MANIFEST_PATH;
use gait_artifact::runpack;
use gait_canon::{Digest, Hasher, KeyId, PrivateKey, json};
use gait_disk::Progress;

pub use self::check::{Rejection, check};
pub use self::dsse::{Envelope, EnvelopeError};
pub use self::statement::{
    DigestSet, PAYLOAD_TYPE, PackPredicate, PredicateType, Resource, STATEMENT_TYPE, Statement, VERIFIER_ID,
    VerificationResult, VerificationSummary, Verifier,
};

use crate::archive::{OpenError, open_file};
use crate::inspect::{InspectError, Inspected};
use crate::verify::{Verification, VerifyError, VerifyOptions, verify_reader};

/// What a bundle is called, behind the name of the archive.
pub const BUNDLE_SUFFIX: &str = ".intoto.jsonl";
/// The largest bundle that is worth reading, in bytes.
pub const MAX_BUNDLE_BYTES: usize = 64 << 20;

/// What holds of every archive that is attested, in the words of [`PredicateType::VerificationResult`].
const PROPERTY_INTEGRITY: &str = "GAIT_PACK_INTEGRITY_V1";
/// What holds beside it when the pack has proof records.
const PROPERTY_PROOF_CHAIN: &str = "GAIT_PACK_PROOF_CHAIN_V1";

/// Who attests, and what.
#[derive(Debug, Clone, Copy)]
pub struct AttestOptions<'a> {
    /// What is said.
    pub predicate_type: PredicateType,
    /// Who says it.
    pub signer: &'a PrivateKey,
    /// Version of this program.
    pub producer_version: &'a str,
    /// When; only [`PredicateType::VerificationResult`] tells.
    pub now: Timestamp,
}

/// A new attestation.
#[derive(Debug, Clone, PartialEq)]
pub struct Attestation {
    /// The envelope, on one line, without a line feed.
    pub line: String,
    /// What it says.
    pub statement: Statement,
    /// Who signed it.
    pub key_id: KeyId,
}

/// Why a pack was not attested.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttestError {
    /// The file could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its verification did not come to a result.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// It could not be looked into.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// Verification found fault with the archive.
    #[error("the pack does not verify")]
    NotVerified(Box<Verification>),
    /// The file became another one on the way.
    #[error("the archive changed while it was read")]
    Changed,
    /// The file could not be read.
    #[error("read archive: {0}")]
    Read(#[from] io::Error),
    /// The manifest has no canonical form.
    #[error("pack manifest: {0}")]
    Json(#[from] json::Error),
}

/// Verifies the pack or runpack at `path` and signs that it does.
pub fn attest(
    path: &Path,
    options: &AttestOptions<'_>,
    progress: &dyn Progress,
) -> Result<Attestation, AttestError> {
    // One open file all the way, so that another one under the same name is not taken for it.
    let mut file = open_file(path)?;
    let digest = digest_of(&mut file)?;
    let verification = verify_reader(BufReader::new(&file), &VerifyOptions::default(), progress)?;
    if !verification.is_ok() || !verification.findings.is_empty() {
        return Err(AttestError::NotVerified(Box::new(verification)));
    }
    let inspected = Inspected::read(BufReader::new(&file))?;
    if digest_of(&mut file)? != digest {
        return Err(AttestError::Changed);
    }

    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let subject = Resource::new(name, digest.to_string());
    let statement = match options.predicate_type {
        PredicateType::Pack => {
            let predicate = pack_predicate(&inspected, &verification, options)?;
            Statement::about(subject, options.predicate_type, &predicate)?
        }
        PredicateType::VerificationResult => {
            let predicate = verification_result(&verification, options);
            Statement::about(subject, options.predicate_type, &predicate)?
        }
    };
    let payload = json::canonical_bytes(&statement)?;
    let envelope = Envelope::seal(PAYLOAD_TYPE, &payload, options.signer);
    Ok(Attestation {
        line: json::compact(&json::to_value(&envelope)?),
        statement,
        key_id: options.signer.public().key_id(),
    })
}

/// The SHA-256 of the archive at `path`.
pub fn digest_of_archive(path: &Path) -> Result<Digest, AttestError> {
    Ok(digest_of(&mut open_file(path)?)?)
}

/// The SHA-256 of a file, read piece by piece from its beginning.
fn digest_of(file: &mut File) -> io::Result<Digest> {
    file.rewind()?;
    let mut hasher = Hasher::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(count) => hasher.update(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn verifier(version: &str) -> Verifier {
    Verifier {
        id: VERIFIER_ID.to_owned(),
        version: version.to_owned(),
    }
}

fn pack_predicate(
    inspected: &Inspected,
    verification: &Verification,
    options: &AttestOptions<'_>,
) -> Result<PackPredicate, json::Error> {
    let manifest_path = match inspected.runpack_manifest {
        Some(_) => runpack::MANIFEST_PATH,
        None => MANIFEST_PATH,
    };
    let signatures = &verification.signatures;
    Ok(PackPredicate {
        verifier: verifier(options.producer_version),
        pack_id: verification.pack_id.clone(),
        pack_type: verification.pack_type.clone(),
        source_ref: verification.source_ref.clone(),
        manifest: Resource::new(manifest_path, inspected.manifest_digest()?.to_string()),
        verification: VerificationSummary {
            files_checked: verification.files_checked,
            proof_records_verified: verification.proof_records_verified,
            signature_status: signatures.status.to_string(),
            signatures_total: signatures.total,
            signatures_valid: signatures.valid,
        },
        entries: inspected
            .files()
            .map(|(path, digest)| Resource::new(path, digest.to_ascii_lowercase()))
            .collect(),
    })
}

fn verification_result(verification: &Verification, options: &AttestOptions<'_>) -> VerificationResult {
    let mut properties = vec![PROPERTY_INTEGRITY.to_owned()];
    if verification.proof_records_verified > 0 {
        properties.push(PROPERTY_PROOF_CHAIN.to_owned());
    }
    VerificationResult {
        verifier: verifier(""),
        time_created: options.now.to_utc().whole_seconds(),
        properties,
    }
}
