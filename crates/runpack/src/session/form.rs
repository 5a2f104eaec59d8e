//! The text of records that differ in a few of their texts.

use gait_canon::json;
use serde::Serialize;

/// Stands around marks. A private-use character, which stands for itself in JSON.
pub(super) const MARK: char = '\u{f8ff}';

/// The canonical text of a record with gaps, of which each has its place.
#[derive(Debug)]
pub(super) struct Form<const GAPS: usize> {
    /// What stands before each gap, and which one it is.
    before: Vec<(String, usize)>,
    /// What stands behind the last.
    end: String,
    /// How many JSON values the text holds.
    values: usize,
}

impl<const GAPS: usize> Form<GAPS> {
    /// Texts to be put where the gaps are to be, in their order also when they are sorted.
    pub(super) fn marks() -> [String; GAPS] {
        std::array::from_fn(|gap| format!("{MARK}{gap:04}{MARK}"))
    }

    /// The form of `record`, which has gaps where the marks stand. `None` when it has no canonical form, or when a mark is
    /// missing.
    pub(super) fn of<T: Serialize>(record: &T, marks: [&str; GAPS]) -> Option<Self> {
        let (text, values) = json::canonical_counted(record).ok()?;
        let mut rest = str::from_utf8(&text).ok()?;
        let mut before = Vec::new();
        let next = |rest: &str| {
            let found = marks.iter().enumerate();
            let found = found.filter_map(|(gap, mark)| Some((rest.find(mark)?, gap, mark.len())));
            found.min()
        };
        while let Some((at, gap, length)) = next(rest) {
            before.push((rest[..at].to_owned(), gap));
            rest = &rest[at + length..];
        }
        let all_are_there = (0..GAPS).all(|gap| before.iter().any(|(_, other)| *other == gap));
        all_are_there.then(|| Self {
            before,
            end: rest.to_owned(),
            values,
        })
    }

    /// The text with `texts` in the gaps and `behind` at its end, and how many JSON values it holds. `None` when a text would
    /// have to be escaped.
    pub(super) fn filled(&self, texts: [&str; GAPS], behind: u8) -> Option<(Vec<u8>, usize)> {
        if !texts.iter().all(|text| stands_for_itself(text)) {
            return None;
        }
        let fixed: usize = self.before.iter().map(|(text, _)| text.len()).sum();
        let free: usize = self.before.iter().map(|(_, gap)| texts[*gap].len()).sum();
        let mut text = Vec::with_capacity(fixed + free + self.end.len() + 1);
        for (before, gap) in &self.before {
            text.extend_from_slice(before.as_bytes());
            text.extend_from_slice(texts[*gap].as_bytes());
        }
        text.extend_from_slice(self.end.as_bytes());
        text.push(behind);
        Some((text, self.values))
    }
}

/// Whether `text` stands in JSON as it is (RFC 8785 section 3.2.2.2).
fn stands_for_itself(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(texts: [&str; 2]) -> serde_record::Record<'_> {
        serde_record::Record {
            zeta: texts[0],
            alpha: texts[1],
            list: vec![texts[1], "fixed \"text\""],
        }
    }

    mod serde_record {
        #[derive(serde::Serialize)]
        pub(super) struct Record<'a> {
            pub(super) zeta: &'a str,
            pub(super) alpha: &'a str,
            pub(super) list: Vec<&'a str>,
        }
    }

    #[test]
    fn a_mark_that_is_missing_makes_no_form() {
        let [first, second] = Form::<2>::marks();
        assert!(Form::of(&record([&first, &second]), [&first, &second]).is_some());
        assert!(Form::of(&record([&first, "x"]), [&first, &second]).is_none());
    }

    proptest! {
        #[test]
        fn a_filled_form_is_the_record(first: String, second: String) {
            let marks = Form::<2>::marks();
            let marks = [&*marks[0], &*marks[1]];
            let form = Form::of(&record(marks), marks).unwrap();
            if let Some((mut text, values)) = form.filled([&first, &second], b'\n') {
                prop_assert_eq!(text.pop(), Some(b'\n'));
                prop_assert_eq!((text, values), json::canonical_counted(&record([&first, &second])).unwrap());
            }
        }
    }
}
