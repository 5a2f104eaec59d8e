//! Shell-style patterns.
//!
//! `*` is any run of characters but `/`, `?` one character but `/`, `[a-z]` and `[^x]` a class, and `\` takes the next
//! character literally. A pattern is held to the whole of a text. There is no `**`: it is two `*`.

/// A shell-style pattern.
#[derive(Debug, Clone)]
pub struct Shell(Vec<Token>);

#[derive(Debug, Clone)]
enum Token {
    Literal(char),
    AnyOne,
    AnyRun,
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

impl Token {
    fn accepts(&self, letter: char) -> bool {
        match self {
            Self::Literal(wanted) => *wanted == letter,
            Self::AnyOne => letter != '/',
            Self::AnyRun => false,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|(low, high)| (low..=high).contains(&&letter)) != *negated
            }
        }
    }
}

impl Shell {
    /// Reads `pattern`; nothing when it has an unfinished escape or class, or an empty one.
    #[must_use]
    pub fn new(pattern: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut letters = pattern.chars();
        while let Some(letter) = letters.next() {
            tokens.push(match letter {
                '*' => Token::AnyRun,
                '?' => Token::AnyOne,
                '[' => class(&mut letters)?,
                '\\' => Token::Literal(letters.next()?),
                other => Token::Literal(other),
            });
        }
        Some(Self(tokens))
    }

    /// Whether the whole of `text` matches. Takes at most the product of both lengths in steps.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut tokens = self.0.as_slice();
        let mut rest = text.chars();
        // Where to go on when the tokens after the last `*` don't fit: one more character goes to that `*`.
        let mut last_run: Option<(&[Token], std::str::Chars<'_>)> = None;
        loop {
            if let [Token::AnyRun, after @ ..] = tokens {
                last_run = Some((after, rest.clone()));
                tokens = after;
                continue;
            }
            let mut ahead = rest.clone();
            match (tokens, ahead.next()) {
                ([], None) => return true,
                ([token, after @ ..], Some(letter)) if token.accepts(letter) => {
                    tokens = after;
                    rest = ahead;
                }
                _ => {
                    let Some((after, skipped)) = &mut last_run else {
                        return false;
                    };
                    match skipped.next() {
                        None | Some('/') => return false,
                        Some(_) => {
                            tokens = after;
                            rest = skipped.clone();
                        }
                    }
                }
            }
        }
    }
}

/// Reads a class up to its `]`; the `[` is already taken.
fn class(letters: &mut std::str::Chars<'_>) -> Option<Token> {
    let negated = letters.as_str().starts_with('^');
    if negated {
        letters.next();
    }
    let mut ranges = Vec::new();
    while ranges.is_empty() || !letters.as_str().starts_with(']') {
        let low = class_letter(letters)?;
        let high = if letters.as_str().starts_with('-') {
            letters.next();
            class_letter(letters)?
        } else {
            low
        };
        ranges.push((low, high));
    }
    letters.next();
    Some(Token::Class { negated, ranges })
}

fn class_letter(letters: &mut std::str::Chars<'_>) -> Option<char> {
    match letters.next()? {
        '-' | ']' => None,
        '\\' => letters.next(),
        letter => Some(letter),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_are_held_to_the_whole_text() {
        for (pattern, text, matches) in [
            ("src/*/x.py", "src/a/x.py", true),
            ("src/*/x.py", "src/a/b/x.py", false),
            ("src/**/x.py", "src/a/x.py", true),
            ("*.py", "a/x.py", false),
            ("[!a]", "!", true),
            ("[!a]", "b", false),
            ("[^a]", "b", true),
            (r"\[a\]", "[a]", true),
            ("", "", true),
        ] {
            assert_eq!(
                Shell::new(pattern).unwrap().matches(text),
                matches,
                "{pattern} {text}"
            );
        }
        for malformed in ["[", "[]", "[a", "[a-", "[-a]", r"a\"] {
            assert!(Shell::new(malformed).is_none(), "{malformed}");
        }
    }

    proptest! {
        #[test]
        fn plain_text_matches_itself(text in "/[a-z.é]{1,8}") {
            prop_assert!(Shell::new(&text).is_some_and(|shell| shell.matches(&text)));
        }
    }
}
