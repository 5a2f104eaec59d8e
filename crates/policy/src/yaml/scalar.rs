//! What a scalar is: null, yes or no, a number or text, and how each becomes the type that is wanted.

use std::borrow::Cow;

use super::{
    error::Problem,
    number::{Number, Reading, float_text},
};

/// A scalar as it stands in the document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar<'d> {
    pub(super) text: &'d str,
    /// Neither quoted nor a block scalar nor tagged as text.
    pub(super) plain: bool,
}

/// The type a scalar has by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Resolved {
    Null,
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Text,
}

impl Resolved {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a yes-or-no value",
            Self::Integer(_) | Self::Unsigned(_) | Self::Float(_) => "a number",
            Self::Text => "text",
        }
    }
}

impl<'d> Scalar<'d> {
    pub(super) fn is_null(self) -> bool {
        let may_be = matches!(self.text.as_bytes(), [] | [b'~' | b'n' | b'N', ..]);
        may_be && self.plain && matches!(self.text, "" | "~" | "null" | "Null" | "NULL")
    }

    /// A cheap test that most texts fail.
    fn may_be_more_than_text(self) -> bool {
        match self.text.as_bytes() {
            [] | [b'0'..=b'9' | b'+' | b'-' | b'.' | b'~', ..] => true,
            [b'n' | b'N' | b't' | b'T' | b'f' | b'F', rest @ ..] => rest.len() < "false".len(),
            _ => false,
        }
    }

    pub(super) fn resolve(self) -> Resolved {
        if !self.plain || !self.may_be_more_than_text() {
            return Resolved::Text;
        }
        if self.is_null() {
            return Resolved::Null;
        }
        match self.text {
            "true" | "True" | "TRUE" => return Resolved::Bool(true),
            "false" | "False" | "FALSE" => return Resolved::Bool(false),
            ".inf" | ".Inf" | ".INF" => return Resolved::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
            ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
            _ => {}
        }
        match Reading::of(self.text) {
            Reading::Number(Number::Integer(value)) => Resolved::Integer(value),
            Reading::Number(Number::Unsigned(value)) => Resolved::Unsigned(value),
            Reading::Number(Number::Float(value)) => Resolved::Float(value),
            Reading::OutOfRange | Reading::NotANumber => Resolved::Text,
        }
    }

    /// The scalar as text; numbers and booleans in their canonical form. Null is empty.
    pub(super) fn text(self) -> Cow<'d, str> {
        match self.resolve() {
            Resolved::Text => Cow::Borrowed(self.text),
            Resolved::Null => Cow::Borrowed(""),
            Resolved::Bool(true) => Cow::Borrowed("true"),
            Resolved::Bool(false) => Cow::Borrowed("false"),
            Resolved::Integer(value) => Cow::Owned(value.to_string()),
            Resolved::Unsigned(value) => Cow::Owned(value.to_string()),
            Resolved::Float(value) => Cow::Owned(float_text(value)),
        }
    }

    pub(super) fn boolean(self) -> Result<bool, Problem> {
        match self.resolve() {
            Resolved::Bool(value) => Ok(value),
            other => Err(Problem::Type {
                wanted: "true or false",
                found: other.kind(),
            }),
        }
    }

    pub(super) fn integer(self) -> Result<i64, Problem> {
        let beyond = || Problem::IntegerRange(self.text.to_owned());
        match self.resolve() {
            Resolved::Integer(value) => Ok(value),
            Resolved::Unsigned(_) => Err(beyond()),
            Resolved::Float(value) => whole(value, self.text),
            Resolved::Text => {
                let digits = self.decimal_text().ok_or(Problem::Type {
                    wanted: "an integer",
                    found: "text",
                })?;
                // Integers are not sent through a float, which would round the large ones.
                if digits
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-'))
                {
                    return digits.parse().map_err(|_| beyond());
                }
                whole(digits.parse().unwrap_or(f64::NAN), self.text)
            }
            other => Err(Problem::Type {
                wanted: "an integer",
                found: other.kind(),
            }),
        }
    }

    pub(super) fn float(self) -> Result<f64, Problem> {
        let wrong = |found| Problem::Type {
            wanted: "a number",
            found,
        };
        match self.resolve() {
            // Policies hold ratios; what rounding does beyond 2^53 is what JSON would do, too.
            #[allow(clippy::cast_precision_loss)]
            Resolved::Integer(value) => Ok(value as f64),
            #[allow(clippy::cast_precision_loss)]
            Resolved::Unsigned(value) => Ok(value as f64),
            Resolved::Float(value) => Ok(value),
            Resolved::Text => {
                let digits = self.decimal_text().ok_or(wrong("text"))?;
                digits
                    .parse()
                    .ok()
                    .filter(|value: &f64| value.is_finite())
                    .ok_or(wrong("text"))
            }
            other => Err(wrong(other.kind())),
        }
    }

    /// A number in text that is not a number by itself (`"12"`, `1e3`): decimal digits, sign, point, exponent, `_`.
    fn decimal_text(self) -> Option<String> {
        let digits = self.text.replace('_', "");
        let decimal = digits.bytes().any(|byte| byte.is_ascii_digit())
            && digits
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'))
            && !self.text.starts_with('_');
        (decimal && digits.parse::<f64>().is_ok()).then_some(digits)
    }
}

