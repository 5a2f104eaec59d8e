//! How JSON is laid out as text.

use std::cmp::Ordering;

/// How a value is laid out as text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) order: Order,
    pub(super) numbers: Numbers,
    pub(super) escapes: Escapes,
    pub(super) indented: bool,
}

/// The order of the members of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    AsGiven,
    /// By the UTF-16 code units of the keys (RFC 8785 section 3.2.3).
    Utf16,
    /// By the UTF-8 bytes of the keys.
    Bytes,
}

impl Order {
    /// Orders the members of an object by their keys; keys are equal only if they are the same.
    pub(super) fn compare(self, a: &str, b: &str) -> Ordering {
        match self {
            Self::AsGiven | Self::Bytes => a.cmp(b),
            Self::Utf16 => compare_utf16(a, b),
        }
    }

    /// What the first eight bytes of a key say of its order: keys of different ranks are ordered by them.
    pub(super) fn rank(self, key: &str) -> u64 {
        let mut start = [0; 8];
        for (rank, &byte) in start.iter_mut().zip(key.as_bytes()) {
            *rank = if self == Self::Utf16 {
                rank_utf16(byte)
            } else {
                byte
            };
        }
        u64::from_be_bytes(start)
    }
}

/// The form of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// That of RFC 8785 section 3.2.2.3.
    Canonical,
    /// Integers as written, others in the shortest form of their double.
    Plain,
}

/// The characters that strings escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// Those of RFC 8785 section 3.2.2.2.
    Minimal,
    /// Also those that keep a text from standing in HTML.
    Html,
}

impl Layout {
    /// RFC 8785.
    pub(super) const CANONICAL: Self = Self {
        order: Order::Utf16,
        numbers: Numbers::Canonical,
        escapes: Escapes::Minimal,
        indented: false,
    };
    /// One line, keys sorted by bytes, safe to embed in HTML.
    pub(super) const COMPACT: Self = Self {
        order: Order::Bytes,
        numbers: Numbers::Plain,
        escapes: Escapes::Html,
        indented: false,
    };
    /// One line, keys in the given order, safe to embed in HTML.
    pub(super) const IN_ORDER: Self = Self {
        order: Order::AsGiven,
        ..Self::COMPACT
    };
    /// Two blanks a level, keys in the given order, safe to embed in HTML.
    pub(super) const PRETTY: Self = Self {
        indented: true,
        ..Self::IN_ORDER
    };
}

/// Orders by UTF-16 code units without converting.
fn compare_utf16(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).find(|(a, b)| a != b) {
        Some((a, b)) => rank_utf16(a).cmp(&rank_utf16(b)),
        None => a.len().cmp(&b.len()),
    }
}

/// The byte that stands for `byte` where texts are ordered by UTF-16 code units.
///
/// That is the order of the UTF-8 bytes, except that characters beyond U+FFFF (lead bytes F0 to F4) are made of surrogates
/// and so come before U+E000 to U+FFFF (lead bytes EE and EF).
const fn rank_utf16(byte: u8) -> u8 {
    match byte {
        0xEE | 0xEF => byte + 0x10,
        _ => byte,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_order_is_that_of_the_code_units() {
        let keys = [
            "",
            "a",
            "aa",
            "b",
            "\u{7f}",
            "\u{80}",
            "é",
            "\u{7ff}",
            "\u{800}",
            "\u{d7ff}",
            "\u{e000}",
            "\u{efff}",
            "\u{f000}",
            "\u{ffff}",
            "\u{10000}",
            "\u{10ffff}",
            "a\u{ffff}",
            "a\u{10000}",
        ];
        for a in keys {
            for b in keys {
                let expected = a.encode_utf16().cmp(b.encode_utf16());
                assert_eq!(compare_utf16(a, b), expected, "{a:?} {b:?}");
                let by_rank = Order::Utf16.rank(a).cmp(&Order::Utf16.rank(b));
                assert!(by_rank == expected || by_rank.is_eq(), "{a:?} {b:?}");
            }
        }
    }
}
