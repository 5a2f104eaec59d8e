//! Numbers kept as written, and the two ways of printing a double.

use std::fmt::{self, Write as _};

use super::layout::Numbers;
use super::{Error, ErrorKind};

/// A JSON number, kept as the text it was written with.
///
/// Nothing is rounded until the number is canonicalised or asked for as an `f64`: `12345678901234567890` and `1.0` stay what they
/// are. Equality compares the text, so `1` and `1.0` differ.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Box<str>);

impl Number {
    /// Takes text already checked against the number grammar of RFC 8259.
    pub(super) fn from_checked(text: &str) -> Self {
        Self(text.into())
    }

    /// The number as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, if the number is written as an integer (no fraction, no exponent) within the range of `i64`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The value, if the number is written as an integer (no fraction, no exponent) within the range of `u64`.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The nearest double, or `None` beyond the range of doubles.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        to_double(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({})", self.0)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string().into())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(value.to_string().into())
    }
}

impl TryFrom<f64> for Number {
    type Error = Error;

    /// The shortest text that reads back as `value`; infinities and NaN have none.
    fn try_from(value: f64) -> Result<Self, Error> {
        if value.is_finite() {
            Ok(Self(shortest(value, &mut ryu_js::Buffer::new()).into()))
        } else {
            Err(Error::new(ErrorKind::NumberOutOfRange))
        }
    }
}

/// Whether `text` (a checked JSON number) has neither fraction nor exponent.
pub(super) fn is_integer(text: &str) -> bool {
    !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}

/// The nearest double, or `None` beyond their range.
pub(super) fn to_double(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// ECMAScript's `Number::toString`, save that the sign of a negative zero is kept.
pub(super) fn shortest(value: f64, buffer: &mut ryu_js::Buffer) -> &str {
    if value == 0.0 && value.is_sign_negative() {
        "-0"
    } else {
        buffer.format_finite(value)
    }
}

/// Appends the RFC 8785 section 3.2.2.3 form of `text`; `false` beyond the range of doubles.
#[must_use]
pub(super) fn write_canonical(out: &mut String, text: &str) -> bool {
    if is_short_integer(text) {
        out.push_str(text);
        return true;
    }
    let Some(value) = to_double(text) else {
        return false;
    };
    out.push_str(ryu_js::Buffer::new().format_finite(value));
    true
}

/// Appends an integer as written and anything else in the shortest form of its double.
///
/// A number beyond the range of doubles has no such form and is kept as written too.
pub(super) fn write_plain(out: &mut String, text: &str) {
    match to_double(text) {
        Some(value) if !is_integer(text) => out.push_str(shortest(value, &mut ryu_js::Buffer::new())),
        _ => out.push_str(text),
    }
}

/// Appends an integer of at most 128 bits, all of which are within the range of doubles.
pub(super) fn write_integer(out: &mut String, value: impl fmt::Display, form: Numbers) {
    let start = out.len();
    // A `String` takes whatever is written.
    _ = write!(out, "{value}");
    if form == Numbers::Canonical && !is_short_integer(&out[start..]) {
        let digits = out.split_off(start);
        _ = write_canonical(out, &digits);
    }
}

/// Whether `text` is an integer small enough that its double prints the same digits, decided without parsing.
fn is_short_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.len() <= 15 && text != "-0" && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Option<String> {
        let mut out = String::new();
        write_canonical(&mut out, text).then_some(out)
    }

    /// RFC 8785 appendix B.
    #[test]
    fn canonical_form_of_doubles() {
        let cases: [(u64, &str); 24] = [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ];
        for (bits, expected) in cases {
            let written = format!("{:e}", f64::from_bits(bits));
            assert_eq!(canonical(&written).as_deref(), Some(expected), "{written}");
        }
    }

    #[test]
    fn canonical_form_of_texts() {
        let cases = [
            ("-0", Some("0")),
            ("-0.0e5", Some("0")),
            ("1.0", Some("1")),
            ("1e2", Some("100")),
            ("999999999999999", Some("999999999999999")),
            ("9007199254740993", Some("9007199254740992")),
            ("12345678901234567890", Some("12345678901234567000")),
            ("1e-400", Some("0")),
            ("1e400", None),
            ("-1e309", None),
        ];
        for (text, expected) in cases {
            assert_eq!(canonical(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn plain_form_keeps_integers_and_shortens_the_rest() {
        let cases = [
            ("12345678901234567890", "12345678901234567890"),
            ("-0", "-0"),
            ("-0.0", "-0"),
            ("1.0", "1"),
            ("1e-7", "1e-7"),
            ("0.000001", "0.000001"),
            ("100000000000000000000.0", "100000000000000000000"),
            ("1e21", "1e+21"),
            ("1e400", "1e400"),
        ];
        for (text, expected) in cases {
            let mut out = String::new();
            write_plain(&mut out, text);
            assert_eq!(out, expected, "{text}");
        }
    }

    #[test]
    fn integers_are_what_is_written_as_one() {
        let number = |text| Number::from_checked(text);
        assert_eq!(number("-7").as_i64(), Some(-7));
        assert_eq!(number("7.0").as_i64(), None);
        assert_eq!(number("7e0").as_i64(), None);
        assert_eq!(number("9223372036854775808").as_i64(), None);
        assert_eq!(number("9223372036854775808").as_u64(), Some(1 << 63));
        assert_eq!(number("1e999").as_f64(), None);
    }

    #[test]
    fn only_finite_doubles_are_numbers() {
        assert_eq!(Number::try_from(1e-7).unwrap().as_str(), "1e-7");
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Number::try_from(value).is_err());
        }
    }
}
