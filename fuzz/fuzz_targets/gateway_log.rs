//! Any bytes give a chain of proof that readers accept, whatever gateway they are said to be from; lines that cannot be
//! recorded are counted.
#![cfg_attr(fuzzing, no_main)]

use gait_canon::PrivateKey;
use gait_evidence::gateway::{BadLines, GatewaySource, Ingest, ingest};
use gait_pack::proof::{ChainReader, verify_record};

/// Holds the reading of logs to that on `data`.
pub(crate) fn check(data: &[u8]) {
    let signer = PrivateKey::from_seed(&[42; 32]);
    for source in GatewaySource::ALL {
        let mut proof = Vec::new();
        let options = Ingest {
            source,
            log_path: "g.log",
            producer_version: "1.0.0",
            signer: &signer,
            bad_lines: BadLines::Skip,
        };
        let ingested = ingest(data, &mut proof, &options).expect("memory is read and written");
        assert_eq!(
            ingested.events,
            ingested.records + ingested.skipped_count(),
            "no line is lost"
        );
        let mut chain = ChainReader::new(proof.as_slice());
        let mut records = 0;
        while let Some((_, record)) = chain.next_record().expect("what was chained holds") {
            verify_record(&record.integrity, &signer.public()).expect("every record is signed");
            records += 1;
        }
        assert_eq!(records, ingested.records);
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
