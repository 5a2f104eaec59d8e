//! How text is brought into normal form: trimmed, lower-cased, listed, cleaned.
//!
//! Intents, policies and facts are compared by their normal forms, so all of them must come from the same functions.

use std::mem;

/// `text` without Unicode `White_Space` at both ends.
#[must_use]
pub fn trim(text: &str) -> &str {
    text.trim()
}

/// Whether nothing but white space is in `text`.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    trim(text).is_empty()
}

/// `text` in lower case by the *simple* mapping: one code point becomes one code point, whatever stands beside it.
///
/// Unlike [`str::to_lowercase`] there is no final-sigma rule and `İ` becomes `i`, so that the result depends on no
/// context and lower-casing twice changes nothing.
#[must_use]
pub fn lower(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().map(lower_char).collect()
    }
}

/// The simple mapping is the first code point of the full one; only `İ` has a full mapping of more than one.
fn lower_char(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

/// `text` trimmed and in lower case.
#[must_use]
pub fn trim_lower(text: &str) -> String {
    lower(trim(text))
}

/// Trims `text` where it stands; allocates nothing.
pub fn trim_in_place(text: &mut String) {
    let end = text.trim_end().len();
    text.truncate(end);
    let start = end - text.trim_start().len();
    text.drain(..start);
}

/// Trims and lower-cases `text` where it stands; allocates only when it holds more than ASCII.
pub fn trim_lower_in_place(text: &mut String) {
    trim_in_place(text);
    if text.is_ascii() {
        text.make_ascii_lowercase();
    } else {
        *text = lower(text);
    }
}

/// Trims every item, then drops empty ones and duplicates and sorts by bytes.
pub fn list_in_place(items: &mut Vec<String>) {
    items.iter_mut().for_each(trim_in_place);
    sort_unique(items);
}

/// Trims and lower-cases every item, then drops empty ones and duplicates and sorts by bytes.
pub fn list_lower_in_place(items: &mut Vec<String>) {
    items.iter_mut().for_each(trim_lower_in_place);
    sort_unique(items);
}

fn sort_unique(items: &mut Vec<String>) {
    items.retain(|item| !item.is_empty());
    items.sort_unstable();
    items.dedup();
}

/// The items of `items` as [`list_in_place`] leaves them.
#[must_use]
pub fn list<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Vec<String> {
    let mut items: Vec<String> = items.into_iter().map(Into::into).collect();
    list_in_place(&mut items);
    items
}

/// Whether `text` is a SHA-256 digest: 64 lower-case hex digits.
#[must_use]
pub fn is_hex64(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// `path` with repeated and final slashes, `.` and `name/..` resolved by text alone; an empty path becomes `.`.
///
/// A leading `..` stays in relative paths and is dropped at the root. No file system is asked.
#[must_use]
pub fn clean_path(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(part),
            },
            _ => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// Why a list of sandbox paths was refused: the item reads `NAME=...`, an assignment and no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathIsAssignment(pub String);

/// Trims and cleans every path, then drops `.`, empty ones and duplicates and sorts by bytes.
///
/// Environment assignments are refused: they have no place among paths and often carry secrets.
pub fn sandbox_paths_in_place(paths: &mut Vec<String>) -> Result<(), PathIsAssignment> {
    for path in paths.iter_mut() {
        trim_in_place(path);
        let clean = clean_path(path);
        if is_assignment(path) || is_assignment(&clean) {
            return Err(PathIsAssignment(mem::take(path)));
        }
        *path = if clean == "." { String::new() } else { clean };
    }
    sort_unique(paths);
    Ok(())
}

/// Whether `text` starts like an environment assignment, `NAME=`.
#[must_use]
pub fn is_assignment(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| {
        !name.starts_with(|first: char| first.is_ascii_digit())
            && !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_white_space_only() {
        for (text, expected) in [
            ("", ""),
            (" \t\r\n\u{b}\u{c}a b\u{85}\u{a0}\u{3000}", "a b"),
            ("\u{feff}a\u{200b}", "\u{feff}a\u{200b}"),
        ] {
            assert_eq!(trim(text), expected);
            let mut owned = text.to_owned();
            trim_in_place(&mut owned);
            assert_eq!(owned, expected);
        }
    }

    #[test]
    fn lower_cases_letter_by_letter() {
        for (text, expected) in [
            ("ÀB", "àb"),
            ("ΟΔΟΣ", "οδοσ"),
            ("İ", "i"),
            ("K", "k"),
            ("ß", "ß"),
            ("Ⅷ", "ⅷ"),
        ] {
            assert_eq!(lower(text), expected);
            assert_eq!(lower(&lower(text)), expected);
            let mut owned = format!(" {text}\u{3000}");
            trim_lower_in_place(&mut owned);
            assert_eq!(owned, expected);
        }
    }

    #[test]
    fn lists_are_sorted_and_unique() {
        assert_eq!(list([" b ", "a", "", "b", "B"]), ["B", "a", "b"]);
        let mut items = vec![" B ".to_owned(), "a".to_owned(), "b".to_owned(), " ".to_owned()];
        list_lower_in_place(&mut items);
        assert_eq!(items, ["a", "b"]);
    }

    #[test]
    fn paths_are_cleaned_by_text() {
        for (path, clean) in [
            ("", "."),
            (".", "."),
            ("/", "/"),
            ("//a//b/", "/a/b"),
            ("/../a", "/a"),
            ("a/../..", ".."),
            ("../a/./b/..", "../a"),
            ("a/..", "."),
            ("/a/../..", "/"),
        ] {
            assert_eq!(clean_path(path), clean, "{path}");
            assert_eq!(clean_path(&clean_path(path)), clean, "{path}");
        }
    }

    #[test]
    fn sandbox_paths_hold_no_assignments() {
        let mut paths = [" /tmp//w/ ", "/tmp/w", "/a/../b", "", "."]
            .map(String::from)
            .to_vec();
        assert_eq!(sandbox_paths_in_place(&mut paths), Ok(()));
        assert_eq!(paths, ["/b", "/tmp/w"]);
        for path in ["A=b", " _a1=", "./HOME=/root"] {
            assert!(
                sandbox_paths_in_place(&mut vec![path.to_owned()]).is_err(),
                "{path}"
            );
        }
        for path in ["/A=b", "=b", "1A=b", "a-b=c"] {
            assert_eq!(
                sandbox_paths_in_place(&mut vec![path.to_owned()]),
                Ok(()),
                "{path}"
            );
        }
    }
}
