//! Durations such as `1h30m0s`.

use std::time::Duration;

const UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("\u{B5}s", 1_000),
    ("\u{3BC}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Digits of a fraction that can make a difference: an hour has fewer than 10^13 nanoseconds.
const FRACTION_DIGITS: usize = 18;

/// Reads a sequence of decimal numbers with units (`ns us µs ms s m h`), or `0`. `None` when it is not one, is
/// negative, or exceeds 2^63-1 nanoseconds.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if unsigned == "0" || unsigned == "-0" {
        return Some(Duration::ZERO);
    }
    if unsigned.is_empty() {
        return None;
    }
    let mut rest = unsigned;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (nanoseconds, after) = parse_term(rest)?;
        total = total
            .checked_add(nanoseconds)
            .filter(|sum| i64::try_from(*sum).is_ok())?;
        rest = after;
    }
    Some(Duration::from_nanos(total))
}

/// One number with its unit, and the text after it.
fn parse_term(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let fraction = &fraction[..fraction.len().min(FRACTION_DIGITS)];
    let places = u32::try_from(fraction.len()).ok()?;
    let numerator: u64 = if fraction.is_empty() {
        0
    } else {
        fraction.parse().ok()?
    };
    let part = u128::from(numerator) * u128::from(*scale) / 10u128.pow(places);
    let nanoseconds = whole
        .checked_mul(*scale)?
        .checked_add(u64::try_from(part).ok()?)?;
    Some((nanoseconds, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// The canonical text of a duration: `1h30m0s`, `1.5s`, `250ms`, `0s`.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let (scale, unit) = match nanoseconds {
        0 => return "0s".to_owned(),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "\u{B5}s"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    let seconds = duration.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0) => decimal(nanoseconds, scale) + unit,
        (0, _) => format!("{minutes}m{}s", decimal(nanoseconds % 60_000_000_000, scale)),
        _ => format!(
            "{hours}h{minutes}m{}s",
            decimal(nanoseconds % 60_000_000_000, scale)
        ),
    }
}

/// `value / scale` without zeros at the end. The scale is a power of ten.
fn decimal(value: u128, scale: u128) -> String {
    let places = scale.ilog10() as usize;
    let (whole, fraction) = (value / scale, value % scale);
    let digits = format!("{fraction:0places$}");
    match digits.trim_end_matches('0') {
        "" => whole.to_string(),
        digits => format!("{whole}.{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, canonical) in [
            ("90m", "1h30m0s"),
            ("24h", "24h0m0s"),
            ("1500ms", "1.5s"),
            ("1.5h", "1h30m0s"),
            ("2h45m", "2h45m0s"),
            ("300ms", "300ms"),
            (".5s", "500ms"),
            ("5.s", "5s"),
            ("1us", "1\u{B5}s"),
            ("1\u{3BC}s1ns", "1.001\u{B5}s"),
            ("+61s", "1m1s"),
            ("0", "0s"),
            ("0s", "0s"),
        ] {
            let duration = parse_duration(text);
            assert_eq!(duration.map(duration_text).as_deref(), Some(canonical), "{text}");
        }
        for text in [
            "",
            "1",
            "h",
            "1d",
            "-1s",
            "1h ",
            "1 h",
            ".s",
            "9223372037s",
            "1e3s",
            "1.5.5s",
            "++1s",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_text_reads_back(nanoseconds in 0..=i64::MAX as u64) {
            let duration = Duration::from_nanos(nanoseconds);
            prop_assert_eq!(parse_duration(&duration_text(duration)), Some(duration));
        }
    }
}
