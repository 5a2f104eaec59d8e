//! What Rust values are as JSON: a tree, or text at once.

mod key;
mod members;
#[cfg(test)]
mod tests;
mod text;
mod tree;

pub(super) use self::text::TextSerializer;
pub(super) use self::tree::ValueSerializer;

use super::{Error, ErrorKind};

fn unrepresentable(what: &str) -> Error {
    Error::new(ErrorKind::Unrepresentable(what.to_owned()))
}
