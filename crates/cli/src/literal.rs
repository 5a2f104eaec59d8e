//! Integer, boolean and duration literals of flag values.
//!
//! The grammar is that of Go's `strconv` and `time` packages, because command lines written for the Go program must
//! mean the same here.

/// A signed duration in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nanoseconds(pub i64);

impl Nanoseconds {
    /// The duration as an unsigned [`std::time::Duration`]; none when it is not positive.
    #[must_use]
    pub fn positive(self) -> Option<std::time::Duration> {
        u64::try_from(self.0)
            .ok()
            .filter(|nanoseconds| *nanoseconds > 0)
            .map(std::time::Duration::from_nanos)
    }
}

/// Reads a boolean: `1 t T true TRUE True` or `0 f F false FALSE False`.
#[must_use]
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Reads an integer with an optional sign, an optional base prefix (`0x`, `0o`, `0b`, or `0` for octal) and underscores
/// between digits or behind the prefix.
#[must_use]
pub fn integer(text: &str) -> Option<i64> {
    let (negative, magnitude) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = i128::from(unsigned(magnitude)?);
    i64::try_from(if negative { -value } else { value }).ok()
}

fn unsigned(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let (base, digits) = match bytes {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'o' | b'O', rest @ ..] => (8, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        _ => (10, bytes),
    };
    // An underscore stands between two digits, or between the base prefix (whose `0` counts as a digit) and a digit.
    let mut after_digit = digits.len() < bytes.len();
    let mut value: u64 = 0;
    let mut any = false;
    for &byte in digits {
        if byte == b'_' {
            if !after_digit {
                return None;
            }
            after_digit = false;
            continue;
        }
        let digit = char::from(byte).to_digit(base)?;
        value = value
            .checked_mul(u64::from(base))?
            .checked_add(u64::from(digit))?;
        after_digit = true;
        any = true;
    }
    (any && after_digit).then_some(value)
}

/// Reads a duration: an optional sign, then one or more decimal numbers with a unit (`ns us µs ms s m h`), or `0`.
#[must_use]
pub fn duration(text: &str) -> Option<Nanoseconds> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(Nanoseconds(0));
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (nanoseconds, tail) = duration_part(rest)?;
        total = total.checked_add(nanoseconds).filter(|total| *total <= 1 << 63)?;
        rest = tail;
    }
    let signed = if negative {
        -i128::from(total)
    } else {
        i128::from(total)
    };
    i64::try_from(signed).ok().map(Nanoseconds)
}

/// One number with its unit, in nanoseconds (a fraction is truncated), and the text behind it.
fn duration_part(text: &str) -> Option<(u64, &str)> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), split_digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let unit_end = rest
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_end);
    let scale = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000_u64,
        _ => return None,
    };
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let nanoseconds = whole
        .checked_mul(scale)?
        .checked_add(fraction_of(fraction, scale))?;
    (nanoseconds <= 1 << 63).then_some((nanoseconds, rest))
}

/// The fraction `0.digits` of `scale`, truncated. Digits beyond the eighteenth cannot change the result.
fn fraction_of(digits: &str, scale: u64) -> u64 {
    let mut numerator: u128 = 0;
    let mut denominator: u128 = 1;
    for digit in digits.bytes().take(18) {
        numerator = numerator * 10 + u128::from(digit - b'0');
        denominator *= 10;
    }
    u64::try_from(numerator * u128::from(scale) / denominator).unwrap_or(0)
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// Writes a duration as the Go program does: `200ms`, `1m30s`, `1.5s`, `0s`.
#[must_use]
pub fn format_duration(duration: Nanoseconds) -> String {
    let total = duration.0.unsigned_abs();
    let sign = if duration.0 < 0 { "-" } else { "" };
    if total == 0 {
        return "0s".to_owned();
    }
    if total < 1_000_000_000 {
        let (scale, unit) = match total {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{unit}", decimal(total, scale));
    }
    let (minutes, seconds) = (total / 60_000_000_000, total % 60_000_000_000);
    let seconds = decimal(seconds, 1_000_000_000);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `value / scale` with as many decimals as it takes; `scale` is a power of ten.
fn decimal(value: u64, scale: u64) -> String {
    let (whole, fraction) = (value / scale, value % scale);
    if fraction == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    let digits = format!("{fraction:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers() {
        let good = [
            ("0", 0),
            ("10", 10),
            ("+7", 7),
            ("-7", -7),
            ("0x10", 16),
            ("-0X1f", -31),
            ("0b101", 5),
            ("0o17", 15),
            ("017", 15),
            ("1_000", 1000),
            ("0x_ff", 255),
            ("0_7", 7),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ];
        for (text, want) in good {
            assert_eq!(integer(text), Some(want), "{text}");
        }
        for text in [
            "",
            "-",
            "+",
            "x",
            "1.5",
            " 1",
            "08",
            "0x",
            "_1",
            "1_",
            "1__0",
            "0x__1",
            "--1",
            "9223372036854775808",
        ] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn booleans() {
        assert_eq!(boolean("T"), Some(true));
        assert_eq!(boolean("False"), Some(false));
        for text in ["", "yes", "tRUE", "2"] {
            assert_eq!(boolean(text), None, "{text}");
        }
    }

    #[test]
    fn durations() {
        let good = [
            ("0", 0),
            ("-0", 0),
            ("300ms", 300_000_000),
            ("1.5h", 5_400_000_000_000),
            ("2h45m", 9_900_000_000_000),
            ("-1s", -1_000_000_000),
            ("+1us", 1_000),
            ("1µs", 1_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1.0000000001s", 1_000_000_000),
            ("0s", 0),
            ("-9223372036854775808ns", i64::MIN),
        ];
        for (text, want) in good {
            assert_eq!(duration(text), Some(Nanoseconds(want)), "{text}");
        }
        for text in [
            "",
            "-",
            "1",
            "1x",
            ".s",
            "s",
            "1 s",
            "1s 2m",
            "9223372036854775808ns",
            "1e3s",
            "3000000h",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_written_in_the_same_grammar() {
        for (nanoseconds, want) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (200_000_000, "200ms"),
            (1_500_000_000, "1.5s"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (-2_000_000_000, "-2s"),
        ] {
            assert_eq!(format_duration(Nanoseconds(nanoseconds)), want);
            assert_eq!(duration(want), Some(Nanoseconds(nanoseconds)));
        }
    }

    proptest! {
        #[test]
        fn a_written_duration_reads_as_itself(nanoseconds: i64) {
            let text = format_duration(Nanoseconds(nanoseconds));
            prop_assert_eq!(duration(&text), Some(Nanoseconds(nanoseconds)), "{}", text);
        }

        #[test]
        fn a_decimal_integer_reads_as_itself(value: i64) {
            prop_assert_eq!(integer(&value.to_string()), Some(value));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[-+0-9a-fx_.hmsnuµ ]{0,24}|.{0,12}") {
            let _ = (integer(&text), duration(&text), boolean(&text));
        }
    }
}
