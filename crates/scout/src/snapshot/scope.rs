//! Which files belong to a snapshot.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use gait_artifact::text;
use gait_policy::shell::Shell;

/// Directories, and which of the files below them count.
#[derive(Debug, Clone)]
pub struct Scope {
    /// At least one, each once, in order.
    roots: Vec<PathBuf>,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

/// A shell pattern of the whole path, or a part of it.
#[derive(Debug, Clone)]
struct Pattern {
    text: String,
    /// None when the text is no pattern.
    shell: Option<Shell>,
}

impl Pattern {
    fn of(texts: &[impl AsRef<str>]) -> Vec<Self> {
        texts
            .iter()
            .map(|text| text::trim(text.as_ref()))
            // Nothing is part of every path, which nobody means.
            .filter(|text| !text.is_empty())
            .map(|text| Self {
                text: text.to_owned(),
                shell: Shell::new(text),
            })
            .collect()
    }

    fn matches(&self, path: &str) -> bool {
        path.contains(&self.text) || self.shell.as_ref().is_some_and(|shell| shell.matches(path))
    }
}

impl Scope {
    /// Everything below `roots`, whose paths are cleaned by their text; the working directory when there are none.
    #[must_use]
    pub fn new(roots: &[impl AsRef<str>]) -> Self {
        let mut roots: BTreeSet<String> = roots.iter().map(|root| text::clean_path(root.as_ref())).collect();
        if roots.is_empty() {
            roots.insert(".".to_owned());
        }
        Self::of_roots(roots.into_iter().map(PathBuf::from).collect())
    }

    /// Everything below `root`.
    pub(super) fn of_root(root: &Path) -> Self {
        Self::of_roots(vec![root.to_owned()])
    }

    const fn of_roots(roots: Vec<PathBuf>) -> Self {
        Self {
            roots,
            include: Vec::new(),
            exclude: Vec::new(),
        }
    }

    /// Only files that match one of `patterns`, unless there is none.
    ///
    /// A pattern matches a path, root included, that contains it or that it describes as a [`Shell`] pattern.
    #[must_use]
    pub fn including(mut self, patterns: &[impl AsRef<str>]) -> Self {
        self.include = Pattern::of(patterns);
        self
    }

    /// No file that matches one of `patterns`, even if it is included.
    #[must_use]
    pub fn excluding(mut self, patterns: &[impl AsRef<str>]) -> Self {
        self.exclude = Pattern::of(patterns);
        self
    }

    /// The directories in one text, separated by commas.
    #[must_use]
    pub fn workspace(&self) -> String {
        let roots: Vec<_> = self.roots.iter().map(|root| root.to_string_lossy()).collect();
        roots.join(",")
    }

    pub(super) fn roots(&self) -> impl Iterator<Item = &Path> {
        self.roots.iter().map(PathBuf::as_path)
    }

    /// Whether the file at `path` counts.
    pub(super) fn holds(&self, path: &Path) -> bool {
        if self.include.is_empty() && self.exclude.is_empty() {
            return true;
        }
        let path = path.to_string_lossy();
        let any = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(&path));
        !any(&self.exclude) && (self.include.is_empty() || any(&self.include))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: [&str; 0] = [];

    #[test]
    fn roots_are_cleaned_and_counted_once() {
        for (roots, workspace) in [
            (&["./a", "b/", "a"][..], "a,b"),
            (&["."], "."),
            (&[], "."),
            (&["../x/./y"], "../x/y"),
        ] {
            assert_eq!(Scope::new(roots).workspace(), workspace);
        }
    }

    #[test]
    fn excluding_wins() {
        for (include, exclude, path, held) in [
            (&NONE[..], &NONE[..], "src/a.py", true),
            (&["keep"], &NONE, "src/keep/a.py", true),
            (&["keep"], &NONE, "src/Keep/a.py", false),
            (&["src/*/x.py"], &NONE, "src/a/x.py", true),
            (&["src/*/x.py"], &NONE, "src/a/b/x.py", false),
            (&["*.py", "["], &NONE, "src/a.py", false),
            (&["["], &NONE, "src/[a].py", true),
            (&[" "], &NONE, "src/a.py", true),
            (&["keep"], &["keep"], "keep.py", false),
            (&NONE, &["src/[!a]*"], "src/!x", false),
            (&NONE, &["src/[^a]*"], "src/x", false),
            (&NONE, &["src/[^a]*"], "src/abc", true),
        ] {
            let scope = Scope::new(&["src"]).including(include).excluding(exclude);
            assert_eq!(
                scope.holds(Path::new(path)),
                held,
                "{include:?} {exclude:?} {path}"
            );
        }
    }
}
