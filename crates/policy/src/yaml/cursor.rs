//! A position in the text that knows its line.

/// Moves forward through the text. The text holds no NUL, so [`Cursor::peek`] gives NUL at the end only.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    /// Byte offset.
    pub(super) at: usize,
    /// Byte offset of the first byte of the line.
    pub(super) line_start: usize,
}

/// Space or tab.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Line feed, carriage return or the end of the text.
pub(super) fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | 0)
}

/// What separates an indicator such as `-` or `:` from what follows.
pub(super) fn is_blank_or_break(byte: u8) -> bool {
    is_blank(byte) || is_break(byte)
}

/// The characters that structure flow collections.
pub(super) fn is_flow_indicator(byte: u8) -> bool {
    matches!(byte, b',' | b'[' | b']' | b'{' | b'}')
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            line_start: 0,
        }
    }

    /// The byte at the cursor, NUL at the end.
    pub(super) fn peek(&self) -> u8 {
        self.peek_at(0)
    }

    /// The byte that many bytes ahead, NUL behind the end.
    pub(super) fn peek_at(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The bytes from the cursor on.
    pub(super) fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The byte before the cursor on the same line, if any.
    pub(super) fn previous(&self) -> Option<u8> {
        (self.at > self.line_start).then(|| self.text.as_bytes()[self.at - 1])
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Bytes since the start of the line. Only looked at where everything before is ASCII.
    pub(super) fn column(&self) -> isize {
        // A text is at most 64 MiB long.
        isize::try_from(self.at - self.line_start).unwrap_or(isize::MAX)
    }

    pub(super) fn slice_from(&self, start: usize) -> &'t str {
        &self.text[start..self.at]
    }

    /// Skips spaces and tabs; true if there was a tab.
    pub(super) fn skip_blanks(&mut self) -> bool {
        let mut tab = false;
        let blanks = self.rest().iter().take_while(|byte| is_blank(**byte));
        self.at += blanks.inspect(|byte| tab |= **byte == b'\t').count();
        tab
    }

    pub(super) fn skip_spaces(&mut self) {
        self.at += self.rest().iter().take_while(|byte| **byte == b' ').count();
    }

    /// Skips the rest of the line, but not its break.
    pub(super) fn skip_to_break(&mut self) {
        self.at += self.rest().iter().take_while(|byte| !is_break(**byte)).count();
    }

    /// Skips a line break (LF, CR LF or CR); false when there is none.
    pub(super) fn eat_break(&mut self) -> bool {
        match self.peek() {
            b'\n' => self.at += 1,
            b'\r' => self.at += 1 + usize::from(self.peek_at(1) == b'\n'),
            _ => return false,
        }
        self.line_start = self.at;
        true
    }

    /// Whether a comment begins here: `#` at the start of the line or after a blank.
    pub(super) fn at_comment(&self) -> bool {
        self.peek() == b'#' && self.previous().is_none_or(is_blank)
    }

    /// Whether the line says `---` or `...`, which no scalar and no collection can hold.
    pub(super) fn at_document_marker(&self) -> bool {
        self.at == self.line_start && (self.at_marker("---") || self.at_marker("..."))
    }

    pub(super) fn at_marker(&self, marker: &str) -> bool {
        self.rest().starts_with(marker.as_bytes()) && is_blank_or_break(self.peek_at(3))
    }

    /// Whether an indicator (one byte, followed by a blank or a break) stands here.
    pub(super) fn at_indicator(&self, indicator: u8) -> bool {
        self.peek() == indicator && is_blank_or_break(self.peek_at(1))
    }

    /// Skips the break here and the blank lines after it, up to the first text; gives the number of breaks.
    pub(super) fn skip_breaks(&mut self) -> usize {
        let mut breaks = 0;
        while self.eat_break() {
            breaks += 1;
            let line = *self;
            self.skip_blanks();
            if !matches!(self.peek(), b'\n' | b'\r') {
                // Blanks before text are left to the caller, who looks at the indentation.
                *self = line;
            }
        }
        breaks
    }
}
