//! A parsed document: values in one arena, read through light handles.

use super::{
    error::{Location, Span},
    scalar::Scalar,
};

/// Index of a value in its document.
pub(super) type NodeId = u32;

/// A value as parsed. A large policy has tens of thousands, so every byte counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    /// Byte offset of the first character.
    pub(super) start: u32,
}

/// Scalars refer to text, collections to a range of [`Document::children`], in which those of a mapping alternate key
/// and value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// The bytes of the document from `start` to `end`, as they stand.
    Verbatim {
        start: u32,
        end: u32,
        plain: bool,
    },
    /// One of [`Document::rewritten`].
    Rewritten {
        index: u32,
        plain: bool,
    },
    Sequence {
        first: u32,
        end: u32,
    },
    Mapping {
        first: u32,
        end: u32,
    },
}

/// A parsed YAML document. Values borrow from the text where they can.
#[derive(Debug)]
pub struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) nodes: Vec<Node>,
    pub(super) children: Vec<NodeId>,
    /// Texts of scalars that are folded or have escapes.
    pub(super) rewritten: Vec<String>,
    pub(super) root: Option<NodeId>,
}

impl Document<'_> {
    /// The value of the document; `None` when it has no content. An explicit `null` is content.
    #[must_use]
    pub fn root(&self) -> Option<Value<'_>> {
        self.root.map(|id| Value { document: self, id })
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    pub(super) fn scalar(&self, content: Content) -> Option<Scalar<'_>> {
        let (text, plain) = match content {
            Content::Verbatim { start, end, plain } => (&self.text[start as usize..end as usize], plain),
            Content::Rewritten { index, plain } => (self.rewritten[index as usize].as_str(), plain),
            Content::Sequence { .. } | Content::Mapping { .. } => return None,
        };
        Some(Scalar { text, plain })
    }

    /// What kind of value this is, in words for an error.
    pub(super) fn kind(&self, id: NodeId) -> &'static str {
        let content = self.node(id).content;
        match (self.scalar(content), content) {
            (Some(scalar), _) => scalar.resolve().kind(),
            (None, Content::Mapping { .. }) => "a mapping",
            (None, _) => "a list",
        }
    }
}

/// A value of a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Value<'d> {
    document: &'d Document<'d>,
    id: NodeId,
}

impl<'d> Value<'d> {
    fn node(self) -> &'d Node {
        self.document.node(self.id)
    }

    /// Where the value begins. An alias is where its anchor is. Costs a pass over the text before it.
    #[must_use]
    pub fn span(self) -> Span {
        Span::of_offset(self.document.text, self.node().start as usize)
    }

    /// The value's place together with the path that leads there.
    #[must_use]
    pub fn location(self, path: String) -> Location {
        Location {
            path,
            span: self.span(),
        }
    }

    /// Whether this is `null`, `~` or nothing.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.as_scalar().is_some_and(Scalar::is_null)
    }

    pub(super) fn as_scalar(self) -> Option<Scalar<'d>> {
        self.document.scalar(self.node().content)
    }

    /// The items of a sequence.
    #[must_use]
    pub fn items(self) -> Option<impl ExactSizeIterator<Item = Value<'d>> + Clone> {
        match self.node().content {
            Content::Sequence { first, end } => {
                let document = self.document;
                let ids = &document.children[first as usize..end as usize];
                Some(ids.iter().map(move |id| Value { document, id: *id }))
            }
            Content::Verbatim { .. } | Content::Rewritten { .. } | Content::Mapping { .. } => None,
        }
    }

    /// The entries of a mapping in document order, merged ones in the place of their `<<`. Keys are unique.
    #[must_use]
    pub fn entries(self) -> Option<Entries<'d>> {
        match self.node().content {
            Content::Mapping { first, end } => Some(Entries {
                document: self.document,
                ids: self.document.children[first as usize..end as usize].chunks_exact(2),
            }),
            Content::Verbatim { .. } | Content::Rewritten { .. } | Content::Sequence { .. } => None,
        }
    }

    /// What kind of value this is, in words for an error.
    #[must_use]
    pub fn kind(self) -> &'static str {
        self.document.kind(self.id)
    }
}

/// Entries of a mapping: the key, where it stands, and the value.
#[derive(Clone, Debug)]
pub struct Entries<'d> {
    document: &'d Document<'d>,
    ids: std::slice::ChunksExact<'d, NodeId>,
}

impl<'d> Iterator for Entries<'d> {
    type Item = (&'d str, Value<'d>, Value<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        let [key, value] = self.ids.next()? else {
            return None;
        };
        let key = Value {
            document: self.document,
            id: *key,
        };
        let text = key.as_scalar().map_or("", |scalar| scalar.text);
        Some((
            text,
            key,
            Value {
                document: self.document,
                id: *value,
            },
        ))
    }
}
