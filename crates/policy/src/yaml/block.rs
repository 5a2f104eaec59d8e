//! Block style: structure by indentation.

use super::{
    cursor::{is_blank_or_break, is_break},
    document::NodeId,
    error::{Error, Problem},
    parser::{Characters, Leaf, Parser, Properties, Step},
};

/// Where a block value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the root, nothing before it on the line.
    Root,
    /// At the root, on the line of `---`.
    MarkedRoot,
    /// After `- `.
    Item,
    /// After `key:`.
    Value,
}

impl<'t> Parser<'t> {
    /// The value of a document, after its `---` if there is one.
    pub(super) fn root_node(&mut self, marked: bool) -> Result<NodeId, Error> {
        self.block_node(-1, if marked { Place::MarkedRoot } else { Place::Root })
    }

    /// The value that belongs to a collection whose members begin in column `indent`.
    fn block_node(&mut self, indent: isize, place: Place) -> Result<NodeId, Error> {
        self.enter()?;
        let tab = place != Place::Root && self.cursor.skip_blanks();
        let mut outer = Properties::default();
        let mut outer_start = self.cursor.at;
        // What stands on the indicator's own line: a nested collection only directly after a dash.
        let mut may_nest = matches!(place, Place::Root) || (place == Place::Item && !tab);
        if is_break(self.cursor.peek()) || self.cursor.at_comment() {
            self.next_content()?;
            may_nest = true;
        }
        let mut inner = Properties::default();
        let mut inner_start = self.cursor.at;
        if !self.outdented(indent, place) {
            inner = self.properties(false)?;
            let line_is_over = is_break(self.cursor.peek()) || self.cursor.at_comment();
            if !inner.is_empty() && line_is_over {
                (outer, outer_start) = (inner, inner_start);
                inner = Properties::default();
                self.next_content()?;
                may_nest = true;
                inner_start = self.cursor.at;
                if !self.outdented(indent, place) {
                    inner = self.properties(false)?;
                    if is_break(self.cursor.peek()) || self.cursor.at_comment() {
                        return Err(self.syntax("a value must follow its anchor and its tag"));
                    }
                }
            }
        }
        let node = if inner.is_empty() && self.outdented(indent, place) {
            self.empty(outer_start, outer)
        } else {
            self.block_content(indent, may_nest, (outer, inner), inner_start)
        };
        self.leave();
        node
    }

    /// Whether the content at the cursor, first on its line, lies outside of a collection at `indent`.
    fn outdented(&self, indent: isize, place: Place) -> bool {
        if !self.is_fresh() {
            return false;
        }
        // A list may stand in the column of the key it belongs to.
        let hanging_list =
            place == Place::Value && self.cursor.column() == indent && self.cursor.at_indicator(b'-');
        self.ended() || (self.cursor.column() <= indent && !hanging_list)
    }

    /// A value after its properties: `outer` from a line before, `inner` from its own line, which began at `start`.
    fn block_content(
        &mut self,
        indent: isize,
        may_nest: bool,
        (outer, inner): (Properties<'t>, Properties<'t>),
        start: usize,
    ) -> Result<NodeId, Error> {
        let column = self.cursor.column() - isize::try_from(self.cursor.at - start).unwrap_or(0);
        if self.cursor.at_indicator(b'-') {
            if !may_nest || !inner.is_empty() {
                return Err(self.syntax("a list must begin on a line of its own"));
            }
            return self.block_sequence(column, start, outer);
        }
        if self.cursor.at_indicator(b'?') {
            return Err(self.syntax("complex keys (`? key`) are not supported"));
        }
        let leaf_start = self.cursor.at;
        let line = self.cursor.line_start;
        let leaf = self.block_leaf(indent)?;
        let is_key = self.cursor.line_start == line && self.at_key_end();
        if is_key && may_nest {
            let key = self.finish_leaf(leaf, leaf_start, inner)?;
            return self.block_mapping(column, key, start, outer);
        }
        if is_key {
            return Err(self.syntax("a mapping must begin on a line of its own"));
        }
        match (outer.is_empty(), inner.is_empty()) {
            (_, true) => self.finish_leaf(leaf, leaf_start, outer),
            (true, false) => self.finish_leaf(leaf, leaf_start, inner),
            (false, false) => Err(self.error_at(
                start,
                Problem::Syntax("a value has one anchor and one tag at most"),
            )),
        }
    }

    /// Whether `:` follows, on the same line, and makes a key of what was just read.
    fn at_key_end(&self) -> bool {
        let mut ahead = self.cursor;
        ahead.skip_blanks();
        ahead.at_indicator(b':')
    }

