//! The place in a file that an error is about.

/// A place in a text the user wrote, shown under the error on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The file's name as the user gave it.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The text of the line.
    pub text: String,
}

impl Excerpt {
    /// The place at `line` and `column` (both counted from 1) of `source`; none when there is no such line.
    #[must_use]
    pub fn of(file: &str, source: &[u8], line: usize, column: usize) -> Option<Self> {
        let bytes = source.split(|byte| *byte == b'\n').nth(line.checked_sub(1)?)?;
        let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
        Some(Self {
            file: file.to_owned(),
            line,
            column: column.max(1),
            text,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_know_their_line() {
        let excerpt = Excerpt::of("p.yaml", b"a: 1\r\nb: 2\n", 1, 4).unwrap();
        assert_eq!((excerpt.text.as_str(), excerpt.column), ("a: 1", 4));
        assert_eq!(Excerpt::of("p.yaml", b"a", 3, 1), None);
        assert_eq!(Excerpt::of("p.yaml", b"a", 0, 1), None);
    }
}
