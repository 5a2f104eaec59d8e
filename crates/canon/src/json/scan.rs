//! Finding the end of plain text, eight bytes at a time.

const fn repeat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

const HIGH_BITS: u64 = repeat(0x80);

/// How many bytes come before the first quote, backslash or control character below U+0020: the bytes that neither a reader
/// nor a canonical writer of strings has to look at one by one.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let flags = special(u64::from_le_bytes(*word));
        if flags != 0 {
            // The flag is the highest bit of its byte.
            return index * 8 + flags.trailing_zeros() as usize / 8;
        }
    }
    let tail = rest
        .iter()
        .position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    bytes.len() - rest.len() + tail.unwrap_or(rest.len())
}

/// Sets the highest bit of special bytes. The borrow of a subtraction can set it wrongly, but only in bytes above (after)
/// one where it is set rightly, so the lowest flag is always right.
const fn special(word: u64) -> u64 {
    let quote = word ^ repeat(b'"');
    let backslash = word ^ repeat(b'\\');
    let is_quote = quote.wrapping_sub(repeat(1)) & !quote;
    let is_backslash = backslash.wrapping_sub(repeat(1)) & !backslash;
    let is_control = word.wrapping_sub(repeat(0x20)) & !word;
    (is_quote | is_backslash | is_control) & HIGH_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for before in [b'a', 0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
            for place in 0..20 {
                for byte in 0..=255_u8 {
                    let mut text = [before; 20];
                    text[place] = byte;
                    let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                    assert_eq!(
                        plain_prefix(&text),
                        if is_special { place } else { 20 },
                        "{before} {place} {byte}"
                    );
                }
            }
        }
    }
}