    /// A scalar, alias or flow collection in block context.
    fn block_leaf(&mut self, indent: isize) -> Result<Leaf, Error> {
        let (characters, plain) = match self.cursor.peek() {
            quote @ (b'"' | b'\'') => (self.quoted(quote, Some(indent))?, false),
            b'|' | b'>' => (Characters::Rewritten(self.block_scalar(indent)?), false),
            b'*' => return Ok(Leaf::Alias(self.alias(false)?)),
            b'[' | b'{' => return Ok(Leaf::New(self.flow_collection()?)),
            b'%' | b'@' | b'`' | b',' | b']' | b'}' => {
                return Err(self.syntax("text that begins like this needs quotes"));
            }
            b':' if is_blank_or_break(self.cursor.peek_at(1)) => {
                return Err(self.syntax("a key is missing before `:`"));
            }
            _ => (self.plain(indent), true),
        };
        Ok(Leaf::New(self.scalar(characters, plain)))
    }

    fn block_sequence(
        &mut self,
        column: isize,
        start: usize,
        properties: Properties<'t>,
    ) -> Result<NodeId, Error> {
        let first = self.open.len();
        loop {
            self.cursor.at += 1;
            self.trail.push(Step::Index(self.open.len() - first));
            let item = self.block_node(column, Place::Item)?;
            self.trail.pop();
            self.open.push(item);
            self.next_content()?;
            if self.ended() || self.cursor.column() < column || !self.cursor.at_indicator(b'-') {
                break;
            }
            if self.cursor.column() > column {
                return Err(self.syntax("this list item is indented more than the ones before"));
            }
        }
        if !self.ended() && self.cursor.column() > column {
            return Err(self.syntax("this line is indented more than the list it follows"));
        }
        let content = self.close_sequence(first);
        self.finish(content, start, properties)
    }

    /// The mapping whose first key has just been read.
    fn block_mapping(
        &mut self,
        column: isize,
        first_key: NodeId,
        start: usize,
        properties: Properties<'t>,
    ) -> Result<NodeId, Error> {
        let first = self.open.len();
        let mut key = first_key;
        loop {
            self.cursor.skip_blanks();
            self.cursor.at += 1;
            self.trail.push(Step::Key(key));
            let value = self.block_node(column, Place::Value)?;
            self.next_content()?;
            self.trail.pop();
            self.open.extend([key, value]);
            if self.ended() || self.cursor.column() < column {
                break;
            }
            if self.cursor.column() > column {
                return Err(self.syntax("this line is indented more than the keys before"));
            }
            key = self.block_key()?;
        }
        let content = self.close_mapping(first)?;
        self.finish(content, start, properties)
    }

    fn block_key(&mut self) -> Result<NodeId, Error> {
        if self.cursor.at_indicator(b'-') {
            return Err(self.syntax("a list item where a key is expected"));
        }
        if self.cursor.at_indicator(b'?') {
            return Err(self.syntax("complex keys (`? key`) are not supported"));
        }
        let start = self.cursor.at;
        let line = self.cursor.line_start;
        let properties = self.properties(false)?;
        let leaf_start = self.cursor.at;
        // No text can continue a key, so every further line is outdented.
        let leaf = self.block_leaf(isize::MAX)?;
        if self.cursor.line_start != line || !self.at_key_end() {
            return Err(self.error_at(
                start,
                Problem::Syntax("a key must be followed by `:` and a blank"),
            ));
        }
        self.finish_leaf(leaf, leaf_start, properties)
    }

    /// A plain scalar, over several lines if they are indented more than `indent`.
    fn plain(&mut self, indent: isize) -> Characters {
        let start = self.cursor.at;
        let first_line = self.plain_line();
        let end = self.cursor.at;
        if self.cursor.peek() == b':' {
            return Characters::Verbatim(start, end);
        }
        let mut folded = String::new();
        loop {
            let here = self.cursor;
            self.cursor.skip_blanks();
            let breaks = self.cursor.skip_breaks();
            self.cursor.skip_spaces();
            let spaces = self.cursor.column();
            self.cursor.skip_blanks();
            let continues = breaks > 0 && spaces > indent && !self.ended() && !self.cursor.at_comment();
            if !continues {
                self.cursor = here;
                return if folded.is_empty() {
                    Characters::Verbatim(start, end)
                } else {
                    Characters::Rewritten(folded)
                };
            }
            if folded.is_empty() {
                folded.push_str(first_line);
            }
            fold(&mut folded, breaks);
            folded.push_str(self.plain_line());
        }
    }

    /// The rest of the line up to ` #` or `: `, without blanks at its end, where the cursor stays.
    fn plain_line(&mut self) -> &'t str {
        let start = self.cursor.at;
        let line = self.cursor.rest();
        let mut length = 0;
        for (index, byte) in line.iter().enumerate() {
            match byte {
                b' ' | b'\t' => {}
                b'\n' | b'\r' => break,
                b':' if line.get(index + 1).is_none_or(|next| is_blank_or_break(*next)) => break,
                // There are blanks between the text so far and this.
                b'#' if index > length => break,
                _ => length = index + 1,
            }
        }
        self.cursor.at += length;
        self.cursor.slice_from(start)
    }
}

/// Adds what a number of line breaks inside of a scalar means: one a blank, more one break less.
pub(super) fn fold(text: &mut String, breaks: usize) {
    if breaks == 1 {
        text.push(' ');
    } else {
        text.extend(std::iter::repeat_n('\n', breaks.saturating_sub(1)));
    }
}
