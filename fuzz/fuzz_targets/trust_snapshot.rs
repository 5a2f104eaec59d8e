//! Whatever a trust snapshot holds, a server that it doesn't list is never trusted.
#![cfg_attr(fuzzing, no_main)]

use std::sync::Arc;

use gait_artifact::{
    Timestamp,
    mcp::{McpServer, TrustSnapshot},
    policy::{Intervention, McpTrust},
};
use gait_canon::json::Reader;
use gait_mcp::{
    server,
    trust::{TrustIndex, TrustSource, decide},
};

fn policy() -> McpTrust {
    McpTrust {
        snapshot: String::new(),
        action: Intervention::Block,
        required_risk_classes: vec!["high".to_owned()],
        min_score: 0.0,
        max_age: None,
        publisher_allowlist: Vec::new(),
        require_registry: false,
    }
}

/// Holds the reader of snapshots to that, and to finding what a snapshot lists.
pub(crate) fn check(data: &[u8]) {
    _ = server::read(data);
    let Ok(index) = TrustIndex::read(data) else {
        return;
    };
    let source = TrustSource::Known(Arc::new(index));
    let status =
        |server: &McpServer| decide(&policy(), &source, Some(server), "", Timestamp::EPOCH_1980).status;
    let stranger = McpServer {
        server_id: "a server of which no snapshot of this test has heard".to_owned(),
        ..McpServer::default()
    };
    assert_eq!(status(&stranger), "unknown");
    let reader = Reader::new().ignore_unknown_members().ignore_member_case();
    let snapshot: Option<TrustSnapshot> = reader.read(data).expect("the index was read from it");
    for entry in snapshot.unwrap_or_default().entries {
        let listed = McpServer {
            server_id: entry.server_id,
            server_name: entry.server_name,
            ..McpServer::default()
        };
        assert!(["trusted", "untrusted"].contains(&status(&listed).as_str()));
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
