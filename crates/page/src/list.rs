//! Lists of a length that a page can hold.

use std::collections::VecDeque;

/// The most rows of a list that are shown.
pub const LIMIT: usize = 500;

/// A list as far as it is shown, and how much of it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    shown: VecDeque<T>,
    omitted: usize,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self {
            shown: VecDeque::new(),
            omitted: 0,
        }
    }
}

impl<T> Listed<T> {
    /// Adds a row at the end; when there are too many, the first one goes.
    pub fn push_newest(&mut self, row: T) {
        if self.shown.len() == LIMIT {
            self.shown.pop_front();
            self.omitted += 1;
        }
        self.shown.push_back(row);
    }

    /// The rows that are shown.
    pub fn rows(&self) -> impl Iterator<Item = &T> {
        self.shown.iter()
    }

    /// How many are shown.
    #[must_use]
    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    /// How many are not.
    #[must_use]
    pub const fn omitted(&self) -> usize {
        self.omitted
    }

    /// How many there are.
    #[must_use]
    pub fn total(&self) -> usize {
        self.shown.len() + self.omitted
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// The same list with every row that is shown made into another.
    #[must_use]
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Listed<U> {
        Listed {
            shown: self.shown.into_iter().map(row).collect(),
            omitted: self.omitted,
        }
    }
}

/// The first rows are shown. No other is kept.
impl<T> FromIterator<T> for Listed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        let mut rows = rows.into_iter();
        let shown = rows.by_ref().take(LIMIT).collect();
        Self {
            shown,
            omitted: rows.count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_or_the_newest_rows_are_shown() {
        let first: Listed<usize> = (0..LIMIT + 3).collect();
        assert_eq!(
            (first.shown(), first.omitted(), first.total()),
            (LIMIT, 3, LIMIT + 3)
        );
        assert_eq!(first.rows().next(), Some(&0));
        let mut newest = Listed::default();
        assert!(newest.is_empty());
        for row in 0..LIMIT + 3 {
            newest.push_newest(row);
        }
        assert_eq!((newest.shown(), newest.omitted()), (LIMIT, 3));
        assert_eq!(newest.rows().next(), Some(&3));
        assert_eq!(newest.map(|row| row + 1).rows().next(), Some(&4));
    }
}
