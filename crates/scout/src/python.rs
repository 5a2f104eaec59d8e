//! Python sources: which functions an agent framework calls as tools, by patterns in the text.

use std::collections::BTreeSet;

use gait_artifact::text;
use memchr::memmem;

use crate::item::Item;

/// What a file that hands tools to `LangChain` holds somewhere.
const LANGCHAIN_TEXTS: [&str; 2] = ["StructuredTool.from_function", "Tool("];
/// What a file that hands tools to the `OpenAI` Agents SDK holds somewhere.
const OPENAI_TEXTS: [&str; 3] = ["from agents import", "openai.agents", "tools=["];

/// The tools of a source: once per framework whose marks it bears.
///
/// Every function of such a file counts, and where none is defined, the file itself under the name `stem`, if it has one.
pub(crate) fn tools(source: &[u8], stem: &str, locator: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut names = definitions(source);
    if names.is_empty() && !text::is_blank(stem) {
        names.insert(stem.to_owned());
    }
    if has_decorator(source, b"@tool") || holds_any(source, &LANGCHAIN_TEXTS) {
        items.extend(names.iter().map(|name| Item::tool("langchain", name, locator)));
    }
    if has_decorator(source, b"@function_tool") || holds_any(source, &OPENAI_TEXTS) {
        names.extend(assigned_names(source));
        items.extend(
            names
                .iter()
                .map(|name| Item::tool("openai_agents", name, locator)),
        );
    }
    items
}

fn holds_any(source: &[u8], texts: &[&str]) -> bool {
    texts
        .iter()
        .any(|text| memmem::find(source, text.as_bytes()).is_some())
}

/// The names of the functions that are defined with a plain `def`.
fn definitions(source: &[u8]) -> BTreeSet<String> {
    memmem::find_iter(source, b"def")
        .filter(|&at| begins_line(source, at))
        .filter_map(|at| {
            let rest = skip_white(&source[at + 3..])?;
            let length = rest.iter().take_while(|byte| is_word(**byte)).count();
            let (name, rest) = rest.split_at(length);
            let named = !name.is_empty() && !name[0].is_ascii_digit();
            let rest = skip_white(rest).unwrap_or(rest);
            (named && rest.first() == Some(&b'(')).then(|| text_of(name))
        })
        .collect()
}

/// Whether a line consists of `decorator`, or goes on with `(` behind it.
fn has_decorator(source: &[u8], decorator: &[u8]) -> bool {
    memmem::find_iter(source, decorator)
        .filter(|&at| begins_line(source, at))
        .any(|at| {
            let rest = &source[at + decorator.len()..];
            let rest = skip_white_in_line(rest);
            matches!(rest.first(), None | Some(b'\n' | b'('))
        })
}

/// The quoted names assigned to something that ends in `name`.
fn assigned_names(source: &[u8]) -> impl Iterator<Item = String> {
    memmem::find_iter(source, b"name").filter_map(|at| {
        let rest = &source[at + 4..];
        let rest = skip_white(rest).unwrap_or(rest).strip_prefix(b"=")?;
        let rest = skip_white(rest).unwrap_or(rest);
        let (b'"' | b'\'', rest) = rest.split_first()? else {
            return None;
        };
        let is_named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
        let length = rest.iter().take_while(|byte| is_named(**byte)).count();
        let closed = matches!(rest.get(length), Some(b'"' | b'\''));
        (length > 0 && closed).then(|| text_of(&rest[..length]))
    })
}

/// Whether only white space stands before `at` on its line.
fn begins_line(source: &[u8], at: usize) -> bool {
    let before = source[..at].iter().rev().take_while(|byte| **byte != b'\n');
    before.into_iter().all(|byte| is_white(*byte))
}

/// What follows the white space that `text` begins with; nothing when it does not begin with any.
fn skip_white(text: &[u8]) -> Option<&[u8]> {
    let length = text.iter().take_while(|byte| is_white(**byte)).count();
    (length > 0).then(|| &text[length..])
}

fn skip_white_in_line(text: &[u8]) -> &[u8] {
    let length = text
        .iter()
        .take_while(|byte| is_white(**byte) && **byte != b'\n')
        .count();
    &text[length..]
}

const fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn text_of(ascii: &[u8]) -> String {
    ascii.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(source: &str) -> Vec<String> {
        tools(source.as_bytes(), "stem", "stem.py")
            .into_iter()
            .map(|item| item.id)
            .collect()
    }

    #[test]
    fn frameworks_leave_marks() {
        for (source, framework) in [
            ("@tool\ndef f(): pass", Some("langchain")),
            ("    @tool   \r\n    def f (x): pass", Some("langchain")),
            ("@tool('x')\ndef f(): pass", Some("langchain")),
            ("@tool", Some("langchain")),
            ("class MyTool(Base):\n  def f(self): pass", Some("langchain")),
            ("x = StructuredTool.from_function(f)", Some("langchain")),
            ("@function_tool\ndef f(): pass", Some("openai_agents")),
            ("# we mention openai.agents", Some("openai_agents")),
            ("Agent(tools=[f])", Some("openai_agents")),
            ("# @tool\n@toolbox\ndef f(): pass", None),
            ("x = 1 @tool", None),
            ("def f(): pass", None),
        ] {
            let found = ids(source);
            let expected: Vec<_> = framework
                .map(|name| {
                    format!(
                        "tool:framework:{name}:{}",
                        if source.contains("def f") { "f" } else { "stem" }
                    )
                })
                .into_iter()
                .collect();
            assert_eq!(found, expected, "{source}");
        }
    }

    #[test]
    fn only_plain_definitions_count() {
        let source = "@tool\nasync def a(): pass\n  def b  (x): pass\ndef c_1(\ndef größe(): pass\ndef 1x(): pass\n\
                      xdef d(): pass\ndef\te(): pass\ndef f: pass\n\x0cdef g(): pass";
        assert_eq!(
            ids(source),
            ["b", "c_1", "e", "g"].map(|name| format!("tool:framework:langchain:{name}"))
        );
    }

    #[test]
    fn names_may_be_assigned() {
        let source = "from agents import x\na(name=\"acme.sync\", tool_name = 'stripe:refund')\nfilename='f-1\"\n\
                      name=''\nname='a b'\nname=x\nname='open";
        let found: Vec<_> = tools(source.as_bytes(), "stem", "stem.py")
            .into_iter()
            .map(|item| item.name)
            .collect();
        assert_eq!(found, ["acme.sync", "f-1", "stem", "stripe:refund"]);
    }

    proptest! {
        #[test]
        fn no_source_panics(source in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = tools(&source, "stem", "stem.py");
        }
    }
}
