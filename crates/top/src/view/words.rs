//! Numbers and times in few characters.

use std::time::Duration;

use gait_artifact::Timestamp;

/// A time in microseconds, such as `0.41 ms`.
pub(super) fn took(micros: u64) -> String {
    match micros {
        0..10_000 => format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10),
        10_000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
    }
}

/// `count` things, such as `2 calls`.
pub(super) fn counted(count: u64, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{ending}")
}

/// The time of day in UTC, such as `08:00:03`.
pub(super) fn time_of_day(time: Timestamp) -> String {
    let second = time.unix_seconds().rem_euclid(24 * 60 * 60);
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// A span of time, such as `4m12s`.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// `word` as one word of a shell command.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (micros, text) in [
            (0, "0.00 ms"),
            (9, "0.00 ms"),
            (412, "0.41 ms"),
            (9_999, "9.99 ms"),
            (10_000, "10 ms"),
            (999_999, "999 ms"),
            (61_230_000, "61.23 s"),
        ] {
            assert_eq!(took(micros), text);
        }
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (252, "4m12s"),
            (3_660, "1h01m"),
            (200_000, "2d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
        assert_eq!(time_of_day(Timestamp::from_unix(1_800_000_003, 0)), "08:00:03");
        assert_eq!(time_of_day(Timestamp::from_unix(-1, 0)), "23:59:59");
    }

    #[test]
    fn a_word_stays_one_word() {
        for (word, text) in [
            (".gait/approvals", ".gait/approvals"),
            ("", "''"),
            ("my queue", "'my queue'"),
            ("it's; rm -r", r"'it'\''s; rm -r'"),
        ] {
            assert_eq!(quoted(word), text);
        }
    }
}
