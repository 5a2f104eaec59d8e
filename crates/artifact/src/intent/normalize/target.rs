//! Normal form of targets: what a call acts on, and what kind of act that is.

use super::{domain, known_word};
use crate::{
    intent::{IntentError, Problem, Target, field::Field},
    text,
    vocabulary::{DISCOVERY_METHODS, ENDPOINT_CLASSES, TARGET_KINDS},
};

/// Normalises every target as one of a call of `tool_name` and leaves the list sorted and without duplicates.
pub(super) fn normalize_targets(
    targets: &mut Vec<Target>,
    tool_name: &str,
    field: Field<'_>,
) -> Result<(), IntentError> {
    let tool = tool_name.rsplit('/').next().unwrap_or(tool_name);
    for (index, target) in targets.iter_mut().enumerate() {
        normalize_target(target, tool, field.item(index))?;
    }
    sort_targets(targets);
    Ok(())
}

/// Sorts targets in normal form and merges equal ones.
pub(super) fn sort_targets(targets: &mut Vec<Target>) {
    targets.sort_unstable();
    targets.dedup();
}

impl Target {
    /// The domain that the value of a host or URL target addresses, in lower case; empty for other kinds and for values
    /// that address nothing.
    ///
    /// A caller may give another `endpoint_domain`; this one follows from the value alone.
    #[must_use]
    pub fn addressed_domain(&self) -> String {
        match self.kind.as_str() {
            "host" => domain::of_host(&self.value),
            "url" => domain::of_url(&self.value),
            _ => String::new(),
        }
    }
}

fn normalize_target(target: &mut Target, tool: &str, field: Field<'_>) -> Result<(), IntentError> {
    text::trim_lower_in_place(&mut target.kind);
    text::trim_in_place(&mut target.value);
    for (name, value) in [("kind", &target.kind), ("value", &target.value)] {
        if value.is_empty() {
            return Err(IntentError::at(field.member(name), Problem::Required));
        }
    }
    known_word(&target.kind, TARGET_KINDS, field.member("kind"))?;
    text::trim_lower_in_place(&mut target.operation);
    text::trim_lower_in_place(&mut target.sensitivity);

    text::trim_lower_in_place(&mut target.endpoint_class);
    if target.endpoint_class.is_empty() {
        infer_class(&target.kind, &target.operation, tool).clone_into(&mut target.endpoint_class);
    }
    known_word(
        &target.endpoint_class,
        ENDPOINT_CLASSES,
        field.member("endpoint_class"),
    )?;
    text::trim_lower_in_place(&mut target.endpoint_domain);
    if target.endpoint_domain.is_empty() {
        target.endpoint_domain = target.addressed_domain();
    }
    target.destructive |=
        target.destructive_hint || is_destructive(&target.endpoint_class, &target.operation);

    text::trim_lower_in_place(&mut target.discovery_method);
    if target.discovery_method.is_empty() {
        "unknown".clone_into(&mut target.discovery_method);
    } else if target.discovery_method.contains(['-', ' ']) {
        target.discovery_method = target.discovery_method.replace(['-', ' '], "_");
    }
    known_word(
        &target.discovery_method,
        DISCOVERY_METHODS,
        field.member("discovery_method"),
    )
}

/// The endpoint class of an `operation` on a target of `kind`; an unknown operation leaves it to the tool's name.
fn infer_class(kind: &str, operation: &str, tool: &str) -> &'static str {
    match kind {
        "path" => match operation {
            "read" | "get" | "list" | "open" | "cat" | "head" | "download" | "stat" => "fs.read",
            "write" | "append" | "put" | "create" | "update" | "save" | "copy" | "move" | "rename" => {
                "fs.write"
            }
            "delete" | "remove" | "rm" | "unlink" | "rmdir" | "drop" | "truncate" => "fs.delete",
            _ if contains_any(tool, &["read", "list", "fetch", "search"]) => "fs.read",
            _ if contains_any(tool, &["write", "update", "save", "create"]) => "fs.write",
            _ if contains_any(tool, &["delete", "remove", "rm", "drop"]) => "fs.delete",
            _ => "other",
        },
        "host" | "url" => match operation {
            "dns" | "resolve" | "lookup" => "net.dns",
            _ => "net.http",
        },
        "other" => match operation {
            "exec" | "spawn" | "run" | "shell" | "command" => "proc.exec",
            _ if contains_any(tool, &["exec", "shell", "command", "spawn", "run"]) => "proc.exec",
            _ => "other",
        },
        _ => "other",
    }
}

fn contains_any(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}

fn is_destructive(endpoint_class: &str, operation: &str) -> bool {
    matches!(endpoint_class, "fs.delete" | "proc.exec")
        || matches!(
            operation,
            "delete" | "remove" | "rm" | "unlink" | "rmdir" | "drop" | "truncate" | "exec" | "spawn"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_operation_then_tool() {
        for (kind, operation, tool, class) in [
            ("path", "stat", "delete", "fs.read"),
            ("path", "rename", "plain", "fs.write"),
            ("path", "truncate", "read", "fs.delete"),
            ("path", "", "listing", "fs.read"),
            ("path", "frob", "autosave", "fs.write"),
            ("path", "", "farm", "fs.delete"),
            ("path", "", "plain", "other"),
            ("host", "lookup", "plain", "net.dns"),
            ("url", "delete", "plain", "net.http"),
            ("other", "shell", "plain", "proc.exec"),
            ("other", "", "prune", "proc.exec"),
            ("other", "read", "plain", "other"),
            ("bucket", "exec", "shell", "other"),
        ] {
            assert_eq!(
                infer_class(kind, operation, tool),
                class,
                "{kind} {operation} {tool}"
            );
        }
    }

    #[test]
    fn only_the_last_part_of_a_tool_name_counts() {
        let mut targets = vec![Target {
            kind: "Path".into(),
            value: " /a ".into(),
            ..Target::default()
        }];
        normalize_targets(&mut targets, "delete/plain", Field::Root("targets")).unwrap();
        assert_eq!(targets[0].endpoint_class, "other");
        assert_eq!(targets[0].value, "/a");
        assert_eq!(targets[0].discovery_method, "unknown");
        assert!(!targets[0].destructive);
    }

    #[test]
    fn hints_and_classes_make_a_target_destructive() {
        let base = Target {
            kind: "path".into(),
            value: "/a".into(),
            ..Target::default()
        };
        for (target, destructive) in [
            (
                Target {
                    destructive_hint: true,
                    ..base.clone()
                },
                true,
            ),
            (
                Target {
                    endpoint_class: "FS.delete".into(),
                    read_only_hint: true,
                    ..base.clone()
                },
                true,
            ),
            (
                Target {
                    operation: "Spawn".into(),
                    ..base.clone()
                },
                true,
            ),
            (
                Target {
                    operation: "wipe".into(),
                    ..base
                },
                false,
            ),
        ] {
            let mut targets = vec![target];
            normalize_targets(&mut targets, "plain", Field::Root("targets")).unwrap();
            assert_eq!(targets[0].destructive, destructive, "{targets:?}");
        }
    }
}
