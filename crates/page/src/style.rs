//! The style sheet, and the policy that lets a browser use it and nothing else.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gait_canon::Digest;

/// The style sheet of every page.
pub(crate) const SHEET: &str = include_str!("../templates/page.css");

/// The Content Security Policy of every page: nothing may be loaded, run or sent, and this style sheet applies.
pub(crate) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(Digest::of(SHEET.as_bytes()).as_bytes());
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
});
