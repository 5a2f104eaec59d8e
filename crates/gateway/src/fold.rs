//! Names as they are to readers that disregard case, of which there are many: the standard library of Go reads JSON so.

use gait_canon::json::{Kind, Part};

/// `name` without regard to case, by which also `ſ` is an `s` and the sign for kelvin a `k`.
pub(crate) fn folded(name: &str) -> String {
    name.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether `object` has a member that is not one of `names`, which are in lower case, and would be in another case.
pub(crate) fn has_variant_of(object: Part<'_>, names: &[&str]) -> bool {
    object.kind() == Kind::Object && variants_of(object, names).next().is_some()
}

/// The members of `object` that are not one of `names`, which are in lower case, and would be in another case.
pub(crate) fn variants_of<'d>(object: Part<'d>, names: &[&str]) -> impl Iterator<Item = &'d str> {
    object.members().map(|(name, _)| name).filter(|name| {
        // Most names are in lower case already.
        let is_plain = name
            .bytes()
            .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
        !is_plain && !names.contains(name) && names.contains(&&*folded(name))
    })
}
