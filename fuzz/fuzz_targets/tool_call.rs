//! Whatever a payload holds, it is refused or becomes the intent that its author would have written by hand.
#![cfg_attr(fuzzing, no_main)]

use gait_artifact::intent::IntentRequest;
use gait_canon::json;
use gait_gate::profile::Profile;
use gait_mcp::{Adapter, oauth, run_id};

/// Every shape of a payload.
pub(crate) const ADAPTERS: [Adapter; 5] = [
    Adapter::Mcp,
    Adapter::OpenAi,
    Adapter::Anthropic,
    Adapter::LangChain,
    Adapter::ClaudeCode,
];

/// Holds the reader of every shape to that.
pub(crate) fn check(data: &[u8]) {
    for call in ADAPTERS
        .into_iter()
        .filter_map(|adapter| adapter.decode(data).ok())
    {
        if let Some(id) = run_id::normalize(&call.context.run_id) {
            assert_eq!(run_id::normalize(&id), Some(id));
        }
        for profile in [Profile::Standard, Profile::OssProd] {
            _ = oauth::check(&call.context, profile);
            let Ok(request) = call.clone().into_request(profile) else {
                continue;
            };
            let text = json::line(&request).expect("a request is JSON");
            let by_hand = IntentRequest::read(text.as_bytes()).expect("a request is the JSON of one");
            let digest = |request: IntentRequest| request.normalize().map(|intent| intent.digest());
            assert_eq!(digest(by_hand).ok(), digest(request).ok());
        }
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data));
