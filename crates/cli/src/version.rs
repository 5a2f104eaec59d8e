//! The program's version.

/// The version stamped at build time with `GAIT_BUILD_VERSION`, without a leading `v` when it looks like a semantic
/// version; the crate's version when nothing was stamped.
#[must_use]
pub fn producer_version() -> &'static str {
    match option_env!("GAIT_BUILD_VERSION").map(str::trim) {
        Some(stamp) if !stamp.is_empty() => without_v(stamp),
        _ => env!("CARGO_PKG_VERSION"),
    }
}

fn without_v(stamp: &str) -> &str {
    match stamp.strip_prefix('v') {
        Some(version) if is_semantic(version) => version,
        _ => stamp,
    }
}

/// `N.N.N`, optionally followed by `-pre` and `+build`.
fn is_semantic(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or("");
    let numbers: Vec<_> = core.split('.').collect();
    numbers.len() == 3
        && numbers
            .iter()
            .all(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_semantic_versions_lose_their_v() {
        for (stamp, want) in [
            ("v1.2.3", "1.2.3"),
            ("v1.2.3-rc.1+abc", "1.2.3-rc.1+abc"),
            ("1.2.3", "1.2.3"),
            ("v1.2", "v1.2"),
            ("vnext", "vnext"),
        ] {
            assert_eq!(without_v(stamp), want);
        }
    }
}
