//! A parsed document: values in one arena, read through light handles.

use std::borrow::Cow;

use super::{
    error::{Location, Span},
    scalar,
};

/// Index of a value in its document.
pub(super) type NodeId = u32;

/// A value as parsed.
#[derive(Debug)]
pub(super) struct Node<'t> {
    pub(super) content: Content<'t>,
    /// Byte offset of the first character.
    pub(super) start: u32,
    /// Bytes the value would have with its aliases written out.
    pub(super) weight: u64,
}

/// Children of a collection are ranges of [`Document::children`]; those of a mapping alternate key and value.
#[derive(Debug)]
pub(super) enum Content<'t> {
    Scalar { text: Cow<'t, str>, plain: bool },
    Sequence { first: u32, end: u32 },
    Mapping { first: u32, end: u32 },
}

/// A parsed YAML document. Values borrow from the text where they can.
#[derive(Debug)]
pub struct Document<'t> {
    pub(super) text: &'t str,
    pub(super) nodes: Vec<Node<'t>>,
    pub(super) children: Vec<NodeId>,
    pub(super) root: Option<NodeId>,
}

impl Document<'_> {
    /// The value of the document; `None` when it has no content. An explicit `null` is content.
    #[must_use]
    pub fn root(&self) -> Option<Value<'_>> {
        self.root.map(|id| Value { document: self, id })
    }

    pub(super) fn node(&self, id: NodeId) -> &Node<'_> {
        &self.nodes[id as usize]
    }
}

/// A value of a [`Document`].
#[derive(Clone, Copy, Debug)]
pub struct Value<'d> {
    document: &'d Document<'d>,
    id: NodeId,
}

impl<'d> Value<'d> {
    fn node(self) -> &'d Node<'d> {
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
        self.as_scalar().is_some_and(scalar::Scalar::is_null)
    }

    pub(super) fn as_scalar(self) -> Option<scalar::Scalar<'d>> {
        match &self.node().content {
            Content::Scalar { text, plain } => Some(scalar::Scalar { text, plain: *plain }),
            Content::Sequence { .. } | Content::Mapping { .. } => None,
        }
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
            Content::Scalar { .. } | Content::Mapping { .. } => None,
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
            Content::Scalar { .. } | Content::Sequence { .. } => None,
        }
    }

    /// What kind of value this is, in words for an error.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match &self.node().content {
            Content::Scalar { text, plain } => scalar::Scalar { text, plain: *plain }.resolve().kind(),
            Content::Sequence { .. } => "a list",
            Content::Mapping { .. } => "a mapping",
        }
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
