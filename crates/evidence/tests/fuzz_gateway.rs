//! The fuzz target of gateway logs on a bounded number of inputs: arbitrary bytes, and seeds with bytes changed, cut out,
//! put in or repeated.
#![expect(
    unexpected_cfgs,
    reason = "the target asks for cfg(fuzzing), which only cargo-fuzz sets"
)]

#[path = "../../../fuzz/fuzz_targets/gateway_log.rs"]
mod gateway_log;
#[path = "../../../fuzz/mutation.rs"]
mod mutation;

use mutation::inputs;
use proptest::prelude::*;

fn seeds() -> Vec<Vec<u8>> {
    [
        r#"{"time":"2026-02-20T10:00:00.25Z","route":{"name":"t"},"consumer":{"username":"a"},"status":403,
"request":{"id":"r","uri":"/x"}}"#,
        r#"{"timestamp":1771581600000,"tool_name":"t","verdict":"Denied","reason_codes":["b","a",3],"reason_code":"c"}
{"ts":"2026-02-20 9:00:00,5","http":{"status":"201"},"policy":{"hash":"x","id":"p"},"policy_version":"v"}"#,
        "{\"log\":\"{\\\"tool\\\":\\\"t\\\",\\\"time\\\":\\\"-1\\\"}\\n\",\"time\":\"2026-02-20T10:00:00Z\"}\nplain\n\nnull\n[[1]]",
    ]
    .map(|log| log.as_bytes().to_vec())
    .to_vec()
}

proptest! {
    // Every case signs and verifies, which is slow without optimisation.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn gateway_log(data in inputs(seeds())) {
        gateway_log::check(&data);
    }
}
