//! Quoted scalars.

use super::{
    block::fold,
    cursor::is_blank,
    error::{Error, Problem},
    parser::{Characters, Parser},
};

impl Parser<'_> {
    /// The quoted scalar at the cursor. In block context its further lines are indented more than `indent`.
    pub(super) fn quoted(&mut self, quote: u8, indent: Option<isize>) -> Result<Characters, Error> {
        let opening = self.cursor.at;
        self.cursor.at += 1;
        let start = self.cursor.at;
        self.skip_literal(quote);
        if self.cursor.peek() == quote && (quote == b'"' || self.cursor.peek_at(1) != quote) {
            let end = self.cursor.at;
            self.cursor.at += 1;
            return Ok(Characters::Verbatim(start, end));
        }
        let mut text = self.cursor.slice_from(start).to_owned();
        // Blanks that an escape has put there are not trimmed at the end of a line.
        let mut escaped = 0;
        loop {
            match self.cursor.peek() {
                0 => return Err(self.error_at(opening, Problem::Syntax("a quote is not closed"))),
                byte if byte == quote => {
                    self.cursor.at += 1;
                    if quote == b'"' || self.cursor.peek() != quote {
                        return Ok(Characters::Rewritten(text));
                    }
                    self.cursor.at += 1;
                    text.push('\'');
                }
                b'\\' if quote == b'"' => {
                    self.escape(&mut text, indent)?;
                    escaped = text.len();
                }
                b'\n' | b'\r' => {
                    let kept = text[escaped..].trim_end_matches([' ', '\t']).len();
                    text.truncate(escaped + kept);
                    let breaks = self.quoted_breaks(indent)?;
                    fold(&mut text, breaks);
                }
                _ => {
                    let run = self.cursor.at;
                    self.skip_literal(quote);
                    text.push_str(self.cursor.slice_from(run));
                }
            }
        }
    }

    /// Skips characters that stand for themselves.
    fn skip_literal(&mut self, quote: u8) {
        loop {
            match self.cursor.peek() {
                b'\n' | b'\r' | 0 => return,
                b'\\' if quote == b'"' => return,
                byte if byte == quote => return,
                _ => self.cursor.at += 1,
            }
        }
    }

    /// Skips line breaks and the indentation of the next line; gives the number of breaks.
    fn quoted_breaks(&mut self, indent: Option<isize>) -> Result<usize, Error> {
        let breaks = self.cursor.skip_breaks();
        if self.cursor.at_document_marker() {
            return Err(self.syntax("a quote is not closed before the document ends"));
        }
        self.cursor.skip_spaces();
        if indent.is_some_and(|indent| self.cursor.column() <= indent) && !self.cursor.at_end() {
            return Err(self.syntax("a line of quoted text must be indented more than its key"));
        }
        while is_blank(self.cursor.peek()) {
            self.cursor.at += 1;
        }
        Ok(breaks)
    }

    fn escape(&mut self, text: &mut String, indent: Option<isize>) -> Result<(), Error> {
        self.cursor.at += 1;
        let escaped = match self.cursor.peek() {
            b'\n' | b'\r' => {
                let breaks = self.quoted_breaks(indent)?;
                text.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
                return Ok(());
            }
            b'x' => self.escaped_code_point(2)?,
            b'u' => self.escaped_code_point(4)?,
            b'U' => self.escaped_code_point(8)?,
            byte => {
                let escaped = simple_escape(byte).ok_or_else(|| self.syntax("an unknown escape"))?;
                self.cursor.at += 1;
                escaped
            }
        };
        text.push(escaped);
        Ok(())
    }

    /// A code point in hexadecimal digits; UTF-16 surrogates come in pairs, as in JSON.
    fn escaped_code_point(&mut self, digits: usize) -> Result<char, Error> {
        let start = self.cursor.at - 1;
        let invalid =
            |parser: &Self| parser.error_at(start, Problem::Syntax("an escape that names no character"));
        let unit = self.hex_digits(digits).ok_or_else(|| invalid(self))?;
        if let Some(character) = char::from_u32(unit) {
            return Ok(character);
        }
        let is_pair = digits == 4 && self.cursor.peek() == b'\\' && self.cursor.peek_at(1) == b'u';
        if !is_pair {
            return Err(invalid(self));
        }
        self.cursor.at += 1;
        let low = self.hex_digits(4).ok_or_else(|| invalid(self))?;
        let units = [u16::try_from(unit), u16::try_from(low)].map(Result::unwrap_or_default);
        match char::decode_utf16(units).next() {
            Some(Ok(character)) => Ok(character),
            _ => Err(invalid(self)),
        }
    }

    /// The digits after the letter at the cursor.
    fn hex_digits(&mut self, count: usize) -> Option<u32> {
        let start = self.cursor.at + 1;
        let digits = self.cursor.text.get(start..start + count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.cursor.at = start + count;
        u32::from_str_radix(digits, 16).ok()
    }
}

fn simple_escape(byte: u8) -> Option<char> {
    Some(match byte {
        b'0' => '\0',
        b'a' => '\x07',
        b'b' => '\x08',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\x0B',
        b'f' => '\x0C',
        b'r' => '\r',
        b'e' => '\x1B',
        b' ' => ' ',
        b'"' => '"',
        b'/' => '/',
        b'\\' => '\\',
        b'N' => '\u{85}',
        b'_' => '\u{A0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        _ => return None,
    })
}
