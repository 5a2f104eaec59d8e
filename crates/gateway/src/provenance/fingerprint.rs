//! What a text is recognised by when it comes back, whole or in part.
//!
//! A text has two kinds of fingerprints. *Tokens* stand for what is copied exactly: addresses, paths, file names, ids.
//! *Passages* stand for prose: of its letters and digits alone, all in lower case, each run of [`GRAM`] bytes is hashed, and
//! of every [`WINDOW`] hashes in a row the least is kept (winnowing: Schleimer, Wilkerson and Aiken, SIGMOD 2003). So two
//! texts that share [`SURE`] such bytes in a row have a fingerprint in common, whatever blanks, punctuation and case have
//! become of in between, and the number of fingerprints is about a ninth of that of the bytes.
//!
//! What is written with escapes (`%20`, `\n`, `\u00e9`) is taken as written and as meant, since either may be copied.

use super::plain;

/// Bytes that are hashed together. Shorter runs are shared by texts that have nothing to do with each other.
const GRAM: usize = 24;
/// Hashes of which at least one is kept.
const WINDOW: usize = 16;
/// Letters and digits, in bytes, that are recognised wherever they are copied from and to.
pub const SURE: usize = GRAM + WINDOW - 1;
/// Letters and digits from which a value is recognised as a whole.
const WHOLE: usize = 16;
/// Bytes from which a token is recognised.
pub(super) const TOKEN: usize = 8;
/// Bytes from which a word of letters alone is no word of a language any more.
const LONG_WORD: usize = 24;

/// The odd base of the rolling hash, and what a byte contributes that leaves it.
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;
const LEAVING: u64 = power(BASE, GRAM);

/// What fingerprints are made for; the same bytes have different ones for each.
#[derive(Clone, Copy)]
enum Kind {
    Token = 0x51,
    Passage = 0x52,
    Whole = 0x53,
}

/// Buffers that one text after the other uses.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    plain: Vec<u8>,
    letters: Vec<u8>,
}

impl Scratch {
    /// Tells `found` every fingerprint of `text`; some may come twice.
    pub(super) fn fingerprints(&mut self, text: &str, found: &mut impl FnMut(u64)) {
        plain::as_written(text, &mut self.plain);
        self.all(found);
        if plain::has_escapes(text) {
            plain::as_meant(text, &mut self.plain);
            self.all(found);
        }
    }

    /// Tells `found` what `text` is recognised by as a whole, if it is long enough for that.
    pub(super) fn whole(&mut self, text: &str, found: &mut impl FnMut(u64)) {
        plain::as_written(text, &mut self.plain);
        plain::keep_letters(&self.plain, &mut self.letters);
        whole(&self.letters, found);
    }

    /// Tells `found` the passages of `text` alone.
    pub(super) fn passages(&mut self, text: &str, found: &mut impl FnMut(u64)) {
        plain::as_written(text, &mut self.plain);
        plain::keep_letters(&self.plain, &mut self.letters);
        passages(&self.letters, found);
    }

    fn all(&mut self, found: &mut impl FnMut(u64)) {
        tokens(&self.plain, found);
        plain::keep_letters(&self.plain, &mut self.letters);
        if !is_date(&self.plain) {
            whole(&self.letters, found);
        }
        passages(&self.letters, found);
    }
}

fn whole(letters: &[u8], found: &mut impl FnMut(u64)) {
    if letters.len() >= WHOLE {
        found(hash(Kind::Whole, letters));
    }
}

/// Winnows `letters`.
fn passages(letters: &[u8], found: &mut impl FnMut(u64)) {
    if letters.len() < GRAM {
        return;
    }
    let mut window = [u64::MAX; WINDOW];
    let (mut least, mut least_at, mut told) = (u64::MAX, 0, usize::MAX);
    let (first, rest) = letters.split_at(GRAM);
    let mut rolling = first.iter().fold(0, |hash, byte| push(hash, *byte));
    let end = rest.len();
    for at in 0..=end {
        let hash = mixed(rolling, Kind::Passage);
        window[at % WINDOW] = hash;
        if hash <= least {
            (least, least_at) = (hash, at);
        } else if least_at + WINDOW <= at {
            (least, least_at) = least_of(&window, at);
        }
        if (at + 1 >= WINDOW || at == end) && least_at != told {
            told = least_at;
            found(least);
        }
        if at < end {
            let leaving = u64::from(letters[at]).wrapping_add(1);
            rolling = push(rolling, rest[at]).wrapping_sub(leaving.wrapping_mul(LEAVING));
        }
    }
}

/// The least hash of the full window that ends at `at`, and the last place where it stands.
fn least_of(window: &[u64; WINDOW], at: usize) -> (u64, usize) {
    let begin = at + 1 - WINDOW;
    let least = (begin..=at).map(|at| (window[at % WINDOW], at));
    least
        .reduce(|least, next| if next.0 <= least.0 { next } else { least })
        .unwrap_or((u64::MAX, at))
}

