//! From values to types: records with known keys, scalars, lists.

use std::borrow::Cow;

use gait_artifact::suggest::nearest;

use super::{
    document::{Document, Entries, Value},
    error::{Error, Problem, push_index, push_key},
    scalar::Scalar,
};

/// What happens to keys a record does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownKeys {
    /// They are an error.
    #[default]
    Refuse,
    /// They are skipped.
    Ignore,
}

/// The way from the root to a value, kept on the stack and written out only for errors.
#[derive(Clone, Copy, Debug)]
pub struct Place<'p> {
    parent: Option<&'p Place<'p>>,
    step: Step<'p>,
    unknown: UnknownKeys,
}

#[derive(Clone, Copy, Debug)]
enum Step<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl Place<'_> {
    /// The root of a document.
    #[must_use]
    pub fn root(unknown: UnknownKeys) -> Self {
        Self {
            parent: None,
            step: Step::Root,
            unknown,
        }
    }

    /// The value of a key in the mapping here.
    #[must_use]
    pub fn key<'c>(&'c self, key: &'c str) -> Place<'c> {
        Place {
            parent: Some(self),
            step: Step::Key(key),
            unknown: self.unknown,
        }
    }

    /// An item of the list here.
    #[must_use]
    pub fn index(&self, index: usize) -> Place<'_> {
        Place {
            parent: Some(self),
            step: Step::Index(index),
            unknown: self.unknown,
        }
    }

    /// The path in the form `rules[3].match.tool_names`; empty at the root.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = self.parent.map(Place::path).unwrap_or_default();
        match self.step {
            Step::Root => {}
            Step::Key(key) => push_key(&mut path, key),
            Step::Index(index) => push_index(&mut path, index),
        }
        path
    }

    fn error(&self, value: Value<'_>, problem: Problem) -> Error {
        Error {
            location: value.location(self.path()),
            problem,
        }
    }

    fn wrong_type(&self, value: Value<'_>, wanted: &'static str) -> Error {
        self.error(
            value,
            Problem::Type {
                wanted,
                found: value.kind(),
            },
        )
    }

    /// The entries of a mapping.
    pub fn entries<'d>(&self, value: Value<'d>) -> Result<Entries<'d>, Error> {
        value.entries().ok_or_else(|| self.wrong_type(value, "a mapping"))
    }

    /// The items of a list.
    pub fn items<'d>(
        &self,
        value: Value<'d>,
    ) -> Result<impl ExactSizeIterator<Item = Value<'d>> + Clone + use<'d>, Error> {
        value.items().ok_or_else(|| self.wrong_type(value, "a list"))
    }

    /// The value of a key of the mapping here; the default when it is null.
    pub fn member<'d, T: Read<'d>>(&self, key: &str, value: Value<'d>) -> Result<T, Error> {
        let mut member = T::default();
        self.member_into(&mut member, key, value)?;
        Ok(member)
    }

    /// [`Place::member`] into a field that is at its default.
    pub fn member_into<'d, T: Read<'d>>(
        &self,
        field: &mut T,
        key: &str,
        value: Value<'d>,
    ) -> Result<(), Error> {
        if value.is_null() {
            Ok(())
        } else {
            field.read_into(value, &self.key(key))
        }
    }

    /// Refuses a key, unless unknown keys are ignored.
    pub fn unknown(&self, key: &str, at: Value<'_>, known: &'static [&'static str]) -> Result<(), Error> {
        match self.unknown {
            UnknownKeys::Ignore => Ok(()),
            UnknownKeys::Refuse => {
                let nearest = nearest(key, known.iter().copied());
                Err(self.key(key).error(at, Problem::UnknownKey { nearest, known }))
            }
        }
    }

    fn scalar<'d>(&self, value: Value<'d>, wanted: &'static str) -> Result<Scalar<'d>, Error> {
        value.as_scalar().ok_or_else(|| self.wrong_type(value, wanted))
    }
}

/// A type that can be read from a value. Null never gets here: it means the default.
pub trait Read<'d>: Default {
    /// Reads a value that is not null.
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error>;

    /// [`Read::read`] into a default. Large records are filled where they are instead of being moved there.
    fn read_into(&mut self, value: Value<'d>, place: &Place<'_>) -> Result<(), Error> {
        *self = Self::read(value, place)?;
        Ok(())
    }
}

impl<'t> Document<'t> {
    /// Reads the root. A document without content is the default; an explicit `null` is not a mapping.
    pub fn read<'d, T: Read<'d>>(&'d self, unknown: UnknownKeys) -> Result<T, Error>
    where
        't: 'd,
    {
        self.root()
            .map_or_else(|| Ok(T::default()), |root| T::read(root, &Place::root(unknown)))
    }
}

impl<'d> Read<'d> for bool {
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error> {
        let scalar = place.scalar(value, "true or false")?;
        scalar.boolean().map_err(|problem| place.error(value, problem))
    }
}

impl<'d> Read<'d> for i64 {
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error> {
        let scalar = place.scalar(value, "an integer")?;
        scalar.integer().map_err(|problem| place.error(value, problem))
    }
}

impl<'d> Read<'d> for f64 {
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error> {
        let scalar = place.scalar(value, "a number")?;
        scalar.float().map_err(|problem| place.error(value, problem))
    }
}

/// Text; numbers and booleans in their canonical form.
impl<'d> Read<'d> for Cow<'d, str> {
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error> {
        Ok(place.scalar(value, "text")?.text())
    }
}

