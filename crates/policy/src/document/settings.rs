//! The settings of one section: brought into normal form, checked against what they may be.

use gait_artifact::{text, verdict::Verdict};

use super::{
    draft::{Integer, Text},
    error::{Fault, InvalidSetting},
};
use crate::yaml::{Given, Location, Place, Span, Texts, Value};

/// A section and the rule it belongs to. Makes errors with the path and place of a setting.
#[derive(Clone, Copy)]
pub(super) struct Section<'a, 'd> {
    place: &'a Place<'a>,
    value: Option<Value<'d>>,
    rule: Option<&'a str>,
}

impl<'a, 'd> Section<'a, 'd> {
    pub(super) fn new<T>(place: &'a Place<'a>, given: &Given<'d, T>, rule: Option<&'a str>) -> Self {
        Self {
            place,
            value: given.source(),
            rule,
        }
    }

    /// The document as a whole.
    pub(super) fn root(place: &'a Place<'a>) -> Self {
        Self {
            place,
            value: None,
            rule: None,
        }
    }

    /// The error that `key` has a fault. Points at the section when the key is missing.
    pub(super) fn fault(&self, key: &str, value: Option<Value<'d>>, fault: Fault) -> InvalidSetting {
        self.fault_at(&self.place.key(key), value, fault)
    }

    fn fault_at(&self, place: &Place<'_>, value: Option<Value<'d>>, fault: Fault) -> InvalidSetting {
        let start_of_text = Span { line: 1, column: 1 };
        let span = value.or(self.value).map_or(start_of_text, Value::span);
        let location = Location {
            path: place.path(),
            span,
        };
        InvalidSetting {
            location,
            rule: self.rule.map(str::to_owned),
            fault,
        }
    }

    /// An integer of 0 or more.
    pub(super) fn count(&self, key: &str, given: &Integer<'d>) -> Result<u64, InvalidSetting> {
        u64::try_from(given.value).map_err(|_| self.fault(key, given.source(), Fault::Negative(given.value)))
    }

    /// One word of a closed set, trimmed and lower-cased; `None` when blank.
    pub(super) fn word<T: Copy>(
        &self,
        key: &str,
        given: &Text<'d>,
        set: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Result<Option<T>, InvalidSetting> {
        let word = text::trim_lower(&given.value);
        if word.is_empty() {
            return Ok(None);
        }
        match set.iter().find(|known| as_str(**known) == word) {
            Some(known) => Ok(Some(*known)),
            None => Err(self.unsupported(key, given, word, set.iter().map(|known| as_str(*known)).collect())),
        }
    }

    pub(super) fn unsupported(
        &self,
        key: &str,
        given: &Text<'d>,
        value: String,
        expected: Vec<&'static str>,
    ) -> InvalidSetting {
        self.fault(key, given.source(), Fault::Unsupported { value, expected })
    }

    /// A list of words of a closed set.
    pub(super) fn words<T: Copy + Ord>(
        &self,
        key: &str,
        list: &Texts<'d>,
        set: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Result<Vec<T>, InvalidSetting> {
        let mut words = Vec::new();
        if !list.is_given() {
            return Ok(words);
        }
        for (item, value) in list.iter() {
            let word = text::trim_lower(&item);
            if word.is_empty() {
                continue;
            }
            let Some(known) = set.iter().find(|known| as_str(**known) == word) else {
                let expected = set.iter().map(|known| as_str(*known)).collect();
                return Err(self.fault(
                    key,
                    Some(value),
                    Fault::Unsupported {
                        value: word,
                        expected,
                    },
                ));
            };
            words.push(*known);
        }
        words.sort_unstable();
        words.dedup();
        Ok(words)
    }

    /// A list of words of a closed set, as text.
    pub(super) fn known(
        &self,
        key: &str,
        list: &Texts<'d>,
        set: &[&'static str],
    ) -> Result<Vec<String>, InvalidSetting> {
        let words = self.words(key, list, set, std::convert::identity)?;
        Ok(words.into_iter().map(str::to_owned).collect())
    }

    /// A list of sandbox paths: cleaned, none of them an environment assignment.
    pub(super) fn sandbox_paths(&self, key: &str, list: &Texts<'d>) -> Result<Vec<String>, InvalidSetting> {
        if !list.is_given() {
            return Ok(Vec::new());
        }
        for (item, value) in list.iter() {
            let path = text::trim(&item);
            if text::is_assignment(path) {
                return Err(self.fault(key, Some(value), Fault::Assignment(path.to_owned())));
            }
        }
        let mut paths = list.to_vec();
        text::sandbox_paths_in_place(&mut paths)
            .map_err(|refused| self.fault(key, list.source(), Fault::Assignment(refused.0)))?;
        Ok(paths)
    }
}

/// Trimmed text.
pub(super) fn trimmed(given: &Text<'_>) -> String {
    text::trim(&given.value).to_owned()
}

/// A sorted list without duplicates, case kept.
pub(super) fn list(texts: &Texts<'_>) -> Vec<String> {
    let mut items = texts.to_vec();
    // A rule has two dozen lists of which few are given.
    if !items.is_empty() {
        text::list_in_place(&mut items);
    }
    items
}

/// A sorted list without duplicates in lower case.
pub(super) fn list_lower(texts: &Texts<'_>) -> Vec<String> {
    let mut items = texts.to_vec();
    if !items.is_empty() {
        text::list_lower_in_place(&mut items);
    }
    items
}

/// [`list_lower`], with a default for the empty list.
pub(super) fn list_lower_or(texts: &Texts<'_>, default: &[&str]) -> Vec<String> {
    let items = list_lower(texts);
    if items.is_empty() {
        default.iter().map(|item| (*item).to_owned()).collect()
    } else {
        items
    }
}

/// Trimmed text, with a default for blank text.
pub(super) fn trimmed_or(given: &Text<'_>, default: &str) -> String {
    let text = text::trim(&given.value);
    if text.is_empty() {
        default.to_owned()
    } else {
        text.to_owned()
    }
}

/// A verdict under its own key or an alias; given twice, both must say the same.
pub(super) fn verdict<'d>(
    section: &Section<'_, 'd>,
    (key, given): (&str, &Text<'d>),
    (alias, alias_given): (&'static str, &Text<'d>),
) -> Result<Option<Verdict>, InvalidSetting> {
    let word = text::trim_lower(&given.value);
    let alias_word = text::trim_lower(&alias_given.value);
    let (key, given, word) = match (word.is_empty(), alias_word.is_empty()) {
        (true, true) => return Ok(None),
        (true, false) => (alias, alias_given, alias_word),
        (false, false) if word != alias_word => {
            let fault = Fault::Conflict {
                other: alias,
                other_value: alias_word,
            };
            return Err(section.fault(key, given.source(), fault));
        }
        (false, _) => (key, given, word),
    };
    let expected = || Verdict::ALL.map(Verdict::as_str).to_vec();
    word.parse()
        .map(Some)
        .map_err(|_| section.unsupported(key, given, word, expected()))
}
