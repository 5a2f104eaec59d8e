//! The one line about a runpack that people paste into tickets.

use gait_artifact::text::is_hex64;

/// `GAIT run_id=… manifest=sha256:… verify="gait verify …"`.
///
/// Whoever finds such a line in a ticket can look up and verify the run. [`footer`] also makes sure that programs can find
/// it.
#[must_use]
pub fn ticket_line(run_id: &str, manifest_digest: &str) -> String {
    format!(r#"GAIT run_id={run_id} manifest=sha256:{manifest_digest} verify="gait verify {run_id}""#)
}

/// The [`ticket_line`] of a run, when programs that look for such lines will recognise it: the id is made of ASCII letters,
/// digits, `_` and `-`, and the digest of 64 lower-case hex digits.
#[must_use]
pub fn footer(run_id: &str, manifest_digest: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let recognisable = !run_id.is_empty() && run_id.bytes().all(plain) && is_hex64(manifest_digest);
    recognisable.then(|| ticket_line(run_id, manifest_digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_can_be_found_by_programs() {
        let digest = "ab".repeat(32);
        let line = format!("GAIT run_id=run_A-1 manifest=sha256:{digest} verify=\"gait verify run_A-1\"");
        assert_eq!(footer("run_A-1", &digest), Some(line));
        for run_id in ["", "run.1", "run 1", "ä", "run\n"] {
            assert_eq!(footer(run_id, &digest), None, "{run_id:?}");
        }
        for digest in ["", &digest.to_uppercase(), &digest[1..]] {
            assert_eq!(footer("run_1", digest), None, "{digest:?}");
        }
    }
}
