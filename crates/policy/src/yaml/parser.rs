//! The stream of documents, and what every kind of value has in common: properties, anchors, limits, unique keys.

use std::{borrow::Cow, collections::HashMap};

use super::{
    Documents, MAX_ALIAS_BYTES, MAX_BYTES, MAX_DEPTH, MAX_VALUES,
    cursor::{Cursor, is_blank_or_break, is_break, is_flow_indicator},
    document::{Content, Document, Node, NodeId},
    error::{Error, Location, Problem, Span, push_index, push_key},
    scalar::{Resolved, Scalar},
};

/// Mappings with more keys than this look duplicates up by hash.
const FEW_KEYS: usize = 16;

pub(super) struct Parser<'t> {
    pub(super) cursor: Cursor<'t>,
    /// Where the last line with content begins; the cursor is there when nothing of the line has been read.
    pub(super) fresh_at: usize,
    /// Children of collections that are still open.
    pub(super) open: Vec<NodeId>,
    /// The keys and positions that lead to the cursor.
    pub(super) trail: Vec<Step>,
    nodes: Vec<Node<'t>>,
    children: Vec<NodeId>,
    /// Anchored values; `None` while the value is being read.
    anchors: HashMap<&'t str, Option<NodeId>>,
    /// Bytes of the document with every alias counted as one.
    bytes: u64,
    depth: usize,
}

/// A step from a collection to its member.
pub(super) enum Step {
    Key(NodeId),
    Index(usize),
}

/// Anchor and tag before a value.
#[derive(Clone, Copy, Default)]
pub(super) struct Properties<'t> {
    anchor: Option<&'t str>,
    tag: Option<Tag>,
}

impl Properties<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.anchor.is_none() && self.tag.is_none()
    }
}

/// What a tag says about a scalar. Tags that say something else are ignored.
#[derive(Clone, Copy)]
enum Tag {
    /// It is text, whatever it looks like.
    Text,
    /// It is what it looks like, even in quotes.
    Plain,
    Other,
}

