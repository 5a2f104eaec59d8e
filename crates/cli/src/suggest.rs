//! Did you mean: the nearest known word to a misspelt one.

/// The word of `known` that is nearest to `word`, if it is near enough to be a misspelling: at most a third of the
/// letters (at least one) inserted, deleted, replaced or swapped with their neighbour.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words are no misspellings, and the work grows with the square of the length.
    const LONGEST: usize = 64;
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let letters: Vec<char> = word.chars().collect();
    let limit = (letters.len() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (
                distance(&letters, &candidate.chars().collect::<Vec<_>>()),
                candidate,
            )
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The optimal string alignment distance.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut current = vec![i];
        for j in 1..=b.len() {
            let replaced = previous[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(previous[j] + 1).min(current[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut previous, current);
    }
    previous[b.len()]
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
