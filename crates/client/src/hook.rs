//! The hook of Claude Code in its settings.
//!
//! A settings file holds, by event, groups of handlers. Installing adds a group of our own to each event; removing takes our
//! handlers out again and leaves those of others.

use gait_canon::json::{Document, Kind, Part};

use crate::error::{ConfigurationError, below};
use crate::json::{document, form};
use crate::server::is_gait;
use crate::splice::{Change, indentation, line_break, quoted, splice};

/// The event whose handler decides whether a tool runs.
pub const DECIDING_EVENT: &str = "PreToolUse";

const HOOKS: &str = "hooks";
/// No decision takes longer, in seconds.
const TIMEOUT: u32 = 30;

/// The handler that is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// This program and its arguments. Paths are absolute: the agent changes directories.
    pub command: Vec<String>,
    /// The events it handles.
    pub events: Vec<String>,
}

/// The settings `text` with `hook`; an absent file is an empty object. Events that run this program already stay as they are.
///
/// Where the handler decides, its failure blocks the tool (`onFailure`, Claude Code 2.1.295 and later; older versions
/// ignore the member).
pub fn installed(text: Option<&str>, hook: &Hook) -> Result<String, ConfigurationError> {
    let text = text.unwrap_or("{}\n");
    let document = document(text)?;
    let present = handled(&document)?;
    let missing: Vec<&str> = hook
        .events
        .iter()
        .map(String::as_str)
        .filter(|event| present.iter().all(|handler| handler.event != *event))
        .collect();
    if missing.is_empty() {
        return Ok(text.to_owned());
    }
    let indent = Indent::of(text);
    let root = document.root();
    let changes = match root.get(HOOKS) {
        None => {
            let hooks = |at: &str| {
                let inner = indent.deeper(at);
                let members: Vec<String> = missing
                    .iter()
                    .map(|event| hook.event(event, &inner, indent))
                    .collect();
                vec![format!("\"{HOOKS}\": {}", indent.enclose("{}", at, &members))]
            };
            vec![indent.insertion(text, root, hooks)]
        }
        Some(hooks) => {
            let (known, new): (Vec<&str>, Vec<&str>) =
                missing.iter().partition(|event| hooks.get(event).is_some());
            let groups = known
                .iter()
                .filter_map(|event| hooks.get(event).map(|groups| (event, groups)));
            let mut changes: Vec<Change> = groups
                .map(|(event, groups)| {
                    indent.insertion(text, groups, |at| vec![hook.group(event, at, indent)])
                })
                .collect();
            if !new.is_empty() {
                let members = |at: &str| new.iter().map(|event| hook.event(event, at, indent)).collect();
                changes.push(indent.insertion(text, hooks, members));
            }
            changes
        }
    };
    let rewritten = splice(text, changes);
    let events = events(&rewritten)?;
    match hook.events.iter().find(|event| !events.contains(event)) {
        Some(event) => Err(ConfigurationError::Unsound(below("/hooks", event))),
        None => Ok(rewritten),
    }
}

/// The settings `text` without this program's handlers.
pub fn removed(text: &str) -> Result<String, ConfigurationError> {
    let document = document(text)?;
    let mut changes = Vec::new();
    for groups in event_groups(&document)?.into_iter().map(|(_, groups)| groups) {
        let groups: Vec<Part<'_>> = groups.items().collect();
        let is_ours = |group: &Part<'_>| {
            let mut handlers = handlers(*group).peekable();
            handlers.peek().is_some() && handlers.all(runs_hook)
        };
        let whole: Vec<bool> = groups.iter().map(is_ours).collect();
        changes.extend(removal(&groups, &whole));
        for (group, _) in groups.iter().zip(&whole).filter(|(_, whole)| !**whole) {
            let handlers: Vec<Part<'_>> = handlers(*group).collect();
            let ours: Vec<bool> = handlers.iter().map(|handler| runs_hook(*handler)).collect();
            changes.extend(removal(&handlers, &ours));
        }
    }
    let rewritten = splice(text, changes);
    match events(&rewritten)?.first() {
        Some(event) => Err(ConfigurationError::Unsound(below("/hooks", event))),
        None => Ok(rewritten),
    }
}

/// The events that run this program, in the order of the text.
pub fn events(text: &str) -> Result<Vec<String>, ConfigurationError> {
    let document = document(text)?;
    let mut events: Vec<String> = handled(&document)?
        .into_iter()
        .map(|found| found.event.to_owned())
        .collect();
    events.dedup();
    Ok(events)
}

struct Handled<'d> {
    event: &'d str,
}

fn handled<'d>(document: &'d Document<'_>) -> Result<Vec<Handled<'d>>, ConfigurationError> {
    let groups = event_groups(document)?;
    Ok(groups
        .into_iter()
        .filter(|(_, groups)| groups.items().flat_map(handlers).any(runs_hook))
        .map(|(event, _)| Handled { event })
        .collect())
}

