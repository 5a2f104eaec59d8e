//! The texts in a result and in arguments, at any depth.

use gait_canon::json::{Kind, Object, Part, Value, compact};

use super::fingerprint::TOKEN;

/// A text of a result.
pub(super) enum Told<'d> {
    /// Text that a model reads.
    Text(&'d str),
    /// Encoded bytes, which come back whole or not at all.
    Bytes(&'d str),
}

/// Tells `tell` every text of a result, the names of members included: they may be data, too.
pub(super) fn result<'d>(result: Part<'d>, tell: &mut impl FnMut(Told<'d>)) {
    let mut left = vec![result];
    while let Some(part) = left.pop() {
        match part.kind() {
            Kind::String => tell(Told::Text(part.as_str().unwrap_or_default())),
            Kind::Number => {
                let digits = part.raw();
                if digits.len() >= TOKEN {
                    tell(Told::Text(digits));
                }
            }
            Kind::Array => left.extend(part.items()),
            Kind::Object => {
                for (name, member) in part.members() {
                    if let Some(bytes) = bytes(part, name, member) {
                        tell(Told::Bytes(bytes));
                    } else {
                        tell(Told::Text(name));
                        left.push(member);
                    }
                }
            }
            Kind::Null | Kind::Bool => {}
        }
    }
}

/// The bytes of an image, of sound or of a resource. What only claims to be that is text.
fn bytes<'d>(of: Part<'d>, name: &str, member: Part<'d>) -> Option<&'d str> {
    let is_media = || {
        let kind = of.get("type").and_then(Part::as_str);
        matches!(kind, Some("image" | "audio")) && of.get("mimeType").is_some()
    };
    let may_be = match name {
        "blob" => of.get("uri").is_some(),
        "data" => is_media(),
        _ => false,
    };
    let text = member.as_str().filter(|_| may_be)?;
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    text.bytes().all(is_base64).then_some(text)
}

/// A text of arguments.
pub(super) enum Sent<'a> {
    /// A value.
    Value(&'a str),
    /// The name of a member. The tool's schema decides what most of them are, so only passages say something.
    Name(&'a str),
}

/// Tells `tell` every text of `arguments` with the place where it stands, in order, until that is enough.
pub(super) fn arguments(arguments: &Object, tell: &mut impl FnMut(Place<'_>, Sent<'_>) -> bool) {
    let mut left = Vec::new();
    let begin = Vec::new();
    push(arguments, &begin, &mut left);
    while let Some((steps, value)) = left.pop() {
        let place = Place(&steps);
        if let Some(Step::Member(name)) = steps.last()
            && !tell(Place(&steps), Sent::Name(name))
        {
            return;
        }
        let goes_on = match value {
            Value::String(text) => tell(place, Sent::Value(text)),
            Value::Number(number) if number.as_str().len() >= TOKEN => {
                tell(place, Sent::Value(number.as_str()))
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate().rev() {
                    left.push((below(&steps, Step::Item(index)), item));
                }
                true
            }
            Value::Object(object) => {
                push(object, &steps, &mut left);
                true
            }
            _ => true,
        };
        if !goes_on {
            return;
        }
    }
}

fn push<'a>(object: &'a Object, steps: &[Step<'a>], left: &mut Vec<(Vec<Step<'a>>, &'a Value)>) {
    let begin = left.len();
    left.extend(
        object
            .iter()
            .map(|(name, value)| (below(steps, Step::Member(name)), value)),
    );
    left[begin..].reverse();
}

fn below<'a>(steps: &[Step<'a>], step: Step<'a>) -> Vec<Step<'a>> {
    let mut below = Vec::with_capacity(steps.len() + 1);
    below.extend_from_slice(steps);
    below.push(step);
    below
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

/// Where in the arguments a text stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a>(&'a [Step<'a>]);

impl Place<'_> {
    /// The place as a path: `$.a.b[0]`, and `$["c d"]` where a name is no word.
    pub(super) fn path(self) -> String {
        let mut path = "$".to_owned();
        for step in self.0 {
            match step {
                Step::Item(index) => {
                    path.push('[');
                    path += &index.to_string();
                    path.push(']');
                }
                Step::Member(name) if is_word(name) => {
                    path.push('.');
                    path += name;
                }
                Step::Member(name) => {
                    path.push('[');
                    path += &compact(&Value::from(*name));
                    path.push(']');
                }
            }
        }
        path
    }
}

fn is_word(name: &str) -> bool {
    let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && !name.as_bytes()[0].is_ascii_digit() && name.bytes().all(is_of_word)
}
