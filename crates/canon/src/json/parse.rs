//! The one parser: strict RFC 8259 and I-JSON (RFC 7493) text into a [`Tape`], without recursion.

use std::borrow::Cow;

use super::error::{ErrorKind, Fault};
use super::scan::plain_prefix;
use super::tape::{Node, Tape, Token};

/// What the parser lets pass beyond strict text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) max_depth: usize,
    pub(super) max_values: usize,
    pub(super) replace_lone_surrogates: bool,
    pub(super) allow_trailing: bool,
    pub(super) allow_duplicates: bool,
}

/// Objects up to this many members are checked for duplicate keys pair by pair; larger ones by sorting.
const PAIRWISE_MEMBERS: usize = 16;

/// Bytes of text for each node, typically; a guess that saves growing the list.
const BYTES_PER_NODE: usize = 16;

/// Parses one value.
pub(super) fn parse(text: &str, rules: Rules) -> Result<Tape<'_>, Fault> {
    Parser {
        text,
        at: 0,
        rules,
        nodes: Vec::with_capacity(text.len() / BYTES_PER_NODE + 1),
        open: Vec::new(),
        keys: Vec::new(),
    }
    .run()
}

struct Parser<'a> {
    text: &'a str,
    /// Bytes consumed.
    at: usize,
    rules: Rules,
    nodes: Vec<Node<'a>>,
    /// The arrays and objects around the current place, outermost first.
    open: Vec<Container>,
    /// Indices of the key nodes of all open objects.
    keys: Vec<usize>,
}

struct Container {
    node: usize,
    is_object: bool,
    len: usize,
    /// Where this object's keys start in `Parser::keys`.
    first_key: usize,
}

/// What has to follow.
enum Next {
    Value,
    AfterValue,
}