/// The arrays of groups by event.
fn event_groups<'d>(document: &'d Document<'_>) -> Result<Vec<(&'d str, Part<'d>)>, ConfigurationError> {
    let (text, root) = (document.text(), document.root());
    let require = |part: Part<'_>, kind: Kind, place: &str, problem: &'static str| {
        if part.kind() == kind {
            Ok(())
        } else {
            Err(form(text, part, place, problem))
        }
    };
    require(root, Kind::Object, "", "is no object")?;
    let Some(hooks) = root.get(HOOKS) else {
        return Ok(Vec::new());
    };
    let place = below("", HOOKS);
    require(hooks, Kind::Object, &place, "is no object")?;
    for (event, groups) in hooks.members() {
        let place = below(&place, event);
        require(groups, Kind::Array, &place, "is no array")?;
        for (index, group) in groups.items().enumerate() {
            let place = below(&place, &index.to_string());
            require(group, Kind::Object, &place, "is no object")?;
            if let Some(handlers) = group.get(HOOKS) {
                require(handlers, Kind::Array, &below(&place, HOOKS), "is no array")?;
            }
        }
    }
    Ok(hooks.members().collect())
}

fn handlers(group: Part<'_>) -> impl Iterator<Item = Part<'_>> {
    group.get(HOOKS).into_iter().flat_map(Part::items)
}

/// Whether a handler is `gait hook claude-code`, however it is quoted.
fn runs_hook(handler: Part<'_>) -> bool {
    let command = handler.get("command").and_then(Part::as_str).unwrap_or_default();
    let words = first_words(command, 3);
    matches!(words.as_slice(), [program, hook, client] if is_gait(program) && hook == "hook" && client == "claude-code")
}

/// The first words of a shell command, quotes resolved as far as [`shell_word`] and most people write them.
fn first_words(command: &str, count: usize) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = command.chars();
    while let Some(c) = characters.next().filter(|_| words.len() < count) {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().extend(characters.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words.truncate(count);
    words
}

/// `text` as one word of a POSIX shell; plain words stay as they are.
#[must_use]
pub fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The ranges that take the marked items out of an array, each with a comma of its own.
fn removal(items: &[Part<'_>], marked: &[bool]) -> Vec<Change> {
    let mut is_first_kept = true;
    let mut changes = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let span = item.span();
        if !marked[index] {
            is_first_kept = false;
        } else if is_first_kept {
            let end = items.get(index + 1).map_or(span.end, |next| next.span().start);
            changes.push((span.start..end, String::new()));
        } else {
            changes.push((items[index - 1].span().end..span.end, String::new()));
        }
    }
    changes
}

impl Hook {
    fn event(&self, event: &str, at: &str, indent: Indent) -> String {
        let group = self.group(event, &indent.deeper(at), indent);
        format!("{}: {}", quoted(event), indent.enclose("[]", at, &[group]))
    }

    /// The group of an event, whose first line is indented by `at`.
    fn group(&self, event: &str, at: &str, indent: Indent) -> String {
        let words: Vec<String> = self.command.iter().map(|word| shell_word(word)).collect();
        let mut handler = vec![
            "\"type\": \"command\"".to_owned(),
            format!("\"command\": {}", quoted(&words.join(" "))),
            format!("\"timeout\": {TIMEOUT}"),
        ];
        if event == DECIDING_EVENT {
            handler.push("\"onFailure\": \"block\"".to_owned());
        }
        let inner = indent.deeper(at);
        let handler = indent.enclose("{}", &indent.deeper(&inner), &handler);
        let handlers = format!("\"{HOOKS}\": {}", indent.enclose("[]", &inner, &[handler]));
        indent.enclose("{}", at, &["\"matcher\": \"*\"".to_owned(), handlers])
    }
}

/// How a text is laid out.
#[derive(Clone, Copy)]
struct Indent {
    unit: &'static str,
    line_break: &'static str,
}

impl Indent {
    fn of(text: &str) -> Self {
        let unit = if text.contains("\n\t") { "\t" } else { "  " };
        let line_break = line_break(text);
        Self { unit, line_break }
    }

    fn deeper(self, at: &str) -> String {
        format!("{at}{}", self.unit)
    }

    /// `items` between `brackets`, a line each, when the line with the first bracket is indented by `at`.
    fn enclose(self, brackets: &str, at: &str, items: &[String]) -> String {
        let lead = format!("{}{at}{}", self.line_break, self.unit);
        let (open, close) = brackets.split_at(1);
        let items = items.join(&format!(",{lead}"));
        format!("{open}{lead}{items}{}{at}{close}", self.line_break)
    }

    /// Adds what `entries` makes at an indentation behind the last entry of an object or array.
    fn insertion(self, text: &str, container: Part<'_>, entries: impl FnOnce(&str) -> Vec<String>) -> Change {
        let span = container.span();
        let outer = indentation(text, span.start);
        let members = container.members().map(|(_, value)| value);
        if let Some(last) = members.chain(container.items()).last().map(Part::span) {
            let inner = if text[span.start..last.start].contains('\n') {
                indentation(text, last.start).to_owned()
            } else {
                self.deeper(outer)
            };
            let lead = format!(",{}{inner}", self.line_break);
            let added = entries(&inner)
                .iter()
                .flat_map(|entry| [lead.as_str(), entry])
                .collect();
            (last.end..last.end, added)
        } else {
            let entries = entries(&self.deeper(outer));
            let enclosed = self.enclose("{}", outer, &entries);
            (
                span.start + 1..span.end - 1,
                enclosed[1..enclosed.len() - 1].to_owned(),
            )
        }
    }
}
