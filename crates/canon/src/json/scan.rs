//! Finding the end of plain text, eight bytes at a time.

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

const HIGH_BITS: u64 = repeat(0x80);

/// How many bytes come before the first quote, backslash or control character below U+0020: the bytes that neither a reader
/// nor a canonical writer of strings has to look at one by one.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    prefix(bytes, special, |byte| {
        byte < 0x20 || byte == b'"' || byte == b'\\'
    })
}

/// How many bytes come before the first of those or of `<`, `>`, `&` and E2, the first byte of U+2028 and U+2029: the bytes
/// that a writer of strings for HTML need not look at.
pub(super) fn html_prefix(bytes: &[u8]) -> usize {
    prefix(bytes, special_in_html, |byte| {
        byte < 0x20 || matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&' | 0xE2)
    })
}

/// The bytes before the first special one, told by the flags of a word or, in the rest, one by one.
#[inline]
fn prefix(bytes: &[u8], flags: impl Fn(u64) -> u64, is_special: impl Fn(u8) -> bool) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let flags = flags(u64::from_le_bytes(*word));
        if flags != 0 {
            // The flag is the highest bit of its byte.
            return index * 8 + flags.trailing_zeros() as usize / 8;
        }
    }
    let tail = rest.iter().position(|&byte| is_special(byte));
    bytes.len() - rest.len() + tail.unwrap_or(rest.len())
}

/// Sets the highest bit of special bytes. The borrow of a subtraction can set it wrongly, but only in bytes above (after)
/// one where it is set rightly, so the lowest flag is always right.
const fn special(word: u64) -> u64 {
    let is_control = word.wrapping_sub(repeat(0x20)) & !word;
    (equal(word, b'"') | equal(word, b'\\') | is_control) & HIGH_BITS
}

/// As [`special`], for HTML. Pairs of characters that differ in one bit are told with it set.
const fn special_in_html(word: u64) -> u64 {
    let quote_or_ampersand = equal(word | repeat(b'"' ^ b'&'), b'&');
    let less_or_greater = equal(word | repeat(b'<' ^ b'>'), b'>');
    let is_control = word.wrapping_sub(repeat(0x20)) & !word;
    let flags = quote_or_ampersand | less_or_greater | equal(word, b'\\') | equal(word, 0xE2) | is_control;
    flags & HIGH_BITS
}

/// Sets the highest bit of bytes that are `byte`, and as [`special`] maybe of bytes above.
const fn equal(word: u64, byte: u8) -> u64 {
    let difference = word ^ repeat(byte);
    difference.wrapping_sub(repeat(1)) & !difference
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for before in [
            b'a', 0x20, 0x21, 0x23, 0x25, 0x3a, 0x3d, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xe0, 0xe3, 0xff,
        ] {
            for place in 0..20 {
                for byte in 0..=255_u8 {
                    let mut text = [before; 20];
                    text[place] = byte;
                    let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                    let end = |is_special| if is_special { place } else { 20 };
                    assert_eq!(plain_prefix(&text), end(is_special), "{before} {place} {byte}");
                    let is_special = is_special || b"<>&\xE2".contains(&byte);
                    assert_eq!(html_prefix(&text), end(is_special), "{before} {place} {byte}");
                }
            }
        }
    }
}
