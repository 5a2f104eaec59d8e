//! The stream of documents, and what every kind of value has in common: properties, anchors, limits, unique keys.

use std::collections::HashMap;

use super::{
    Documents, Keys, MAX_ALIAS_BYTES, MAX_BYTES, MAX_DEPTH, MAX_VALUES,
    cursor::{Cursor, is_blank_or_break, is_break, is_flow_indicator},
    document::{Content, Document, Node, NodeId},
    error::{Error, Location, Problem, Span, push_index, push_key},
    scalar::Resolved,
};

/// Mappings with more keys than this look duplicates up by hash.
const FEW_KEYS: usize = 16;

/// Texts have about as many bytes per value, or more.
const BYTES_PER_VALUE: usize = 8;

pub(super) struct Parser<'t> {
    pub(super) cursor: Cursor<'t>,
    /// Where the last line with content begins; the cursor is there when nothing of the line has been read.
    pub(super) fresh_at: usize,
    /// Children of collections that are still open.
    pub(super) open: Vec<NodeId>,
    /// The keys and positions that lead to the cursor.
    pub(super) trail: Vec<Step>,
    document: Document<'t>,
    keys: Keys,
    /// Bytes that each value would have with its aliases written out; `None` as long as there is no alias.
    weights: Option<Vec<u64>>,
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
#[derive(Clone, Copy)]
pub(super) enum Leaf {
    Alias(NodeId),
    New(Content),
}