impl<'d, T: Read<'d>> Read<'d> for Box<T> {
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error> {
        T::read(value, place).map(Box::new)
    }
}

/// A value that remembers whether and where it was given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Given<'d, T> {
    /// The value; the default when not given.
    pub value: T,
    source: Option<Value<'d>>,
}

impl<'d, T> Given<'d, T> {
    /// Whether the document has a value other than null here.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.source.is_some()
    }

    /// The value in the document, when given.
    #[must_use]
    pub fn source(&self) -> Option<Value<'d>> {
        self.source
    }

    /// Reads an item of a list; null means the default, but has its place all the same.
    pub fn item(item: Value<'d>, place: &Place<'_>) -> Result<Self, Error>
    where
        T: Read<'d>,
    {
        let mut given = Self {
            value: T::default(),
            source: Some(item),
        };
        if !item.is_null() {
            given.value.read_into(item, place)?;
        }
        Ok(given)
    }

    /// The value, when given.
    #[must_use]
    pub fn given(&self) -> Option<&T> {
        self.source.map(|_| &self.value)
    }
}

impl<'d, T: Read<'d>> Read<'d> for Given<'d, T> {
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error> {
        Ok(Self {
            value: T::read(value, place)?,
            source: Some(value),
        })
    }

    fn read_into(&mut self, value: Value<'d>, place: &Place<'_>) -> Result<(), Error> {
        self.source = Some(value);
        self.value.read_into(value, place)
    }
}

/// A list of values. Null items are defaults.
impl<'d, T: Read<'d>> Read<'d> for Vec<Given<'d, T>> {
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error> {
        let items = place.items(value)?.enumerate();
        items
            .map(|(index, item)| Given::item(item, &place.index(index)))
            .collect()
    }
}

/// A list of texts, checked but not copied.
#[derive(Clone, Copy, Debug, Default)]
pub struct Texts<'d>(Option<Value<'d>>);

impl<'d> Texts<'d> {
    /// The texts with their places, without null items.
    pub fn iter(&self) -> impl Iterator<Item = (Cow<'d, str>, Value<'d>)> + use<'d> {
        let items = self.0.and_then(Value::items).into_iter().flatten();
        items.filter_map(|item| {
            let scalar = item.as_scalar().filter(|scalar| !scalar.is_null())?;
            Some((scalar.text(), item))
        })
    }

    /// The texts, in a list that has room for no more.
    #[must_use]
    pub fn to_vec(&self) -> Vec<String> {
        let Some(items) = self.0.and_then(Value::items) else {
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(items.len());
        for (text, _) in self.iter() {
            texts.push(text.into_owned());
        }
        texts
    }

    /// Whether the document has a list here.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// The list in the document, when given.
    #[must_use]
    pub fn source(&self) -> Option<Value<'d>> {
        self.0
    }
}

impl<'d> Read<'d> for Texts<'d> {
    fn read(value: Value<'d>, place: &Place<'_>) -> Result<Self, Error> {
        let items = value
            .items()
            .ok_or_else(|| place.wrong_type(value, "a list of texts"))?;
        for (index, item) in items.enumerate() {
            place.index(index).scalar(item, "text")?;
        }
        Ok(Self(Some(value)))
    }
}

/// Declares a record: a mapping with known keys, each with its field.
macro_rules! record {
    ($(#[$doc:meta])* $vis:vis struct $name:ident<$d:lifetime> {
        $($(#[$field_doc:meta])* $field:ident: $type:ty = $key:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        $vis struct $name<$d> {
            $($(#[$field_doc])* $vis $field: $type,)+
        }

        impl<$d> $crate::yaml::Read<$d> for $name<$d> {
            fn read(
                value: $crate::yaml::Value<$d>,
                place: &$crate::yaml::Place<'_>,
            ) -> Result<Self, $crate::yaml::Error> {
                let mut record = Self::default();
                record.read_into(value, place)?;
                Ok(record)
            }

            fn read_into(
                &mut self,
                value: $crate::yaml::Value<$d>,
                place: &$crate::yaml::Place<'_>,
            ) -> Result<(), $crate::yaml::Error> {
                const KEYS: &[&str] = &[$($key),+];
                for (key, at, value) in place.entries(value)? {
                    match key {
                        $($key => place.member_into(&mut self.$field, key, value)?,)+
                        _ => place.unknown(key, at, KEYS)?,
                    }
                }
                Ok(())
            }
        }
    };
}
pub(crate) use record;
