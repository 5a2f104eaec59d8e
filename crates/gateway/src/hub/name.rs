//! Names of servers, and the names under which their tools and prompts are shown.

use std::fmt;

/// What stands between the name of a server and the name of what it offers.
const SEPARATOR: &str = "__";
/// Bytes of a server's name.
const MAX_SERVER_NAME: usize = 32;
/// Characters that the name of a tool may have.
const MAX_NAME: usize = 128;

/// The name of a server: 1 to 32 of `A-Z a-z 0-9 _ -`, without `__` and without `_` at its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerName(String);

/// A text that cannot name a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidServerName {
    /// It is empty or too long.
    #[error("the server name {0:?} must have 1 to {MAX_SERVER_NAME} characters")]
    Length(String),
    /// It has a character that names may not have.
    #[error("the server name {0:?} may only have letters, digits, _ and -")]
    Character(String),
    /// It could not be told from what follows it.
    #[error("the server name {0:?} must neither have __ nor end with _")]
    Separator(String),
}

impl ServerName {
    /// Takes `name` as the name of a server.
    pub fn new(name: &str) -> Result<Self, InvalidServerName> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > MAX_SERVER_NAME {
            return Err(InvalidServerName::Length(name.to_owned()));
        }
        if !name.bytes().all(is_allowed) {
            return Err(InvalidServerName::Character(name.to_owned()));
        }
        // With `a_` and `a`, `a___x` could be `a_` + `x` as well as `a` + `_x`.
        if name.contains(SEPARATOR) || name.ends_with('_') {
            return Err(InvalidServerName::Separator(name.to_owned()));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name under which clients see `name` of this server; none where that would be no valid name any more.
    #[must_use]
    pub fn qualify(&self, name: &str) -> Option<String> {
        let qualified = format!("{self}{SEPARATOR}{name}");
        (!name.is_empty() && qualified.chars().count() <= MAX_NAME).then_some(qualified)
    }

    /// The server's own name for what clients see as `shown`, if it is one of this server's.
    #[must_use]
    pub fn unqualify<'n>(&self, shown: &'n str) -> Option<&'n str> {
        let name = shown.strip_prefix(self.as_str())?.strip_prefix(SEPARATOR)?;
        (!name.is_empty()).then_some(name)
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_checked() {
        for (name, is_valid) in [
            ("a", true),
            ("files-2_x", true),
            ("_a", true),
            (&"a".repeat(32), true),
            (&"a".repeat(33), false),
            ("", false),
            ("a__b", false),
            ("a_", false),
            ("a.b", false),
            ("ä", false),
        ] {
            assert_eq!(ServerName::new(name).is_ok(), is_valid, "{name}");
        }
    }

    #[test]
    fn names_that_would_become_too_long_are_not_shown() {
        let server = ServerName::new("ab").unwrap();
        assert_eq!(server.qualify("read").as_deref(), Some("ab__read"));
        assert!(server.qualify(&"x".repeat(124)).is_some());
        assert_eq!(server.qualify(&"x".repeat(125)), None);
        assert_eq!(server.qualify(""), None);
        assert_eq!(server.unqualify("ab__"), None);
        assert_eq!(server.unqualify("a__read"), None);
    }

    proptest! {
        #[test]
        fn a_shown_name_belongs_to_one_server(
            one in "[a-z_-]{1,6}", other in "[a-z_-]{1,6}", name in "[a-z_]{1,8}"
        ) {
            let servers = ServerName::new(&one).ok().zip(ServerName::new(&other).ok());
            if let Some((one, other)) = servers.filter(|(one, other)| one != other) {
                let shown = one.qualify(&name).unwrap();
                prop_assert_eq!(one.unqualify(&shown), Some(name.as_str()));
                prop_assert_eq!(other.unqualify(&shown), None);
            }
        }
    }
}