/// The text of a scalar.
pub(super) enum Characters {
    /// From one byte offset to another, as it stands.
    Verbatim(usize, usize),
    Rewritten(String),
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, keys: Keys) -> Result<Self, Error> {
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
        if let Some(offset) = text.find('\0') {
            return refused(offset, Problem::Nul);
        }
        // Growing would copy. What is too much is never touched and so costs no memory.
        let values = (text.len() / BYTES_PER_VALUE).min(MAX_VALUES);
        Ok(Self {
            cursor: Cursor::new(text),
            fresh_at: usize::MAX,
            open: Vec::new(),
            trail: Vec::new(),
            document: Document {
                text,
                nodes: Vec::with_capacity(values),
                children: Vec::with_capacity(values),
                rewritten: Vec::new(),
                root: None,
            },
            keys,
            weights: None,
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
        self.document.root = wanted.flatten();
        Ok(self.document)
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
    #[inline]
    pub(super) fn properties(&mut self, in_flow: bool) -> Result<Properties<'t>, Error> {
        match self.cursor.peek() {
            b'&' | b'!' => self.some_properties(in_flow),
            _ => Ok(Properties::default()),
        }
    }

    fn some_properties(&mut self, in_flow: bool) -> Result<Properties<'t>, Error> {
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
        let Some(Some(id)) = self.anchors.get(name).copied() else {
            return Err(self.error_at(start, Problem::UnknownAnchor(name.to_owned())));
        };
        if self.weights.is_none() {
            let mut weights = Vec::with_capacity(self.document.nodes.len());
            for node in &self.document.nodes {
                weights.push(self.weight(node.content, &weights));
            }
            self.weights = Some(weights);
        }
        Ok(id)
    }

    pub(super) fn finish_leaf(
        &mut self,
        leaf: Leaf,
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
        let content = self.scalar(Characters::Verbatim(start, start), true);
        self.finish(content, start, properties)
    }

    /// A scalar, and whether it is plain.
    pub(super) fn scalar(&mut self, characters: Characters, plain: bool) -> Content {
        match characters {
            Characters::Verbatim(start, end) => Content::Verbatim {
                start: index(start),
                end: index(end),
                plain,
            },
            Characters::Rewritten(text) => {
                self.document.rewritten.push(text);
                Content::Rewritten {
                    index: index(self.document.rewritten.len() - 1),
                    plain,
                }
            }
        }
    }

    /// Adds a value to the document.
    pub(super) fn finish(
        &mut self,
        mut content: Content,
        start: usize,
        properties: Properties<'t>,
    ) -> Result<NodeId, Error> {
        if let (Content::Verbatim { plain, .. } | Content::Rewritten { plain, .. }, Some(tag)) =
            (&mut content, properties.tag)
        {
            *plain = match tag {
                Tag::Text => false,
                Tag::Plain => true,
                Tag::Other => *plain,
            };
        }
        self.bytes += self.own_bytes(content);
        if let Some(weights) = &self.weights {
            let weight = self.weight(content, weights);
            if weight > self.bytes + MAX_ALIAS_BYTES {
                return Err(self.error_at(start, Problem::AliasExpansion));
            }
            self.weights.get_or_insert_default().push(weight);
        }
        if self.document.nodes.len() >= MAX_VALUES {
            return Err(self.error_at(start, Problem::TooManyValues));
        }
        let id = index(self.document.nodes.len());
        self.document.nodes.push(Node {
            content,
            start: index(start),
        });
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor, Some(id));
        }
        Ok(id)
    }

    /// Bytes of a scalar, or one for a collection.
    fn own_bytes(&self, content: Content) -> u64 {
        match content {
            Content::Verbatim { start, end, .. } => u64::from(end - start) + 1,
            Content::Rewritten { index, .. } => self.document.rewritten[index as usize].len() as u64 + 1,
            Content::Sequence { .. } | Content::Mapping { .. } => 1,
        }
    }

    /// Bytes that a value would have with its aliases written out, given those of the values before it.
    fn weight(&self, content: Content, weights: &[u64]) -> u64 {
        let members = match content {
            Content::Sequence { first, end } | Content::Mapping { first, end } => {
                first as usize..end as usize
            }
            Content::Verbatim { .. } | Content::Rewritten { .. } => 0..0,
        };
        let members = self.document.children[members]
            .iter()
            .map(|id| weights[*id as usize]);
        members.fold(self.own_bytes(content), u64::saturating_add)
    }

    /// Closes the sequence whose items are open from `first` on.
    pub(super) fn close_sequence(&mut self, first: usize) -> Content {
        let start = self.document.children.len();
        self.document.children.extend(self.open.drain(first..));
        let (first, end) = self.range(start);
        Content::Sequence { first, end }
    }

    /// Closes the mapping whose keys and values are open from `first` on: merges, and refuses duplicate keys.
    pub(super) fn close_mapping(&mut self, first: usize) -> Result<Content, Error> {
        let start = self.document.children.len();
        for pair in (first..self.open.len()).step_by(2) {
            let (key, value) = (self.open[pair], self.open[pair + 1]);
            if let Some(key) = self.own_key(key)? {
                self.document.children.extend([key, value]);
            } else {
                let Content::Mapping { first, end } = self.document.node(value).content else {
                    let found = self.document.kind(value);
                    return Err(self.error_at_node(key, Problem::MergeValue { found }));
                };
                // A child is counted like a value: merging a large mapping often must not go unnoticed.
                let merged = first as usize..end as usize;
                self.document.children.extend_from_within(merged);
                if self.document.children.len() > 2 * MAX_VALUES {
                    return Err(self.error_at_node(key, Problem::TooManyValues));
                }
            }
        }
        self.open.truncate(first);
        self.refuse_duplicates(start)?;
        let (first, end) = self.range(start);
        Ok(Content::Mapping { first, end })
    }

    fn range(&self, start: usize) -> (u32, u32) {
        (index(start), index(self.document.children.len()))
    }

    /// The key as text; `None` when it merges another mapping.
    fn own_key(&mut self, key: NodeId) -> Result<Option<NodeId>, Error> {
        let not_text = |found: &str| Err(self.error_at_node(key, Problem::KeyNotText(found.to_owned())));
        let Some(scalar) = self.document.scalar(self.document.node(key).content) else {
            return not_text(self.document.kind(key));
        };
        let text = match (scalar.resolve(), self.keys) {
            (Resolved::Text, _) if scalar.plain && scalar.text == "<<" => return Ok(None),
            (Resolved::Text, _) => return Ok(Some(key)),
            (Resolved::Null, Keys::Text) => return not_text("null"),
            (_, Keys::Text) => return not_text(scalar.text),
            (Resolved::Null, Keys::Scalar) => "null".to_owned(),
            (_, Keys::Scalar) => scalar.text().into_owned(),
        };
        // The scalar itself may also be the value that an alias means.
        let content = self.scalar(Characters::Rewritten(text), false);
        let start = self.document.node(key).start as usize;
        self.finish(content, start, Properties::default()).map(Some)
    }

    fn refuse_duplicates(&self, start: usize) -> Result<(), Error> {
        let keys = || self.document.children[start..].iter().step_by(2).copied();
        let duplicate = |key: NodeId, first: NodeId| {
            let first = Span::of_offset(self.cursor.text, self.document.node(first).start as usize);
            Err(self.error_at_node(
                key,
                Problem::DuplicateKey {
                    key: self.key_text(key).to_owned(),
                    first,
                },
            ))
        };
        if (self.document.children.len() - start) / 2 <= FEW_KEYS {
            let mut seen = [""; FEW_KEYS];
            for (index, key) in keys().enumerate() {
                let text = self.key_text(key);
                if let Some(first) = seen[..index].iter().position(|other| *other == text) {
                    return duplicate(key, self.document.children[start + 2 * first]);
                }
                seen[index] = text;
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
        let scalar = self.document.scalar(self.document.node(key).content);
        scalar.map_or("", |scalar| scalar.text)
    }

    fn is_empty(&self, root: NodeId) -> bool {
        let scalar = self.document.scalar(self.document.node(root).content);
        scalar.is_some_and(|scalar| scalar.plain && scalar.text.is_empty())
    }

    /// A grammar error at the cursor.
    pub(super) fn syntax(&self, message: &'static str) -> Error {
        self.error(Problem::Syntax(message))
    }

    pub(super) fn error(&self, problem: Problem) -> Error {
        self.error_at(self.cursor.at, problem)
    }

    fn error_at_node(&self, id: NodeId, problem: Problem) -> Error {
        self.error_at(self.document.node(id).start as usize, problem)
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

/// A byte offset or a position among values.
fn index(at: usize) -> u32 {
    // INVARIANT: texts are bounded by MAX_BYTES, values and children by a small multiple of MAX_VALUES.
    u32::try_from(at).unwrap_or(u32::MAX)
}
