//! Texts without what changes on their way from a result to an argument: case, blanks and ways to write one character.

/// The text as it is written, in lower case.
pub(super) fn as_written(text: &str, plain: &mut Vec<u8>) {
    plain.clear();
    let is_special = |byte: &u8| matches!(byte, 0xC2 | 0xE2 | 0xEF);
    write(text.as_bytes(), plain, is_special, blank);
}

/// The same with escapes of URLs and of JSON resolved.
pub(super) fn as_meant(text: &str, plain: &mut Vec<u8>) {
    plain.clear();
    let is_special = |byte: &u8| matches!(byte, 0xC2 | 0xE2 | 0xEF | b'%' | b'\\');
    write(text.as_bytes(), plain, is_special, |rest, plain| match rest {
        [b'%' | b'\\', ..] => resolve(rest, plain),
        _ => blank(rest, plain),
    });
}

/// Whether the two differ.
pub(super) fn has_escapes(text: &str) -> bool {
    memchr::memchr2(b'%', b'\\', text.as_bytes()).is_some()
}

/// The letters and digits of a plain text, and what is not ASCII.
pub(super) fn keep_letters(plain: &[u8], letters: &mut Vec<u8>) {
    const IS_LETTER: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0_u8;
        loop {
            table[byte as usize] = byte >= 0x80 || byte.is_ascii_alphanumeric();
            if byte == u8::MAX {
                break table;
            }
            byte += 1;
        }
    };
    letters.clear();
    letters.extend(plain.iter().filter(|byte| IS_LETTER[usize::from(**byte)]));
}

/// Writes `bytes` in lower case. `resolve` writes what stands at the beginning of its argument, which is special, and gives
/// the bytes that it takes, 0 if it is nothing special after all.
fn write(
    bytes: &[u8],
    plain: &mut Vec<u8>,
    is_special: impl Fn(&u8) -> bool,
    resolve: impl Fn(&[u8], &mut Vec<u8>) -> usize,
) {
    let mut rest = bytes;
    loop {
        let (usual, special) = rest.split_at(rest.iter().position(&is_special).unwrap_or(rest.len()));
        plain.extend(usual.iter().map(u8::to_ascii_lowercase));
        let [first, ..] = special else { return };
        let taken = resolve(special, plain);
        if taken == 0 {
            plain.push(*first);
        }
        rest = &special[taken.max(1)..];
    }
}

/// Writes what is left of typographic blanks and punctuation: a blank, or nothing where nothing is seen.
fn blank(rest: &[u8], plain: &mut Vec<u8>) -> usize {
    match rest {
        // No-break space.
        [0xC2, 0xA0, ..] => {
            plain.push(b' ');
            2
        }
        // Soft hyphen.
        [0xC2, 0xAD, ..] => 2,
        // Zero-width blanks and joiners, marks of direction, invisible operators, and the byte order mark.
        [0xE2, 0x80, 0x8B..=0x8F | 0xAA..=0xAE, ..]
        | [0xE2, 0x81, 0xA0..=0xAF, ..]
        | [0xEF, 0xBB, 0xBF, ..] => 3,
        // General punctuation: blanks, dashes, quotes.
        [0xE2, 0x80 | 0x81, _, ..] => {
            plain.push(b' ');
            3
        }
        _ => 0,
    }
}

/// An escape of a URL (RFC 3986 section 2.1) or of a JSON string (RFC 8259 section 7).
fn resolve(rest: &[u8], plain: &mut Vec<u8>) -> usize {
    match rest {
        [b'%', high, low, ..] => {
            let byte = digit(*high).zip(digit(*low));
            byte.map_or(0, |(high, low)| {
                plain.push((high << 4 | low).to_ascii_lowercase());
                3
            })
        }
        [b'\\', b'n' | b'r' | b't' | b'b' | b'f', ..] => {
            plain.push(b' ');
            2
        }
        [b'\\', b'u', ..] => unicode(rest, plain),
        [b'\\', kept @ (b'"' | b'\\' | b'/' | b'\''), ..] => {
            plain.push(*kept);
            2
        }
        _ => 0,
    }
}

fn unicode(rest: &[u8], plain: &mut Vec<u8>) -> usize {
    let unit = |at: usize| {
        let escape = rest.get(at..at + 6)?;
        let digits = escape.strip_prefix(b"\\u")?;
        let mut digits = digits.iter().map(|byte| digit(*byte));
        digits.try_fold(0_u16, |unit, digit| Some(unit << 4 | u16::from(digit?)))
    };
    let Some(first) = unit(0) else { return 0 };
    let mut decoded = char::decode_utf16([first].into_iter().chain(unit(6)));
    let Some(Ok(character)) = decoded.next() else {
        plain.push(b' ');
        return 6;
    };
    let mut buffer = [0; 4];
    let written = character.to_ascii_lowercase().encode_utf8(&mut buffer).as_bytes();
    if blank(written, plain) == 0 {
        plain.extend_from_slice(written);
    }
    6 * character.len_utf16()
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn meant(text: &str) -> String {
        let mut plain = Vec::new();
        as_meant(text, &mut plain);
        String::from_utf8_lossy(&plain).into_owned()
    }

    #[test]
    fn escapes_mean_what_they_say() {
        for (text, expected) in [
            ("A%20b%2Fc", "a b/c"),
            ("100% of %zz", "100% of %zz"),
            (r#"a\nb\"c\\d\/e"#, "a b\"c\\d/e"),
            (r"\u00e9\ud83d\ude00\u0041", "é😀a"),
            (r"\ud83d!\u12", r" !\u12"),
            ("a\u{200B}b\u{00A0}c\u{2014}d\u{FEFF}", "ab c d"),
            (r"a\u200bb\", "ab\\"),
        ] {
            assert_eq!(meant(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in any::<String>()) {
            let mut plain = Vec::new();
            as_written(&text, &mut plain);
            prop_assert!(plain.len() <= text.len());
            as_meant(&text, &mut plain);
            prop_assert!(plain.len() <= text.len());
        }
    }
}