impl<'a> Parser<'a> {
    fn run(mut self) -> Result<Tape<'a>, Fault> {
        let mut next = Next::Value;
        loop {
            self.skip_blanks();
            next = match next {
                Next::Value => self.value()?,
                Next::AfterValue if self.open.is_empty() => return self.finish(),
                Next::AfterValue => self.after_item()?,
            };
        }
    }

    fn finish(self) -> Result<Tape<'a>, Fault> {
        if self.at < self.text.len() && !self.rules.allow_trailing {
            return Err(Fault::new(ErrorKind::TrailingBytes, self.at));
        }
        Ok(Tape { nodes: self.nodes })
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn push(&mut self, offset: usize, token: Token<'a>) {
        self.nodes.push(Node { offset, token });
    }

    fn value(&mut self) -> Result<Next, Fault> {
        let offset = self.at;
        self.count_one_more()?;
        match self.peek() {
            Some(b'{') => return self.open(true),
            Some(b'[') => return self.open(false),
            Some(b'"') => {
                let text = self.string()?;
                self.push(offset, Token::String(text));
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = self.number()?;
                self.push(offset, Token::Number(number));
            }
            Some(b't') => self.literal("true", Token::Bool(true))?,
            Some(b'f') => self.literal("false", Token::Bool(false))?,
            Some(b'n') => self.literal("null", Token::Null)?,
            _ => return Err(self.unexpected("a value")),
        }
        Ok(Next::AfterValue)
    }

    /// Refuses what would be one value or key too many.
    fn count_one_more(&self) -> Result<(), Fault> {
        let limit = self.rules.max_values;
        if self.nodes.len() >= limit {
            return Err(Fault::new(ErrorKind::TooManyValues { limit }, self.at));
        }
        Ok(())
    }

    fn literal(&mut self, word: &'static str, token: Token<'a>) -> Result<(), Fault> {
        let offset = self.at;
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return Err(self.unexpected(word));
            }
            self.at += 1;
        }
        self.push(offset, token);
        Ok(())
    }

    fn open(&mut self, is_object: bool) -> Result<Next, Fault> {
        if self.open.len() >= self.rules.max_depth {
            return Err(Fault::new(
                ErrorKind::TooDeep {
                    limit: self.rules.max_depth,
                },
                self.at,
            ));
        }
        let node = self.nodes.len();
        self.open.push(Container {
            node,
            is_object,
            len: 0,
            first_key: self.keys.len(),
        });
        // Replaced on closing, when length and end are known.
        self.push(self.at, Token::Null);
        self.at += 1;
        self.skip_blanks();
        match self.peek() {
            Some(b'}') if is_object => self.close(0),
            Some(b']') if !is_object => self.close(0),
            _ if is_object => self.key("a string key or `}`"),
            _ => Ok(Next::Value),
        }
    }

    /// A comma or the closing bracket behind an item.
    fn after_item(&mut self) -> Result<Next, Fault> {
        let Some(container) = self.open.last_mut() else {
            return Ok(Next::AfterValue);
        };
        container.len += 1;
        let (len, is_object) = (container.len, container.is_object);
        match (self.peek(), is_object) {
            (Some(b','), true) => {
                self.at += 1;
                self.skip_blanks();
                self.key("a string key")
            }
            (Some(b','), false) => {
                self.at += 1;
                Ok(Next::Value)
            }
            (Some(b'}'), true) | (Some(b']'), false) => self.close(len),
            (_, true) => Err(self.unexpected("`,` or `}`")),
            (_, false) => Err(self.unexpected("`,` or `]`")),
        }
    }

    fn key(&mut self, expected: &'static str) -> Result<Next, Fault> {
        let offset = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.unexpected(expected));
        }
        self.count_one_more()?;
        let text = self.string()?;
        self.keys.push(self.nodes.len());
        self.push(offset, Token::String(text));
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        Ok(Next::Value)
    }

    fn close(&mut self, len: usize) -> Result<Next, Fault> {
        self.at += 1;
        let end = self.nodes.len();
        if let Some(container) = self.open.pop() {
            self.nodes[container.node].token = if container.is_object {
                if !self.rules.allow_duplicates {
                    self.refuse_duplicates(container.first_key)?;
                }
                self.keys.truncate(container.first_key);
                Token::Object { len, end }
            } else {
                Token::Array { len, end }
            };
        }
        Ok(Next::AfterValue)
    }

    /// Refuses the first key that an earlier one of the same object equals.
    fn refuse_duplicates(&self, first_key: usize) -> Result<(), Fault> {
        let keys = &self.keys[first_key..];
        let text = |node: usize| match &self.nodes[node].token {
            Token::String(text) => text.as_ref(),
            _ => "",
        };
        let repeated = if keys.len() <= PAIRWISE_MEMBERS {
            (1..keys.len())
                .find(|&later| {
                    keys[..later]
                        .iter()
                        .any(|&earlier| text(earlier) == text(keys[later]))
                })
                .map(|later| keys[later])
        } else {
            let mut sorted = keys.to_vec();
            sorted.sort_unstable_by(|&a, &b| text(a).cmp(text(b)).then(a.cmp(&b)));
            sorted
                .windows(2)
                .filter(|pair| text(pair[0]) == text(pair[1]))
                .map(|pair| pair[1])
                .min()
        };
        match repeated {
            Some(node) => Err(Fault::new(
                ErrorKind::DuplicateKey(text(node).to_owned()),
                self.nodes[node].offset,
            )),
            None => Ok(()),
        }
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        // A leading zero stands alone: what follows it is not part of the number, hence refused by the caller.
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            Err(self.unexpected("a digit"))
        } else {
            Ok(())
        }
    }

    /// A string from its opening quote on; borrowed unless it has escapes.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let plain = self.plain_run();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut resolved = String::from(plain);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(resolved));
                }
                Some(b'\\') => resolved.push(self.escape()?),
                Some(control) => {
                    return Err(Fault::new(
                        ErrorKind::ControlCharacter(char::from(control)),
                        self.at,
                    ));
                }
                None => return Err(self.unexpected("`\"`")),
            }
            resolved.push_str(self.plain_run());
        }
    }

    /// The characters up to the next quote, backslash or control character.
    fn plain_run(&mut self) -> &'a str {
        let start = self.at;
        self.at += plain_prefix(&self.text.as_bytes()[start..]);
        &self.text[start..self.at]
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let named = self.text.as_bytes().get(start + 1);
        let character = match named {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(Fault::new(ErrorKind::InvalidEscape, start)),
        };
        self.at += 2;
        Ok(character)
    }

    /// A `\uXXXX` escape, or two of them that make a surrogate pair.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let unit = self
            .code_unit(start)
            .ok_or(Fault::new(ErrorKind::InvalidEscape, start))?;
        self.at += 6;
        if let Some(character) = char::from_u32(u32::from(unit)) {
            return Ok(character);
        }
        if let Some(low) = self.code_unit(self.at)
            && let Some(Ok(character)) = char::decode_utf16([unit, low]).next()
        {
            self.at += 6;
            return Ok(character);
        }
        if self.rules.replace_lone_surrogates {
            Ok(char::REPLACEMENT_CHARACTER)
        } else {
            Err(Fault::new(ErrorKind::LoneSurrogate, start))
        }
    }

    /// The UTF-16 code unit of the `\uXXXX` at `start`, if there is one.
    fn code_unit(&self, start: usize) -> Option<u16> {
        let digits = self.text.as_bytes().get(start..start + 6)?.strip_prefix(b"\\u")?;
        digits.iter().try_fold(0_u16, |unit, &digit| {
            let value = char::from(digit).to_digit(16)?;
            Some(unit << 4 | u16::try_from(value).ok()?)
        })
    }

    fn unexpected(&self, expected: &'static str) -> Fault {
        let kind = match self.text[self.at..].chars().next() {
            Some(found) => ErrorKind::UnexpectedCharacter { found, expected },
            None => ErrorKind::UnexpectedEnd { expected },
        };
        Fault::new(kind, self.at)
    }
}