/// A float without a fraction as an integer.
fn whole(value: f64, text: &str) -> Result<i64, Problem> {
    // 2^63, the first float beyond the range; the other end, -2^63, is itself an i64.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if !(-LIMIT..LIMIT).contains(&value) {
        return Err(Problem::IntegerRange(text.to_owned()));
    }
    if value.fract() != 0.0 {
        return Err(Problem::Fraction(text.to_owned()));
    }
    #[allow(clippy::cast_possible_truncation)] // In range and without fraction, as just checked.
    Ok(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar<'_> {
        Scalar { text, plain: true }
    }

    fn quoted(text: &str) -> Scalar<'_> {
        Scalar { text, plain: false }
    }

    #[test]
    fn scalars_become_text() {
        for (text, wanted) in [
            ("True", "true"),
            ("0x1F", "31"),
            ("010", "8"),
            ("1.50", "1.5"),
            ("1.0", "1"),
            (".inf", "+Inf"),
            ("1e3", "1e3"),
            ("2026-01-01", "2026-01-01"),
            ("yes", "yes"),
            ("0.00001", "1e-05"),
            ("12345678.9", "1.23456789e+07"),
        ] {
            assert_eq!(plain(text).text(), wanted);
        }
        assert_eq!(quoted("0x1F").text(), "0x1F");
    }

    #[test]
    fn scalars_become_integers() {
        for (scalar, wanted) in [
            (plain("1e3"), Some(1000)),
            (plain("1.0"), Some(1)),
            (plain("1.9"), None),
            (plain("true"), None),
            (plain("high"), None),
            (plain(".inf"), None),
            (plain("9223372036854775808"), None),
            (quoted("010"), Some(10)),
            (quoted("-1_0"), Some(-10)),
            (quoted("1e3"), Some(1000)),
            (quoted("0x10"), None),
            (quoted(" 1"), None),
            (quoted(""), None),
            (quoted("inf"), None),
            (quoted("9007199254740993"), Some(9_007_199_254_740_993)),
            (quoted("9223372036854775808"), None),
            (plain("-9.223372036854775808e18"), Some(i64::MIN)),
        ] {
            assert_eq!(scalar.integer().ok(), wanted, "{scalar:?}");
        }
    }

    #[test]
    fn scalars_become_floats_and_booleans() {
        assert_eq!(plain("1e-7").float(), Ok(1e-7));
        assert_eq!(quoted("0.5").float(), Ok(0.5));
        assert!(quoted("high").float().is_err());
        assert_eq!(plain("TRUE").boolean(), Ok(true));
        for refused in [quoted("true"), plain("yes"), plain("1")] {
            assert!(refused.boolean().is_err());
        }
    }
}
