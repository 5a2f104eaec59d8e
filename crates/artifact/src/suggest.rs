//! Did you mean: the nearest known word to a misspelt one.

/// The word of `known` that is nearest to `word`, if it is near enough to be a misspelling: at most a third of the
/// letters (at least one) inserted, deleted, replaced or swapped with their neighbour.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words are no misspellings, and the work grows with the square of the length.
    const LONGEST: usize = 64;
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let limit = (word.chars().count() / 3).max(1);
    let distances = known
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate));
    let near = distances.filter(|(distance, _)| *distance <= limit);
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_misspellings_are_answered() {
        let known = ["verify", "version", "keys", "policy", "trace"];
        for (word, want) in [
            ("verfiy", Some("verify")),
            ("polcy", Some("policy")),
            ("key", Some("keys")),
            ("nope", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known), want, "{word}");
        }
    }
}
