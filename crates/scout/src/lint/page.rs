//! Pages: which parts of a text are run or copied, and which only talk about it.

/// How a file marks what isn't run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// Comments begin with `#`.
    Hash,
    /// Comments begin with `//`.
    Slashes,
    /// Prose with commands in fences, indented lines and code spans.
    Markdown,
}

impl Syntax {
    /// What the name of a file says about it.
    pub(super) fn of_name(name: &str) -> Self {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" | "mdx" => Self::Markdown,
            "js" | "mjs" | "cjs" | "ts" | "jsonc" | "groovy" | "rs" | "go" | "java" | "kt" => Self::Slashes,
            _ if name.starts_with("Jenkinsfile") => Self::Slashes,
            _ => Self::Hash,
        }
    }
}

/// A part of a line that is run or copied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment<'t> {
    /// Its line, from 1.
    pub(super) line: usize,
    /// Where it begins in the line, in bytes.
    pub(super) start: usize,
    /// The part itself.
    pub(super) text: &'t str,
    /// Whether the command goes on in the next line.
    pub(super) goes_on: bool,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Row {
    Blank,
    Comment,
    Prose,
    /// A block of code begins behind it.
    Opens,
    /// A block of code ends before it.
    Closes,
    /// It holds something that is run or copied.
    Code {
        /// Whether the command goes on in the next line.
        goes_on: bool,
    },
}

/// A text, taken apart.
#[derive(Debug, Default)]
pub(super) struct Page<'t> {
    /// What is run or copied, in order.
    pub(super) segments: Vec<Segment<'t>>,
    /// What each line is.
    pub(super) rows: Vec<Row>,
}

impl<'t> Page<'t> {
    pub(super) fn of(text: &'t str, syntax: Syntax) -> Self {
        let mut page = Self::default();
        let mut fence = None;
        for (index, line) in text.lines().enumerate() {
            let row = match (syntax, fence) {
                _ if line.trim().is_empty() => Row::Blank,
                (Syntax::Slashes, _) => page.code(index + 1, line, "//"),
                (Syntax::Markdown, Some(mark)) if closes(line, mark) => {
                    fence = None;
                    Row::Closes
                }
                (Syntax::Hash, _) | (Syntax::Markdown, Some(_)) => page.code(index + 1, line, "#"),
                (Syntax::Markdown, None) => {
                    fence = fence_of(line);
                    if fence.is_some() {
                        Row::Opens
                    } else {
                        page.prose(index + 1, line)
                    }
                }
            };
            page.rows.push(row);
        }
        page
    }

    /// Adds a line of code, but for its comment.
    fn code(&mut self, line: usize, text: &'t str, comment: &str) -> Row {
        let code = text[..comment_start(text, comment)].trim_end();
        if code.is_empty() {
            return Row::Comment;
        }
        let goes_on = code.ends_with('\\');
        self.segments.push(Segment {
            line,
            start: 0,
            text: code,
            goes_on,
        });
        Row::Code { goes_on }
    }

    /// Adds the commands of a line of prose: the line itself when it is indented as code is, else its code spans.
    fn prose(&mut self, line: usize, text: &'t str) -> Row {
        let is_indented = text.starts_with("    ") || text.starts_with('\t');
        if is_indented && (calls_gait(text) || sets_variable(text)) {
            return self.code(line, text, "#");
        }
        let found = self.segments.len();
        let mut start = 0;
        for (index, part) in text.split('`').enumerate() {
            if index % 2 == 1 && calls_gait(part) {
                self.segments.push(Segment {
                    line,
                    start,
                    text: part,
                    goes_on: false,
                });
            }
            start += part.len() + 1;
        }
        if self.segments.len() > found {
            Row::Code { goes_on: false }
        } else if text.trim_start().starts_with("<!--") {
            Row::Comment
        } else {
            Row::Prose
        }
    }
}

/// Where the comment of a line of code begins: behind white space and outside of quotes. Without one, the end.
fn comment_start(line: &str, mark: &str) -> usize {
    let mut quote = None;
    let mut behind_blank = true;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open && !escaped => quote = None,
            None if behind_blank && line[at..].starts_with(mark) => return at,
            None if matches!(c, '"' | '\'' | '`') && !escaped => quote = Some(c),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        behind_blank = c.is_whitespace();
    }
    line.len()
}

/// The mark of the block of code that `line` opens.
fn fence_of(line: &str) -> Option<&str> {
    const SHORTEST: usize = 3;
    let line = line.trim_start();
    let first = line.chars().next().filter(|first| matches!(first, '`' | '~'))?;
    let length = line.find(|c| c != first).unwrap_or(line.len());
    let (mark, info) = line.split_at(length);
    (length >= SHORTEST && (first == '~' || !info.contains('`'))).then_some(mark)
}

/// Whether `line` closes the block of code that `mark` opened.
fn closes(line: &str, mark: &str) -> bool {
    let line = line.trim();
    line.starts_with(mark)
        && mark
            .chars()
            .next()
            .is_some_and(|first| line.chars().all(|c| c == first))
}

/// Whether a text calls `gait`.
fn calls_gait(text: &str) -> bool {
    text.split_whitespace()
        .any(|word| word.rsplit('/').next() == Some("gait"))
}

/// Whether a line sets a variable.
fn sets_variable(line: &str) -> bool {
    let line = line.trim().trim_start_matches("$ ").trim_start_matches("export ");
    let is_of_name = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    line.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(is_of_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str, syntax: Syntax) -> Vec<(usize, usize, &str)> {
        let page = Page::of(text, syntax);
        assert_eq!(page.rows.len(), text.lines().count());
        page.segments
            .iter()
            .map(|segment| (segment.line, segment.start, segment.text))
            .collect()
    }

    #[test]
    fn comments_are_not_code() {
        for (line, code) in [
            ("a # b", "a"),
            ("# a", ""),
            ("a#b", "a#b"),
            ("'a # b' # c", "'a # b'"),
            (r#""a \" # b" # c"#, r#""a \" # b""#),
            ("it's # c", "it's # c"),
        ] {
            assert_eq!(line[..comment_start(line, "#")].trim_end(), code, "{line}");
        }
        assert_eq!(
            code("x 'https://a' // b\n// c\n", Syntax::Slashes),
            [(1, 0, "x 'https://a'")]
        );
    }

    #[test]
    fn prose_is_code_where_it_shows_commands() {
        let text = "\
Say `gait verify` or `--flag`, and `A_1=2 gait`, or `A_1=2`.

    gait demo
    export A_1=2
    nothing to run

~~~sh
a
```
# b
~~~
`gait` ``` open
";
        assert_eq!(
            code(text, Syntax::Markdown),
            [
                (1, 5, "gait verify"),
                (1, 36, "A_1=2 gait"),
                (3, 0, "    gait demo"),
                (4, 0, "    export A_1=2"),
                (8, 0, "a"),
                (9, 0, "```"),
                (12, 1, "gait"),
            ]
        );
    }

    #[test]
    fn names_say_how_comments_look() {
        for (name, syntax) in [
            ("ci.yml", Syntax::Hash),
            ("README.MD", Syntax::Markdown),
            ("Jenkinsfile.release", Syntax::Slashes),
            ("run", Syntax::Hash),
        ] {
            assert_eq!(Syntax::of_name(name), syntax, "{name}");
        }
    }
}
