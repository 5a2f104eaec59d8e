//! Numbers kept as written, and the two ways of printing a double.

use std::fmt;

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

/// Whether `text` is an integer small enough that its double prints the same digits, decided without parsing.
fn is_short_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.len() <= 15 && text != "-0" && digits.bytes().all(|byte| byte.is_ascii_digit())
}
