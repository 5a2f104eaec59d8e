//! Tool names that can't be mistaken for others.
//!
//! Rules name tools exactly. A name that a person reads as `fs.delete` and a policy doesn't would pass under every rule
//! about `fs.delete`, and look innocent in a trace. So names with characters that can't be seen are refused, and so are
//! names that are written with foreign letters and look like plain ones.

use unicode_security::confusable_detection::skeleton;

use crate::intent::{IntentError, Problem, field::Field};

/// Refuses a tool name that doesn't look like what it is.
pub(super) fn check(name: &str, field: Field<'_>) -> Result<(), IntentError> {
    if name.chars().any(is_invisible) {
        return Err(IntentError::at(field, Problem::Invisible));
    }
    if name.is_ascii() {
        return Ok(());
    }
    let looks_like: String = skeleton(name).collect();
    if looks_like.is_ascii() {
        return Err(IntentError::at(field, Problem::LookAlike(looks_like)));
    }
    Ok(())
}

/// Control characters, and those that only steer how others are shown: joiners, marks of direction, variation
/// selectors, tags and fillers.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}'
                | '\u{34F}'
                | '\u{61C}'
                | '\u{115F}'..='\u{1160}'
                | '\u{17B4}'..='\u{17B5}'
                | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}'
                | '\u{FEFF}'
                | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E0FFF}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_what_they_look_like_pass() {
        for name in [
            "fs.delete",
            "tool_1:x/y",
            "tööl<&>",
            "werkzeug.löschen",
            "工具.读取",
            "инструмент.чтение",
            "a b",
        ] {
            assert_eq!(check(name, Field::Root("tool_name")), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_are_not_are_refused() {
        for (name, problem) in [
            ("fs.del\u{200B}ete", Problem::Invisible),
            ("fs.\u{202E}eteled", Problem::Invisible),
            ("fs.delete\u{FE0F}", Problem::Invisible),
            ("fs.de\u{AD}lete", Problem::Invisible),
            ("fs\tdelete", Problem::Invisible),
            ("fs.dеlete", Problem::LookAlike("fs.delete".to_owned())),
            ("ｆｓ.ｄｅｌｅｔｅ", Problem::LookAlike("fs.delete".to_owned())),
            ("𝐟𝐬.delete", Problem::LookAlike("fs.delete".to_owned())),
        ] {
            assert_eq!(
                check(name, Field::Root("tool_name")),
                Err(IntentError::at(Field::Root("tool_name"), problem)),
                "{name}"
            );
        }
    }
}
