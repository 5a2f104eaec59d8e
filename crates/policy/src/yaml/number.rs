//! Numbers: which texts are numbers, and how a number is written.

/// A number as read from a plain scalar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    /// An integer above the range of `i64`.
    Unsigned(u64),
    Float(f64),
}

/// What a text is when looked at as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reading {
    Number(Number),
    /// A number beyond 64 bits: kept as text when read, quoted when written.
    OutOfRange,
    NotANumber,
}

impl Reading {
    /// Decimal and `0x`, `0o`, `0b` integers, a leading zero meaning octal, `_` between digits, one sign; with a point
    /// a decimal float. An exponent alone (`1e3`) does not make a number.
    pub(super) fn of(text: &str) -> Self {
        let first = text.bytes().next();
        if !first.is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.')) {
            return Self::NotANumber;
        }
        let points = text.bytes().filter(|byte| *byte == b'.').count();
        if points > 1 {
            return Self::NotANumber;
        }
        let (negative, unsigned) = match text.as_bytes() {
            [b'-', ..] => (true, &text[1..]),
            [b'+', ..] => (false, &text[1..]),
            _ => (false, text),
        };
        let digits = unsigned.replace('_', "");
        if let Some((radix, digits)) = radix(&digits, points) {
            return integer(negative, digits, radix);
        }
        if points == 1 {
            float(negative, &digits)
        } else {
            integer(negative, &digits, 10)
        }
    }
}

/// Whether a text would be read as a number, so that it must be quoted to stay text.
pub(crate) fn reads_as_number(text: &str) -> bool {
    Reading::of(text) != Reading::NotANumber
}

fn radix(digits: &str, points: usize) -> Option<(u32, &str)> {
    match digits.as_bytes() {
        [b'0', b'x', ..] => Some((16, &digits[2..])),
        [b'0', b'o', ..] => Some((8, &digits[2..])),
        [b'0', b'b', ..] => Some((2, &digits[2..])),
        [b'0', _, ..] if points == 0 => Some((8, &digits[1..])),
        _ => None,
    }
}

fn integer(negative: bool, digits: &str, radix: u32) -> Reading {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Reading::NotANumber;
    }
    let Ok(magnitude) = u64::from_str_radix(digits, radix) else {
        return Reading::OutOfRange;
    };
    let signed = if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    };
    match signed {
        Some(value) => Reading::Number(Number::Integer(value)),
        None if negative => Reading::OutOfRange,
        None => Reading::Number(Number::Unsigned(magnitude)),
    }
}

fn float(negative: bool, digits: &str) -> Reading {
    // Rust also reads `inf` and `nan`, which hold no digit.
    let well_formed = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_digit() || byte == b'.');
    match digits.parse::<f64>() {
        Ok(_) if !well_formed => Reading::NotANumber,
        Ok(value) if value.is_infinite() => Reading::OutOfRange,
        Ok(value) => Reading::Number(Number::Float(if negative { -value } else { value })),
        Err(_) => Reading::NotANumber,
    }
}

/// The shortest text of a float: plain digits when the decimal exponent is from -4 to 5, else one digit before the
/// point and an exponent of at least two digits (`1.5`, `1`, `1e-05`, `1.23456789e+07`, `+Inf`, `-Inf`, `NaN`).
#[must_use]
pub fn float_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse::<i32>() {
        Ok(exponent) if value != 0.0 && !(-4..6).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_read_as_numbers() {
        let integer = |value| Reading::Number(Number::Integer(value));
        let float = |value| Reading::Number(Number::Float(value));
        for (text, reading) in [
            ("0", integer(0)),
            ("-0", integer(0)),
            ("+5", integer(5)),
            ("1_000", integer(1000)),
            ("0x1F", integer(31)),
            ("-0x1f", integer(-31)),
            ("0o17", integer(15)),
            ("010", integer(8)),
            ("0b101", integer(5)),
            ("9223372036854775807", integer(i64::MAX)),
            ("-9223372036854775808", integer(i64::MIN)),
            ("9223372036854775808", Reading::Number(Number::Unsigned(1 << 63))),
            ("18446744073709551616", Reading::OutOfRange),
            ("-9223372036854775809", Reading::OutOfRange),
            ("1.5", float(1.5)),
            ("-.5", float(-0.5)),
            ("5.", float(5.0)),
            ("1.5e3", float(1500.0)),
            ("1.0e400", Reading::OutOfRange),
            ("09", Reading::NotANumber),
            ("1e3", Reading::NotANumber),
            ("1:2:3", Reading::NotANumber),
            ("_1", Reading::NotANumber),
            ("1.2.3", Reading::NotANumber),
            ("2026-01-01", Reading::NotANumber),
            ("", Reading::NotANumber),
            ("+", Reading::NotANumber),
            ("-", Reading::NotANumber),
            (".", Reading::NotANumber),
            (".inf", Reading::NotANumber),
            ("0x", Reading::NotANumber),
            ("+-5", Reading::NotANumber),
            ("0x1.8", Reading::NotANumber),
        ] {
            assert_eq!(Reading::of(text), reading, "{text}");
        }
    }

    #[test]
    fn floats_are_written_short() {
        for (value, text) in [
            (1.5, "1.5"),
            (1.0, "1"),
            (-0.0, "-0"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (1.2e-7, "1.2e-07"),
            (12_345_678.9, "1.23456789e+07"),
            (999_999.5, "999999.5"),
            (1e6, "1e+06"),
            (1e100, "1e+100"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(float_text(value), text);
        }
    }
}
