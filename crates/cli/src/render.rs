//! From a command's result to what the process prints.

use std::fmt::Write as _;

use gait_canon::json::{self, Object, Value};

use crate::context::Context;
use crate::error::{Details, ErrorKind, Excerpt};
use crate::outcome::{Body, CommandResult, Report};
use crate::spec::{CommandSpec, ErrorStyle};

/// What the process prints, and its exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// For standard output.
    pub stdout: String,
    /// For standard error.
    pub stderr: String,
    /// The exit code.
    pub exit: u8,
    /// The exit code when standard output can't be written, if that is a special one.
    pub exit_unheard: Option<u8>,
}

impl Response {
    /// A text on standard output.
    #[must_use]
    pub fn text(text: impl Into<String>, exit: u8) -> Self {
        Self {
            stdout: text.into(),
            exit,
            ..Self::default()
        }
    }

    /// A JSON object on standard output, on one line, with the process's correlation id unless it has its own.
    #[must_use]
    pub fn json(mut object: Object, context: &Context<'_>, exit: u8) -> Self {
        let blank = object
            .get("correlation_id")
            .and_then(Value::as_str)
            .is_none_or(|id| id.trim().is_empty());
        if blank {
            object.insert("correlation_id", context.correlation_id());
        }
        Self::document(object, exit)
    }

    /// A JSON object on standard output, on one line, as it is.
    fn document(object: Object, exit: u8) -> Self {
        let mut line = json::compact(&Value::Object(object));
        line.push('\n');
        Self::text(line, exit)
    }

    /// What is left to say when the result itself cannot be encoded.
    fn encode_failed() -> Self {
        const LINE: &str = concat!(
            r#"{"ok":false,"error":"failed to encode output","error_code":"encode_failed","#,
            r#""error_category":"internal_failure","retryable":false}"#,
            "\n"
        );
        Self::text(LINE, ErrorKind::InvalidInput.exit_code())
    }
}

/// The response of a command that ran, or whose arguments could not be read.
#[must_use]
pub fn command(spec: &CommandSpec, result: CommandResult, json: bool, context: &Context<'_>) -> Response {
    match result {
        Ok(report) => success(spec, report, json, context),
        Err(failure) if json => {
            let mut object = spec.error_fields.map(|fields| fields()).unwrap_or_default();
            let exit = failure.kind().exit_code();
            let told = if spec.bare {
                failure.to_document()
            } else {
                failure.to_object()
            };
            for (name, value) in told {
                object.insert(name, value);
            }
            answer(spec, object, context, exit)
        }
        Err(failure) => text_error(spec, failure.details(), context),
    }
}

fn answer(spec: &CommandSpec, object: Object, context: &Context<'_>, exit: u8) -> Response {
    if spec.bare {
        Response::document(object, exit)
    } else {
        Response::json(object, context, exit)
    }
}

fn success(spec: &CommandSpec, report: Report, json: bool, context: &Context<'_>) -> Response {
    match report.body {
        Body::Verbatim(text) => Response {
            exit_unheard: report.exit_unheard,
            ..Response::text(text, report.exit)
        },
        Body::Result {
            fields: Some(object), ..
        } if json => answer(spec, object, context, report.exit),
        Body::Result { fields: None, .. } if json => Response::encode_failed(),
        Body::Result { lines, .. } => {
            let mut text = String::new();
            for line in lines {
                text.push_str(&line);
                text.push('\n');
            }
            Response {
                stdout: text,
                stderr: report.diagnostics,
                exit: report.exit,
                exit_unheard: report.exit_unheard,
            }
        }
    }
}

fn text_error(spec: &CommandSpec, failure: &Details, context: &Context<'_>) -> Response {
    let exit = failure.kind.exit_code();
    let mut text = match spec.error_style {
        ErrorStyle::Labelled(_) => format!("{} error: {}\n", spec.error_label(), failure.text),
        ErrorStyle::BareOnStderr => format!("{}\n", failure.text),
    };
    for line in &failure.lines {
        text.push_str(line);
        text.push('\n');
    }
    if context.on_terminal() {
        if let Some(excerpt) = &failure.excerpt {
            text.push_str(&marked_line(excerpt));
        }
        if let Some(hint) = &failure.hint {
            let _ = writeln!(text, "hint: {hint}");
        }
    }
    match spec.error_style {
        ErrorStyle::Labelled(_) => Response {
            stdout: text,
            stderr: failure.diagnostics.clone(),
            exit,
            exit_unheard: None,
        },
        ErrorStyle::BareOnStderr => Response {
            stdout: String::new(),
            stderr: text,
            exit,
            exit_unheard: None,
        },
    }
}

/// The line an error is about, with a caret under the column:
///
/// ```text
///   --> policy.yaml:3:9
///    |
///  3 |   effect: alow
///    |           ^
/// ```
#[must_use]
pub fn marked_line(excerpt: &Excerpt) -> String {
    let number = excerpt.line.to_string();
    let margin = " ".repeat(number.len());
    // A tab stays a tab in the line above, so it must be one here too for the caret to stand right.
    let lead: String = excerpt
        .text
        .chars()
        .take(excerpt.column - 1)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let Excerpt {
        file,
        line,
        column,
        text,
    } = excerpt;
    format!("{margin} --> {file}:{line}:{column}\n{margin}  |\n {number} | {text}\n{margin}  | {lead}^\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_its_column() {
        let excerpt = Excerpt::of("policy.yaml", b"rules:\n- name: a\n\teffect: alow\n", 3, 10).unwrap();
        let want = "  --> policy.yaml:3:10\n   |\n 3 | \teffect: alow\n   | \t        ^\n";
        assert_eq!(marked_line(&excerpt), want);
    }
}