const fn push(hash: u64, byte: u8) -> u64 {
    hash.wrapping_mul(BASE).wrapping_add(byte as u64 + 1)
}

const fn power(base: u64, exponent: usize) -> u64 {
    let (mut power, mut left) = (1_u64, exponent);
    while left > 0 {
        power = power.wrapping_mul(base);
        left -= 1;
    }
    power
}

fn hash(kind: Kind, bytes: &[u8]) -> u64 {
    mixed(bytes.iter().fold(0, |hash, byte| push(hash, *byte)), kind)
}

/// Spreads what a hash knows over all of its bits (the finaliser of `SplitMix64`).
const fn mixed(hash: u64, kind: Kind) -> u64 {
    let mut hash = hash ^ ((kind as u64) << 56);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

/// Tells `found` of the words that are copied exactly, and of their parts: a token is recognised in an address that
/// carries it.
fn tokens(plain: &[u8], found: &mut impl FnMut(u64)) {
    for word in plain.split(|byte| ENDS_WORD[usize::from(*byte)]) {
        if word.len() < TOKEN {
            continue;
        }
        let word = trimmed(word);
        // Most words are words of a language.
        let is_common = || word.len() < LONG_WORD && word.iter().all(u8::is_ascii_lowercase);
        if word.len() < TOKEN || is_common() {
            continue;
        }
        let mut tell = |token: &[u8]| found(hash(Kind::Token, token));
        if is_telling(word) {
            tell(word);
        }
        let parts = word.split(|byte| b"/?&=#:\\".contains(byte)).map(trimmed);
        for part in parts.filter(|part| part.len() >= TOKEN) {
            if part.len() < word.len() && is_telling(part) {
                tell(part);
            }
            let pieces = part.split(|byte| b"@+.~".contains(byte));
            for piece in pieces.filter(|piece| (TOKEN..part.len()).contains(&piece.len())) {
                if is_telling(piece) {
                    tell(piece);
                }
            }
        }
    }
}

/// The bytes that stand between words.
const ENDS_WORD: [bool; 256] = {
    let between = b" \t\n\r\x0B\x0C\"'`<>|,;*()[]{}";
    let mut table = [false; 256];
    let mut at = 0;
    while at < between.len() {
        table[between[at] as usize] = true;
        at += 1;
    }
    table
};

/// A word without the punctuation of the sentence that it stands in.
fn trimmed(mut word: &[u8]) -> &[u8] {
    let is_punctuation = |byte: &u8| b".:!?-_=&#".contains(byte);
    while let [first, rest @ ..] = word
        && is_punctuation(first)
        // `./x` and `../x` are paths.
        && !(*first == b'.' && (rest.starts_with(b"/") || rest.starts_with(b"./")))
    {
        word = rest;
    }
    while let [rest @ .., last] = word
        && is_punctuation(last)
    {
        word = rest;
    }
    word
}

/// Whether a word says of itself that it was copied: no word of a language looks like it.
fn is_telling(word: &[u8]) -> bool {
    let is_id = word.iter().any(u8::is_ascii_digit) && !is_date(word);
    is_id || word.len() >= LONG_WORD || is_address(word) || is_path(word) || is_dotted(word)
}

/// A URL, or an address of mail.
fn is_address(word: &[u8]) -> bool {
    let mail = || {
        let at = word.iter().position(|byte| *byte == b'@')?;
        Some(at > 0 && is_dotted(&word[at + 1..]))
    };
    word.windows(3).any(|three| three == b"://") || mail().unwrap_or(false)
}

fn is_path(word: &[u8]) -> bool {
    let begins = |with: &[u8]| word.starts_with(with);
    let slashes = word.iter().filter(|byte| matches!(byte, b'/' | b'\\')).count();
    begins(b"/")
        || begins(b"~/")
        || begins(b"./")
        || begins(b"../")
        || slashes > 1
        || (slashes == 1 && word.contains(&b'.'))
}

/// The name of a host or a file: labels with dots between them, of which the last begins with a letter.
fn is_dotted(word: &[u8]) -> bool {
    let mut labels = word.split(|byte| *byte == b'.').rev();
    let last = labels.next().unwrap_or_default();
    let is_plain = |label: &[u8]| !label.is_empty() && label.iter().all(|byte| is_of_name(*byte));
    let mut others = labels.peekable();
    last.len() > 1
        && last[0].is_ascii_alphabetic()
        && is_plain(last)
        && others.peek().is_some()
        && others.all(is_plain)
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || byte >= 0x80
}

/// A date, with or without a time (ISO 8601). Everybody may know it.
fn is_date(word: &[u8]) -> bool {
    let Some((date, time)) = word.split_at_checked(10) else {
        return false;
    };
    let mut date = date.iter().enumerate();
    date.all(|(at, byte)| matches!(at, 4 | 7) == (*byte == b'-') && (*byte == b'-' || byte.is_ascii_digit()))
        && time
            .iter()
            .all(|byte| byte.is_ascii_digit() || b"tz:.+-".contains(byte))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> HashSet<u64> {
        let mut found = HashSet::new();
        Scratch::default().fingerprints(text, &mut |fingerprint| {
            found.insert(fingerprint);
        });
        found
    }

    fn are_alike(one: &str, other: &str) -> bool {
        !of(one).is_disjoint(&of(other))
    }

    #[test]
    fn what_is_copied_exactly_is_recognised() {
        for (returned, sent) in [
            ("ask bob@example.org, please", "bob@example.org"),
            ("see https://example.org/a?b=c.", "https://example.org/a?b=c"),
            ("files: /home/a/notes", "/home/a/notes"),
            ("key=AKIA12345678", "https://evil.example/?k=AKIA12345678&x=1"),
            ("the token is s3cr3t-t0ken", "s3cr3t-t0ken.evil.example"),
            ("host db.internal.example", "https://db.internal.example:8443/x"),
            ("{\"id\": 4711471147}", "4711471147"),
            ("a report.final.pdf", "report.final.pdf"),
            ("mail Bob@Example.org", "bob%40example.org"),
            (r"C:\temp\new-1.txt", r"C:\temp\new-1.txt"),
            (
                "550e8400-e29b-41d4-a716-446655440000",
                "x:550e8400-e29b-41d4-a716-446655440000",
            ),
        ] {
            assert!(are_alike(returned, sent), "{returned} / {sent}");
        }
    }

    #[test]
    fn words_of_a_language_tell_nothing() {
        for (returned, sent) in [
            ("the available information", "more information is available"),
            ("due on 2026-11-21", "2026-11-21"),
            (
                "{\"created_at\": \"2026-11-21T10:00:00Z\"}",
                "since 2026-11-21T10:00:00Z",
            ),
            ("2026-11-21T10:00:00Z", "2026-11-21t10:00:00z"),
            ("Please let me know.", "please let me know"),
            ("read/write access and user-friendly", "user-friendly read/write"),
            ("it costs 12.50.....", "12.50....."),
        ] {
            assert!(!are_alike(returned, sent), "{returned} / {sent}");
        }
    }

    #[test]
    fn passages_survive_how_they_are_set() {
        let said = "The quarterly numbers are not to be shared with anybody outside of the board.";
        for set in [
            said.to_uppercase(),
            said.replace(' ', "\n> "),
            said.replace(' ', "%20"),
            said.replace(' ', "\\n"),
            said.replace('o', "o\u{200B}"),
            format!("FYI: \"{}\" regards", &said[4..60]),
        ] {
            assert!(are_alike(said, &set), "{set}");
        }
        assert!(are_alike(
            "Ein Satz mit Umlauten: Übung macht die Größten größer, ähm, ja.",
            r"\u00dcbung macht die Gr\u00f6\u00dften gr\u00f6\u00dfer, \u00e4hm, ja, und so weiter, ein Satz mit Umlauten"
        ));
    }

    proptest! {
        #[test]
        fn a_copied_passage_is_always_found(
            passage in "[a-z0-9]{40,120}",
            (before, after) in ("\\PC{0,80}", "\\PC{0,80}"),
            (front, back) in ("[ -~&&[^%\\\\]]{0,300}", "[ -~&&[^%\\\\]]{0,300}"),
        ) {
            let (returned, sent) = (format!("{before} {passage} {after}"), format!("{front} {passage} {back}"));
            prop_assert!(are_alike(&returned, &sent));
        }

        #[test]
        fn the_usual_changes_hide_nothing(passage in "[a-z]{40,80}", gap in 2_usize..9, upper in any::<bool>()) {
            let mut set = String::new();
            for (at, letter) in passage.chars().enumerate() {
                if at % gap == 0 { set.push_str(" -\n"); }
                set.push(if upper { letter.to_ascii_uppercase() } else { letter });
            }
            prop_assert!(are_alike(&passage, &set));
        }

        #[test]
        fn what_was_never_returned_is_not_found(returned in "[a-m ]{0,400}", sent in "[n-z ]{0,400}") {
            prop_assert!(!are_alike(&returned, &sent));
        }

        #[test]
        fn any_text_has_fingerprints_in_moderation(text in "\\PC{0,400}") {
            let mut count = 0_usize;
            Scratch::default().fingerprints(&text, &mut |_| count += 1);
            prop_assert!(count <= 2 * (text.len() + 8));
        }
    }
}
