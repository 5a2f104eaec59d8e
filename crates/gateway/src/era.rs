//! The two eras of the protocol: the stateless one (2026-07-28), and the one before it that begins with `initialize`.

use gait_canon::json::{Kind, Part};

/// The member of `_meta` by which a request of the stateless era says which revision it follows.
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// The `_meta` of a request of the stateless era; none for one of the era before.
#[must_use]
pub fn stateless_meta(params: Option<Part<'_>>) -> Option<Part<'_>> {
    let meta = params?.get("_meta")?;
    let version = meta.get(PROTOCOL_VERSION)?;
    (version.kind() == Kind::String).then_some(meta)
}
