//! Literal (`|`) and folded (`>`) scalars.

use super::{
    cursor::{is_blank, is_break},
    error::{Error, Problem},
    parser::Parser,
};

/// What happens to the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Parser<'_> {
    /// The block scalar at the cursor, below a collection at `indent`.
    pub(super) fn block_scalar(&mut self, indent: isize) -> Result<String, Error> {
        let folded = self.cursor.peek() == b'>';
        let (chomping, explicit) = self.block_scalar_header()?;
        let content_indent = match explicit {
            Some(explicit) => indent.max(0).saturating_add(explicit),
            None => self.detect_indentation(indent)?,
        };
        let mut text = String::new();
        // The break after the last line of text, and the empty lines that follow it.
        let mut line_break = false;
        let mut empty_lines = self.skip_empty_lines(content_indent);
        let mut after_indented = false;
        while self.cursor.column() == content_indent && !self.ended() {
            let indented = is_blank(self.cursor.peek());
            if folded && line_break && !after_indented && !indented {
                if empty_lines == 0 {
                    text.push(' ');
                }
            } else if line_break {
                text.push('\n');
            }
            text.extend(std::iter::repeat_n('\n', empty_lines));
            after_indented = indented;
            let start = self.cursor.at;
            self.cursor.skip_to_break();
            text.push_str(self.cursor.slice_from(start));
            line_break = self.cursor.eat_break();
            empty_lines = self.skip_empty_lines(content_indent);
        }
        if line_break && chomping != Chomping::Strip {
            text.push('\n');
        }
        if chomping == Chomping::Keep {
            text.extend(std::iter::repeat_n('\n', empty_lines));
        }
        if !self.cursor.at_end() {
            // The line that ends the scalar is read from its start.
            self.cursor.at = self.cursor.line_start;
        }
        Ok(text)
    }

    fn block_scalar_header(&mut self) -> Result<(Chomping, Option<isize>), Error> {
        let (mut chomping, mut indentation) = (None, None);
        loop {
            self.cursor.at += 1;
            match self.cursor.peek() {
                b'+' if chomping.is_none() => chomping = Some(Chomping::Keep),
                b'-' if chomping.is_none() => chomping = Some(Chomping::Strip),
                digit @ b'1'..=b'9' if indentation.is_none() => indentation = Some(isize::from(digit - b'0')),
                _ => break,
            }
        }
        self.cursor.skip_blanks();
        if self.cursor.at_comment() {
            self.cursor.skip_to_break();
        }
        if !is_break(self.cursor.peek()) {
            return Err(self.syntax("the text of a block scalar begins on the next line"));
        }
        self.cursor.eat_break();
        Ok((chomping.unwrap_or(Chomping::Clip), indentation))
    }

    /// The indentation of the first line that is not empty.
    fn detect_indentation(&mut self, indent: isize) -> Result<isize, Error> {
        let here = self.cursor;
        let mut widest = 0;
        loop {
            self.cursor.skip_spaces();
            let spaces = self.cursor.column();
            if self.cursor.at_end() || !is_break(self.cursor.peek()) {
                let at = self.cursor.at;
                let is_text = !self.cursor.at_end() && spaces > indent;
                self.cursor = here;
                if is_text && widest > spaces {
                    let message = "an empty line before this is indented more than the text";
                    return Err(self.error_at(at, Problem::Syntax(message)));
                }
                return Ok(if is_text {
                    spaces
                } else {
                    widest.max(indent.saturating_add(1))
                });
            }
            widest = widest.max(spaces);
            self.cursor.eat_break();
        }
    }

    /// Skips lines that are empty up to the indentation, and the indentation of the next; gives their number.
    fn skip_empty_lines(&mut self, content_indent: isize) -> usize {
        let mut lines = 0;
        loop {
            while self.cursor.column() < content_indent && self.cursor.peek() == b' ' {
                self.cursor.at += 1;
            }
            if !self.cursor.eat_break() {
                return lines;
            }
            lines += 1;
        }
    }
}
