//! Words: what a command line, a configuration and a call have in common, whatever quotes and brackets stand around them.

use super::page::Segment;

/// A word of a text, and what follows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'t> {
    /// The word itself.
    pub(super) text: &'t str,
    /// Its line, from 1.
    pub(super) line: usize,
    /// Where it begins in the line, in bytes.
    pub(super) start: usize,
    /// What stands between it and the next word of the line, or the end of the line.
    pub(super) tail: &'t str,
    /// Whether it is the last word of its line.
    pub(super) ends_line: bool,
    /// Whether the command that it belongs to ends with it.
    pub(super) ends_command: bool,
}

impl<'t> Word<'t> {
    /// The name of the flag that it is, without dashes.
    pub(super) fn flag(self) -> Option<&'t str> {
        let name = self.text.strip_prefix('-')?;
        let name = name.strip_prefix('-').unwrap_or(name);
        name.starts_with(|first: char| first.is_ascii_alphanumeric())
            .then_some(name)
    }

    /// Whether it names the program `name`, with or without a directory.
    pub(super) fn is_program(self, name: &str) -> bool {
        self.text.rsplit('/').next() == Some(name)
    }

    /// Whether a sign of assignment follows.
    pub(super) fn is_assigned(self) -> bool {
        self.tail.contains(['=', ':'])
    }

    /// Whether it is only looked at.
    pub(super) fn is_compared(self) -> bool {
        ["==", "!=", "=~"].iter().any(|sign| self.tail.contains(sign))
    }

    /// Whether nothing is assigned to it: `NAME=` in a shell, or a pair of quotes.
    pub(super) fn is_emptied(self) -> bool {
        let assigned = self.tail.strip_prefix('=');
        assigned
            .is_some_and(|rest| (rest.is_empty() && self.ends_line) || rest.starts_with(char::is_whitespace))
            || self.tail.contains("\"\"")
            || self.tail.contains("''")
    }
}

/// The words of some segments, in order.
#[derive(Debug, Clone)]
pub(super) struct Words<'t> {
    segments: &'t [Segment<'t>],
    /// How much of the first segment is behind, in bytes.
    at: usize,
    /// Whether the word before was [`OR`].
    behind_or: bool,
}

impl<'t> Words<'t> {
    pub(super) fn new(segments: &'t [Segment<'t>]) -> Self {
        Self {
            segments,
            at: 0,
            behind_or: false,
        }
    }

    /// How many bytes of `text` stand before its first word; nothing when there is none. Behind `||` a colon is the
    /// command that does nothing.
    fn gap(&self, text: &str) -> Option<usize> {
        let is_word = |&(at, c): &(usize, char)| {
            !separates(c) || text[at..].starts_with(OR) || self.behind_or && c == ':'
        };
        text.char_indices().find(is_word).map(|(at, _)| at)
    }
}

impl<'t> Iterator for Words<'t> {
    type Item = Word<'t>;

    fn next(&mut self) -> Option<Word<'t>> {
        loop {
            let (segment, others) = self.segments.split_first()?;
            let text = segment.text;
            let Some(gap) = self.gap(&text[self.at..]) else {
                self.segments = others;
                self.at = 0;
                continue;
            };
            let start = self.at + gap;
            let end = start + length(&text[start..]);
            self.behind_or = &text[start..end] == OR;
            let until = self.gap(&text[end..]).map(|gap| end + gap);
            self.at = end;
            let tail = &text[end..until.unwrap_or(text.len())];
            let ends_line = until.is_none();
            return Some(Word {
                text: &text[start..end],
                line: segment.line,
                start: segment.start + start,
                tail,
                ends_line,
                ends_command: ends_command(tail) || ends_line && !segment.goes_on,
            });
        }
    }
}

const OR: &str = "||";

/// Whether a command ends within `tail`. In redirections such as `2>&1` it goes on.
fn ends_command(tail: &str) -> bool {
    let bytes = tail.as_bytes();
    let redirects = |at: usize| bytes.get(at) == Some(&b'>');
    bytes.iter().enumerate().any(|(at, byte)| match byte {
        b';' => true,
        b'&' => !redirects(at + 1) && !at.checked_sub(1).is_some_and(redirects),
        _ => false,
    })
}

fn separates(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\''
                | '`'
                | '['
                | ']'
                | '('
                | ')'
                | '{'
                | '}'
                | '<'
                | '>'
                | ','
                | ';'
                | '|'
                | '&'
                | '='
                | ':'
                | '\\'
        )
}

/// How long the word is that `text` begins with.
fn length(text: &str) -> usize {
    if text.starts_with(OR) {
        return OR.len();
    }
    if text.starts_with(':') {
        return 1;
    }
    text.find(separates).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let segment = Segment {
            line: 1,
            start: 0,
            text,
            goes_on: false,
        };
        Words::new(&[segment]).map(|word| word.text.to_owned()).collect()
    }

    #[test]
    fn words_are_the_same_in_every_notation() {
        for text in [
            "gait gate eval --key-mode dev",
            "gait gate eval --key-mode=dev",
            r#"["gait", "gate", "eval", "--key-mode", "dev"]"#,
            "`gait gate eval --key-mode 'dev'`;",
        ] {
            assert_eq!(
                words(text),
                ["gait", "gate", "eval", "--key-mode", "dev"],
                "{text}"
            );
        }
        assert_eq!(words("a || : ;b|| true"), ["a", "||", ":", "b", "||", "true"]);
        assert_eq!(words("a: b:c"), ["a", "b", "c"]);
        assert_eq!(words(" ;| "), [""; 0]);
        assert_eq!(words("é=ü"), ["é", "ü"]);
    }
}
