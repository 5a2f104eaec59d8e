//! Flow style: structure by brackets, as in JSON.

use super::{
    block::fold,
    cursor::{is_blank_or_break, is_flow_indicator},
    document::{Content, NodeId},
    error::{Error, Problem},
    parser::{Characters, Leaf, Parser, Properties, Step},
};

/// What a plain scalar in a flow collection is; it decides where a colon ends it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A key of a mapping: any colon that is not followed by `/` ends it, so that `{name:n}` is a pair.
    Key,
    /// An item of a list or the value of a key: only a colon before a blank or an indicator ends it.
    Value,
}

impl<'t> Parser<'t> {
    /// The flow collection whose opening bracket is at the cursor.
    pub(super) fn flow_collection(&mut self) -> Result<Content, Error> {
        if self.cursor.peek() == b'[' {
            self.flow_sequence()
        } else {
            self.flow_mapping()
        }
    }

    fn flow_sequence(&mut self) -> Result<Content, Error> {
        let first = self.open.len();
        self.cursor.at += 1;
        loop {
            self.flow_space()?;
            if self.cursor.peek() == b']' {
                break;
            }
            self.trail.push(Step::Index(self.open.len() - first));
            let start = self.cursor.at;
            let mut item = self.flow_node(Role::Value)?;
            self.flow_space()?;
            if self.cursor.peek() == b':' {
                item = self.single_pair(item, start)?;
            }
            self.trail.pop();
            self.open.push(item);
            self.flow_separator(b']', "`,` or `]` must follow an item")?;
        }
        self.cursor.at += 1;
        Ok(self.close_sequence(first))
    }

    /// A list item of the form `key: value`, a mapping without braces.
    fn single_pair(&mut self, key: NodeId, start: usize) -> Result<NodeId, Error> {
        let first = self.open.len();
        let value = self.flow_value(key)?;
        self.open.extend([key, value]);
        let content = self.close_mapping(first)?;
        self.finish(content, start, Properties::default())
    }

    fn flow_mapping(&mut self) -> Result<Content, Error> {
        let first = self.open.len();
        self.cursor.at += 1;
        loop {
            self.flow_space()?;
            if self.cursor.peek() == b'}' {
                break;
            }
            let key = self.flow_node(Role::Key)?;
            self.flow_space()?;
            let value = if self.cursor.peek() == b':' {
                self.flow_value(key)?
            } else {
                self.empty(self.cursor.at, Properties::default())?
            };
            self.open.extend([key, value]);
            self.flow_separator(b'}', "`,` or `}` must follow a value")?;
        }
        self.cursor.at += 1;
        self.close_mapping(first)
    }

    /// The value after the `:` at the cursor.
    fn flow_value(&mut self, key: NodeId) -> Result<NodeId, Error> {
        self.cursor.at += 1;
        self.flow_space()?;
        self.trail.push(Step::Key(key));
        let value = if matches!(self.cursor.peek(), b',' | b'}' | b']') {
            self.empty(self.cursor.at, Properties::default())?
        } else {
            self.flow_node(Role::Value)?
        };
        self.flow_space()?;
        self.trail.pop();
        Ok(value)
    }

    /// Skips a comma; without one the collection must end.
    fn flow_separator(&mut self, close: u8, message: &'static str) -> Result<(), Error> {
        self.flow_space()?;
        match self.cursor.peek() {
            b',' => self.cursor.at += 1,
            byte if byte == close => {}
            _ => return Err(self.syntax(message)),
        }
        Ok(())
    }

