//! How a text is written: bare, in double quotes or as a literal block.

use std::fmt::Write as _;

use crate::yaml::reads_as_number;

/// Texts that readers of YAML 1.1 or 1.2 take for null or a boolean.
const WORDS: &[&str] = &[
    "null", "Null", "NULL", "~", "true", "True", "TRUE", "false", "False", "FALSE", "y", "Y", "yes", "Yes",
    "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF",
];

/// Writes a text so that it reads back. A literal block is indented by `indent` blanks and ends without its last break.
pub(super) fn write(out: &mut String, text: &str, indent: usize) {
    if needs_quotes(text) {
        write_quoted(out, text);
    } else if text.contains('\n') {
        write_block(out, text, indent);
    } else {
        out.push_str(text);
    }
}

fn needs_quotes(text: &str) -> bool {
    let Some(first) = text.chars().next() else {
        return true;
    };
    "*&[{}],!|>%'\"@ `".contains(first)
        || text.ends_with([':', ' '])
        || text == "-"
        || text.contains(['#', '\\'])
        || text.contains(": ")
        || text.contains("- ")
        || WORDS.contains(&text)
        || reads_as_number(text)
        || is_timestamp(text)
        || is_unreadable(text)
}

/// Whether readers would refuse the text when it stands bare or in a block, or would give something else back.
fn is_unreadable(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let body = text.trim_matches('\n');
    text == "?"
        || ["? ", "?\t", "?\n", "-\t", "-\n"].iter().any(|indicator| text.starts_with(indicator))
        || [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(&unsigned)
        || text.contains(":\t")
        || text.contains(":\n")
        || text.starts_with('\t')
        || text.ends_with('\t')
        // A block takes the indentation of its first line that is not empty for its own.
        || body.is_empty()
        || (text.contains('\n') && body.starts_with([' ', '\t']))
        || text.chars().any(|c| (c.is_control() && !matches!(c, '\t' | '\n' | '\u{85}')) || c == '\u{FEFF}')
}

fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic() || c == ' ';
    }
    // Escaping a text, unlike escaping a character, leaves combining marks alone when something precedes them.
    let text: String = ['a', c].iter().collect();
    text.escape_debug().count() == 2
}

/// Whether other readers may take the text for a moment: a date, a date with time, or a time of day.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    match bytes.len() {
        3..=5 => is_clock(text),
        10 => is_date(bytes),
        11.. if is_date(&bytes[..10]) && text.is_ascii() => is_date_time(&bytes[10..]),
        _ => false,
    }
}

fn matches_pattern(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.len() == pattern.len()
        && bytes.iter().zip(pattern).all(|(byte, wanted)| match wanted {
            b'9' => byte.is_ascii_digit(),
            _ => byte == wanted,
        })
}

fn two_digits(bytes: &[u8]) -> u8 {
    (bytes[0] - b'0') * 10 + (bytes[1] - b'0')
}

fn is_date(bytes: &[u8]) -> bool {
    if !matches_pattern(bytes, b"9999-99-99") {
        return false;
    }
    let number = |digits: &[u8]| {
        digits
            .iter()
            .fold(0i16, |sum, digit| sum * 10 + i16::from(digit - b'0'))
    };
    let part = |digits: &[u8]| i8::try_from(number(digits)).unwrap_or(0);
    jiff::civil::Date::new(number(&bytes[..4]), part(&bytes[5..7]), part(&bytes[8..])).is_ok()
}

fn is_clock(text: &str) -> bool {
    text.split_once(':').is_some_and(|(hour, minute)| {
        let number = |text: &str, limit: u8| {
            (1..=2).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_digit())
                && text.parse::<u8>().is_ok_and(|value| value < limit)
        };
        number(hour, 24) && number(minute, 60)
    })
}

/// What follows the date: `THH:MM:SS[.fraction]zone` or ` HH:MM:SS`.
fn is_date_time(bytes: &[u8]) -> bool {
    let time_ends = 9;
    if bytes.len() < time_ends || !matches_pattern(&bytes[1..time_ends], b"99:99:99") {
        return false;
    }
    let time_fits =
        two_digits(&bytes[1..]) < 24 && two_digits(&bytes[4..]) < 60 && two_digits(&bytes[7..]) < 60;
    let mut rest = &bytes[time_ends..];
    if let [b'.' | b',', digits @ ..] = rest {
        let length = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
        if length == 0 {
            return false;
        }
        rest = &digits[length..];
    }
    let is_zone = rest == b"Z" || matches_pattern(rest, b"+99:99") || matches_pattern(rest, b"-99:99");
    time_fits
        && match bytes[0] {
            b'T' | b't' => is_zone,
            b' ' => rest.is_empty(),
            _ => false,
        }
}

fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0C' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0B' => out.push_str("\\v"),
            c if !is_printable(c) => escape(out, c),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, c: char) {
    let code = u32::from(c);
    match code {
        0..0x80 => write!(out, "\\x{code:02x}"),
        0x80..0x1_0000 => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    }
    .expect("a String takes every text");
}

/// A literal block, whose header says how many line breaks the text ends with.
fn write_block(out: &mut String, text: &str, indent: usize) {
    let body = text.trim_end_matches('\n');
    let breaks = text.len() - body.len();
    out.push_str(match breaks {
        0 => "|-",
        1 => "|",
        _ => "|+",
    });
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', indent));
            out.push_str(line);
        }
    }
    // The last break is written by the caller.
    out.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::yaml::{Documents, Texts, UnknownKeys, parse, record};

    record! {
        struct One<'d> {
            texts: Texts<'d> = "texts",
        }
    }

    fn written(text: &str) -> String {
        let mut out = String::new();
        write(&mut out, text, 2);
        out
    }

    fn read_back(text: &str) -> Vec<String> {
        let yaml = format!("texts:\n- {}\n- end\n", written(text));
        let document = parse(&yaml, Documents::Single).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        let one: One<'_> = document.read(UnknownKeys::Refuse).unwrap();
        one.texts.iter().map(|(text, _)| text.into_owned()).collect()
    }

    #[test]
    fn texts_are_quoted_when_they_must_be() {
        for bare in [
            "plain",
            "with space",
            "a:b",
            "it's",
            "?q",
            "=eq",
            "09",
            "1e3",
            "1:2:3",
            "_1",
            "a,b",
            "a]b",
            "trailing-",
            "über",
            "日本",
            "2026-13-01",
            "24:00",
            "2026-01-01T00:00:00",
            "tab\there",
            "-x",
            "---",
            "nul",
        ] {
            assert_eq!(written(bare), bare);
        }
        for quoted in [
            "",
            "yes",
            "No",
            "~",
            "12",
            "1.5",
            "0x1f",
            "+1",
            ".5",
            "1_000",
            "-",
            "- x",
            "a - b",
            "a: b",
            "colon:",
            "a#b",
            "*star",
            "&amp",
            "!bang",
            "|pipe",
            ">gt",
            "%pct",
            "'sq",
            "@at",
            "`bt",
            ",comma",
            "[br",
            "{cu",
            "]x",
            "}x",
            "12:30",
            "1:2",
            "2026-01-01",
            "2026-01-01T00:00:00Z",
            "2026-01-01t00:00:00.5+01:00",
            "2026-01-01 00:00:00",
            " x",
            "x ",
            "? x",
            "?",
            ".inf",
            "-.inf",
            "99999999999999999999",
            "a:\tb",
        ] {
            assert_eq!(written(quoted), format!("\"{quoted}\"").replace('\t', "\\t"));
        }
        for (text, escaped) in [
            ("back\\slash", r#""back\\slash""#),
            ("\"dq\"", r#""\"dq\"""#),
            ("a\rb", r#""a\rb""#),
            ("#\u{200b}", r##""#\u200b""##),
            ("\u{1}", r#""\x01""#),
        ] {
            assert_eq!(written(text), escaped);
        }
        assert_eq!(written("a\nb"), "|-\n  a\n  b");
        assert_eq!(written("a\n"), "|\n  a");
        assert_eq!(written("a\n\n\n"), "|+\n  a\n\n");
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text in any::<String>()) {
            prop_assert_eq!(read_back(&text), [text, "end".to_owned()]);
        }

        #[test]
        fn every_strange_text_reads_back(text in r"[-?:a #\n\t .<>|'\x22&*!\[\]{},%@`~0-9x_+\\]{0,8}") {
            prop_assert_eq!(read_back(&text), [text, "end".to_owned()]);
        }
    }
}