/// A value that is not a block collection, before its properties are applied.
pub(super) enum Leaf<'t> {
    Alias(NodeId),
    New(Content<'t>),
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str) -> Result<Self, Error> {
        let refused = |offset, problem| {
            Err(Error {
                location: Location {
                    path: String::new(),
                    span: Span::of_offset(text, offset),
                },
                problem,
            })
        };
        if text.len() > MAX_BYTES {
            return refused(
                0,
                Problem::TooLarge {
                    bytes: text.len(),
                    limit: MAX_BYTES,
                },
            );
        }
        if text.starts_with('\u{FEFF}') {
            return refused(0, Problem::ByteOrderMark);
        }
        if let Some(offset) = text.bytes().position(|byte| byte == 0) {
            return refused(offset, Problem::Nul);
        }
        Ok(Self {
            cursor: Cursor::new(text),
            fresh_at: usize::MAX,
            open: Vec::new(),
            trail: Vec::new(),
            nodes: Vec::new(),
            children: Vec::new(),
            anchors: HashMap::new(),
            bytes: 0,
            depth: 0,
        })
    }

    pub(super) fn stream(mut self, documents: Documents) -> Result<Document<'t>, Error> {
        let mut wanted = None;
        while let Some(root) = self.next_document()? {
            let is_empty = self.is_empty(root);
            if wanted.is_some() && !is_empty && documents == Documents::Single {
                return Err(self.error_at_node(root, Problem::SecondDocument));
            }
            wanted.get_or_insert((!is_empty).then_some(root));
        }
        Ok(Document {
            text: self.cursor.text,
            nodes: self.nodes,
            children: self.children,
            root: wanted.flatten(),
        })
    }

    fn next_document(&mut self) -> Result<Option<NodeId>, Error> {
        self.anchors.clear();
        self.next_content()?;
        while self.cursor.at_document_marker() && self.cursor.at_marker("...") {
            self.cursor.at += 3;
            self.next_content()?;
        }
        let directives = self.cursor.peek() == b'%' && self.cursor.column() == 0;
        while self.cursor.peek() == b'%' && self.cursor.column() == 0 {
            self.cursor.skip_to_break();
            self.next_content()?;
        }
        let marked = self.cursor.at_document_marker() && self.cursor.at_marker("---");
        if marked {
            self.cursor.at += 3;
        } else if directives {
            return Err(self.syntax("`---` must follow a directive"));
        } else if self.cursor.at_end() {
            return Ok(None);
        }
        let root = self.root_node(marked)?;
        self.next_content()?;
        if self.ended() {
            Ok(Some(root))
        } else {
            Err(self.syntax("text after the end of the document's value"))
        }
    }

    /// Whether the document ends here.
    pub(super) fn ended(&self) -> bool {
        self.cursor.at_end() || self.cursor.at_document_marker()
    }

    /// Whether nothing of the current line has been read yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.cursor.at == self.fresh_at
    }

    /// Goes on to the next line with content, unless the cursor is at the start of one.
    pub(super) fn next_content(&mut self) -> Result<(), Error> {
        if self.is_fresh() {
            return Ok(());
        }
        loop {
            let start = self.cursor.at;
            let tab = self.cursor.skip_blanks();
            if self.cursor.at_comment() {
                self.cursor.skip_to_break();
            }
            if self.cursor.at_end() || (start == self.cursor.line_start && !is_break(self.cursor.peek())) {
                if tab && !self.cursor.at_end() {
                    return Err(self.syntax("tabs cannot indent"));
                }
                self.fresh_at = self.cursor.at;
                return Ok(());
            }
            if !self.cursor.eat_break() {
                return Err(self.syntax("a value ends before this; a key needs a line of its own"));
            }
        }
    }

    /// Counts a level of nesting; every success is paired with [`Parser::leave`].
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        // A scalar below the deepest collection is one level more.
        if self.depth > MAX_DEPTH + 1 {
            Err(self.error(Problem::TooDeep))
        } else {
            Ok(())
        }
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Reads anchors and tags up to the end of the line.
    pub(super) fn properties(&mut self, in_flow: bool) -> Result<Properties<'t>, Error> {
        let mut properties = Properties::default();
        loop {
            let start = self.cursor.at;
            match self.cursor.peek() {
                b'&' if properties.anchor.is_none() => {
                    let name = self.word(in_flow);
                    if name.len() < 2 {
                        return Err(self.syntax("an anchor needs a name"));
                    }
                    self.anchors.insert(&name[1..], None);
                    properties.anchor = Some(&name[1..]);
                }
                b'!' if properties.tag.is_none() => {
                    properties.tag = Some(match self.word(in_flow) {
                        "!" | "!!str" | "!<tag:yaml.org,2002:str>" => Tag::Text,
                        "!!int" | "!!float" | "!!bool" | "!!null" => Tag::Plain,
                        _ => Tag::Other,
                    });
                }
                b'&' | b'!' => return Err(self.syntax("a value has one anchor and one tag at most")),
                _ => return Ok(properties),
            }
            let end = self.cursor.at;
            self.cursor.skip_blanks();
            let separated =
                self.cursor.at > end || is_break(self.cursor.peek()) || self.at_flow_indicator(in_flow);
            if !separated {
                self.cursor.at = start;
                return Err(self.syntax("a blank must follow an anchor or a tag"));
            }
        }
    }

    fn at_flow_indicator(&self, in_flow: bool) -> bool {
        in_flow && is_flow_indicator(self.cursor.peek())
    }

    /// The text up to the next blank, break or (in flow) flow indicator.
    fn word(&mut self, in_flow: bool) -> &'t str {
        let start = self.cursor.at;
        while !is_blank_or_break(self.cursor.peek()) && !self.at_flow_indicator(in_flow) {
            self.cursor.at += 1;
        }
        self.cursor.slice_from(start)
    }

    /// The value of the alias at the cursor.
    pub(super) fn alias(&mut self, in_flow: bool) -> Result<NodeId, Error> {
        let start = self.cursor.at;
        let name = &self.word(in_flow)[1..];
        self.bytes += 1;
        let Some(Some(id)) = self.anchors.get(name) else {
            return Err(self.error_at(start, Problem::UnknownAnchor(name.to_owned())));
        };
        Ok(*id)
    }

    pub(super) fn finish_leaf(
        &mut self,
        leaf: Leaf<'t>,
        start: usize,
        properties: Properties<'t>,
    ) -> Result<NodeId, Error> {
        match leaf {
            Leaf::Alias(_) if !properties.is_empty() => Err(self.error_at(
                start,
                Problem::Syntax("an alias has no anchor and no tag of its own"),
            )),
            Leaf::Alias(id) => Ok(id),
            Leaf::New(content) => self.finish(content, start, properties),
        }
    }

    /// The value of nothing at all.
    pub(super) fn empty(&mut self, start: usize, properties: Properties<'t>) -> Result<NodeId, Error> {
        self.finish(
            Content::Scalar {
                text: Cow::Borrowed(""),
                plain: true,
            },
            start,
            properties,
        )
    }

    /// Adds a value to the document.
    pub(super) fn finish(
        &mut self,
        mut content: Content<'t>,
        start: usize,
        properties: Properties<'t>,
    ) -> Result<NodeId, Error> {
        let (own, weight) = match &mut content {
            Content::Scalar { text, plain } => {
                match properties.tag {
                    Some(Tag::Text) => *plain = false,
                    Some(Tag::Plain) => *plain = true,
                    Some(Tag::Other) | None => {}
                }
                let own = text.len() as u64 + 1;
                (own, own)
            }
            Content::Sequence { first, end } | Content::Mapping { first, end } => {
                let ids = &self.children[*first as usize..*end as usize];
                let weights = ids.iter().map(|id| self.nodes[*id as usize].weight);
                (1, weights.fold(1, u64::saturating_add))
            }
        };
        self.bytes += own;
        if weight > self.bytes + MAX_ALIAS_BYTES {
            return Err(self.error_at(start, Problem::AliasExpansion));
        }
        let id = NodeId::try_from(self.nodes.len())
            .ok()
            .filter(|id| (*id as usize) < MAX_VALUES);
        let (Some(id), Ok(start)) = (id, u32::try_from(start)) else {
            return Err(self.error_at(start, Problem::TooManyValues));
        };
        self.nodes.push(Node {
            content,
            start,
            weight,
        });
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor, Some(id));
        }
        Ok(id)
    }

    /// Closes the sequence whose items are open from `first` on.
    pub(super) fn close_sequence(&mut self, first: usize) -> Content<'t> {
        let start = self.children.len();
        self.children.extend(self.open.drain(first..));
        let (first, end) = self.range(start);
        Content::Sequence { first, end }
    }

    /// Closes the mapping whose keys and values are open from `first` on: merges, and refuses duplicate keys.
    pub(super) fn close_mapping(&mut self, first: usize) -> Result<Content<'t>, Error> {
        let start = self.children.len();
        for pair in (first..self.open.len()).step_by(2) {
            let (key, value) = (self.open[pair], self.open[pair + 1]);
            if self.is_merge_key(key)? {
                let Content::Mapping { first, end } = self.nodes[value as usize].content else {
                    let found = self.kind(value);
                    return Err(self.error_at_node(key, Problem::MergeValue { found }));
                };
                // A child is counted like a value: merging a large mapping often must not go unnoticed.
                self.children.extend_from_within(first as usize..end as usize);
                if self.children.len() > 2 * MAX_VALUES {
                    return Err(self.error_at_node(key, Problem::TooManyValues));
                }
            } else {
                self.children.extend([key, value]);
            }
        }
        self.open.truncate(first);
        self.refuse_duplicates(start)?;
        let (first, end) = self.range(start);
        Ok(Content::Mapping { first, end })
    }

    fn range(&self, start: usize) -> (u32, u32) {
        // INVARIANT: children are bounded by a small multiple of MAX_VALUES, far below 2^32.
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        (index(start), index(self.children.len()))
    }

    fn is_merge_key(&self, key: NodeId) -> Result<bool, Error> {
        let Content::Scalar { text, plain } = &self.nodes[key as usize].content else {
            return Err(self.error_at_node(key, Problem::KeyNotText(self.kind(key).to_owned())));
        };
        match (Scalar { text, plain: *plain }).resolve() {
            Resolved::Text => Ok(*plain && text == "<<"),
            Resolved::Null => Err(self.error_at_node(key, Problem::KeyNotText("null".to_owned()))),
            _ => Err(self.error_at_node(key, Problem::KeyNotText(text.to_string()))),
        }
    }

    fn refuse_duplicates(&self, start: usize) -> Result<(), Error> {
        let keys = || self.children[start..].iter().step_by(2).copied();
        let duplicate = |key: NodeId, first: NodeId| {
            let first = Span::of_offset(self.cursor.text, self.nodes[first as usize].start as usize);
            Err(self.error_at_node(
                key,
                Problem::DuplicateKey {
                    key: self.key_text(key).to_owned(),
                    first,
                },
            ))
        };
        if (self.children.len() - start) / 2 <= FEW_KEYS {
            for (index, key) in keys().enumerate() {
                if let Some(first) = keys()
                    .take(index)
                    .find(|other| self.key_text(*other) == self.key_text(key))
                {
                    return duplicate(key, first);
                }
            }
            return Ok(());
        }
        let mut seen = HashMap::new();
        for key in keys() {
            if let Some(first) = seen.insert(self.key_text(key), key) {
                return duplicate(key, first);
            }
        }
        Ok(())
    }

    fn key_text(&self, key: NodeId) -> &str {
        match &self.nodes[key as usize].content {
            Content::Scalar { text, .. } => text,
            Content::Sequence { .. } | Content::Mapping { .. } => "",
        }
    }

    fn kind(&self, id: NodeId) -> &'static str {
        match &self.nodes[id as usize].content {
            Content::Scalar { text, plain } => Scalar { text, plain: *plain }.resolve().kind(),
            Content::Sequence { .. } => "a list",
            Content::Mapping { .. } => "a mapping",
        }
    }

    fn is_empty(&self, root: NodeId) -> bool {
        matches!(&self.nodes[root as usize].content, Content::Scalar { text, plain: true } if text.is_empty())
    }

    /// A grammar error at the cursor.
    pub(super) fn syntax(&self, message: &'static str) -> Error {
        self.error(Problem::Syntax(message))
    }

    pub(super) fn error(&self, problem: Problem) -> Error {
        self.error_at(self.cursor.at, problem)
    }

    fn error_at_node(&self, id: NodeId, problem: Problem) -> Error {
        self.error_at(self.nodes[id as usize].start as usize, problem)
    }

    pub(super) fn error_at(&self, offset: usize, problem: Problem) -> Error {
        let mut path = String::new();
        for step in &self.trail {
            match step {
                Step::Index(index) => push_index(&mut path, *index),
                Step::Key(key) => push_key(&mut path, self.key_text(*key)),
            }
        }
        Error {
            location: Location {
                path,
                span: Span::of_offset(self.cursor.text, offset),
            },
            problem,
        }
    }
}