    fn flow_node(&mut self, role: Role) -> Result<NodeId, Error> {
        self.enter()?;
        let properties = self.properties(true)?;
        if !properties.is_empty() {
            self.flow_space()?;
            if matches!(self.cursor.peek(), b'&' | b'!') {
                return Err(self.syntax("an anchor and a tag belong on one line"));
            }
        }
        let start = self.cursor.at;
        let next = self.cursor.peek_at(1);
        let nothing = Characters::Verbatim(start, start);
        let leaf = match self.cursor.peek() {
            quote @ (b'"' | b'\'') => {
                let characters = self.quoted(quote, None)?;
                Leaf::New(self.scalar(characters, false))
            }
            b'*' => Leaf::Alias(self.alias(true)?),
            b'[' | b'{' => Leaf::New(self.flow_collection()?),
            b',' | b']' | b'}' if !properties.is_empty() => Leaf::New(self.scalar(nothing, true)),
            b':' if !properties.is_empty() && (is_blank_or_break(next) || is_flow_indicator(next)) => {
                Leaf::New(self.scalar(nothing, true))
            }
            b'?' if is_blank_or_break(next) => {
                return Err(self.syntax("complex keys (`? key`) are not supported"));
            }
            b',' | b']' | b'}' => return Err(self.syntax("a value is missing")),
            b'-' | b'?' | b':' if is_blank_or_break(next) || is_flow_indicator(next) => {
                return Err(self.syntax("text that begins like this needs quotes"));
            }
            b'|' | b'>' | b'%' | b'@' | b'`' | b'#' => {
                return Err(self.syntax("text that begins like this needs quotes"));
            }
            _ => {
                let characters = self.flow_plain(role)?;
                Leaf::New(self.scalar(characters, true))
            }
        };
        let node = self.finish_leaf(leaf, start, properties);
        self.leave();
        node
    }

    /// A plain scalar in a flow collection, over several lines if need be.
    fn flow_plain(&mut self, role: Role) -> Result<Characters, Error> {
        let start = self.cursor.at;
        let first_line = self.flow_plain_line(role);
        let end = self.cursor.at;
        if is_flow_indicator(self.cursor.peek()) {
            return Ok(Characters::Verbatim(start, end));
        }
        let mut folded = String::new();
        loop {
            let here = self.cursor;
            self.cursor.skip_blanks();
            let breaks = self.cursor.skip_breaks();
            if breaks > 0 && self.cursor.at_document_marker() {
                return Err(self.unclosed());
            }
            self.cursor.skip_blanks();
            let line = self.flow_plain_line(role);
            if breaks == 0 || line.is_empty() || line.starts_with('#') {
                self.cursor = here;
                return Ok(if folded.is_empty() {
                    Characters::Verbatim(start, end)
                } else {
                    Characters::Rewritten(folded)
                });
            }
            if folded.is_empty() {
                folded.push_str(first_line);
            }
            fold(&mut folded, breaks);
            folded.push_str(line);
        }
    }

    fn flow_plain_line(&mut self, role: Role) -> &'t str {
        let start = self.cursor.at;
        let line = self.cursor.rest();
        let mut length = 0;
        for (index, byte) in line.iter().enumerate() {
            match byte {
                b' ' | b'\t' => {}
                b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}' => break,
                b':' => {
                    let next = line.get(index + 1).copied().unwrap_or(0);
                    let ends_key = role == Role::Key && next != b'/' && index > 0;
                    if ends_key || is_blank_or_break(next) || is_flow_indicator(next) {
                        break;
                    }
                    length = index + 1;
                }
                // There are blanks between the text so far and this.
                b'#' if index > length => break,
                _ => length = index + 1,
            }
        }
        self.cursor.at += length;
        self.cursor.slice_from(start)
    }

    /// Skips blanks, breaks and comments between the parts of a flow collection.
    #[inline]
    fn flow_space(&mut self) -> Result<(), Error> {
        match self.cursor.peek() {
            // Here nothing is to be skipped, and no document ends.
            b'a'..=b'z' | b'A'..=b'Z' | b',' | b':' | b'[' | b']' | b'{' | b'}' | b'"' => Ok(()),
            _ => self.some_flow_space(),
        }
    }

    fn some_flow_space(&mut self) -> Result<(), Error> {
        loop {
            self.cursor.skip_blanks();
            if self.cursor.at_comment() {
                self.cursor.skip_to_break();
            }
            if self.ended() {
                return Err(self.unclosed());
            }
            if !self.cursor.eat_break() {
                return Ok(());
            }
        }
    }

    fn unclosed(&self) -> Error {
        self.error(Problem::Syntax("a bracket is not closed"))
    }
}
