//! Patterns of paths and domains, read once when a policy is compiled.
//!
//! Besides equal text there are two forms: everything at or below a name (`/srv/**`, `*.example.com`), and a
//! [shell-style](crate::shell) match of the whole value.
//!
//! A pattern that can't be read must not open anything: among denied values it stands for every value, among allowed
//! ones only for its own text.

use std::borrow::Cow;

use gait_artifact::text;

use crate::shell::Shell;

/// `path` without `.`, `..`, repeated and final slashes; allocates only when there are some.
pub(crate) fn cleaned(path: &str) -> Cow<'_, str> {
    let mut parts = path.split('/');
    let clean_start = parts.next().is_some_and(|first| !matches!(first, "." | "..")) && !path.is_empty();
    if clean_start && parts.all(|part| !matches!(part, "" | "." | "..")) {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(text::clean_path(path))
    }
}

/// A directory, and everything below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subtree(String);

impl Subtree {
    /// The subtree at `directory`, which is cleaned; backslashes count as slashes, as they do in workspaces.
    pub(crate) fn of_workspace(directory: &str) -> Self {
        Self(text::clean_path(&directory.replace('\\', "/")))
    }

    fn of_prefix(prefix: &str) -> Self {
        if prefix.is_empty() {
            Self("/".to_owned())
        } else {
            Self(text::clean_path(prefix))
        }
    }

    /// Whether the cleaned `path` is the directory or lies below it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        match self.0.as_str() {
            "/" => path.starts_with('/'),
            "." => !path.starts_with('/') && path != ".." && !path.starts_with("../"),
            root => path
                .strip_prefix(root)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }
}

/// A pattern of paths.
#[derive(Debug, Clone)]
pub(crate) struct PathPattern {
    text: String,
    form: PathForm,
}

#[derive(Debug, Clone)]
enum PathForm {
    Below(Subtree),
    Shell(Shell),
    Malformed,
}

impl PathPattern {
    pub(crate) fn new(pattern: &str) -> Self {
        if let Some(prefix) = pattern.strip_suffix("/**") {
            return Self {
                text: pattern.to_owned(),
                form: PathForm::Below(Subtree::of_prefix(prefix)),
            };
        }
        // Values are cleaned, so a pattern with a stray slash or `.` would never be met; `..` has no meaning among
        // wildcards and is left alone.
        let climbs = pattern.split('/').any(|part| part == "..");
        let text = if climbs {
            pattern.to_owned()
        } else {
            text::clean_path(pattern)
        };
        let form = Shell::new(&text).map_or(PathForm::Malformed, PathForm::Shell);
        Self { text, form }
    }

    /// Whether a path is denied, given as written and cleaned.
    pub(crate) fn denies(&self, written: &str, cleaned: &str) -> bool {
        matches!(self.form, PathForm::Malformed) || self.allows(cleaned) || self.allows(written)
    }

    /// Whether a cleaned path is allowed.
    pub(crate) fn allows(&self, path: &str) -> bool {
        self.text == path
            || match &self.form {
                PathForm::Below(subtree) => subtree.holds(path),
                PathForm::Shell(shell) => shell.matches(path),
                PathForm::Malformed => false,
            }
    }
}

/// A pattern of domains. A final dot, which names the same host, counts neither here nor in values.
#[derive(Debug, Clone)]
pub(crate) struct DomainPattern {
    text: String,
    form: DomainForm,
}

#[derive(Debug, Clone)]
enum DomainForm {
    /// A name that ends in this, with its leading dot.
    Under(String),
    Shell(Shell),
    Malformed,
}

impl DomainPattern {
    pub(crate) fn new(pattern: &str) -> Self {
        let text = pattern.trim_end_matches('.').to_owned();
        let form = match text.strip_prefix('*') {
            Some(suffix) if suffix.starts_with('.') && !suffix.contains(['*', '?', '[', '\\']) => {
                DomainForm::Under(suffix.to_owned())
            }
            _ => Shell::new(&text).map_or(DomainForm::Malformed, DomainForm::Shell),
        };
        Self { text, form }
    }

    /// Whether a domain without final dot is denied.
    pub(crate) fn denies(&self, domain: &str) -> bool {
        matches!(self.form, DomainForm::Malformed) || self.allows(domain)
    }

    /// Whether a domain without final dot is allowed.
    pub(crate) fn allows(&self, domain: &str) -> bool {
        self.text == domain
            || match &self.form {
                DomainForm::Under(suffix) => domain.ends_with(suffix.as_str()),
                DomainForm::Shell(shell) => shell.matches(domain),
                DomainForm::Malformed => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths() {
        for (pattern, path, allowed) in [
            ("/srv/**", "/srv", true),
            ("/srv/**", "/srv/a/b", true),
            ("/srv/**", "/srvx", false),
            ("/**", "/etc", true),
            ("/**", "etc", false),
            ("./**", "src/a", true),
            ("./**", "../a", false),
            ("src//**", "src/a", true),
            ("/a/*/c", "/a/b/c", true),
            ("/a/*/c", "/a/b/x/c", false),
            ("/a/**/c", "/a/b/c", true),
            ("/a/**/c", "/a/b/x/c", false),
            ("/tmp/*.txt", "/tmp/.txt", true),
            ("/tmp/", "/tmp", true),
            ("/b/[^x]", "/b/y", true),
            ("/b/[^x]", "/b/x", false),
            ("/g/[a-c]z", "/g/bz", true),
            ("/g/[a-c]z", "/g/dz", false),
            (r"/a/\*", "/a/*", true),
            (r"/a/\*", "/a/b", false),
            (r"/a/\*", r"/a/\*", true),
            ("/s?", "/s/", false),
            ("/é?", "/éü", true),
            ("*a*b", "xaab", true),
            ("*a*b", "xaac", false),
        ] {
            assert_eq!(
                PathPattern::new(pattern).allows(path),
                allowed,
                "{pattern} {path}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_opens_nothing() {
        for pattern in [
            "/srv/[",
            "/srv/[]",
            "/srv/[^]",
            "/srv/[a",
            "/srv/[a-",
            "/srv/[-a]",
            "/srv/[a-]",
            r"/srv/\",
        ] {
            let pattern = PathPattern::new(pattern);
            assert!(matches!(pattern.form, PathForm::Malformed), "{pattern:?}");
            assert!(pattern.denies("/anything", "/anything"));
            assert!(!pattern.allows("/srv/a"));
            assert!(pattern.allows(&pattern.text));
        }
        assert!(DomainPattern::new("[").denies("x.example"));
        assert!(!DomainPattern::new("[").allows("x.example"));
    }

    #[test]
    fn denied_paths_are_looked_at_as_written_and_cleaned() {
        let etc = PathPattern::new("/etc/**");
        for path in ["/etc/passwd", "/srv/../etc/passwd", "/etc/../srv/a"] {
            assert!(etc.denies(path, &cleaned(path)), "{path}");
        }
        assert!(!etc.denies("/srv/a", "/srv/a"));
    }

    #[test]
    fn domains() {
        for (pattern, domain, allowed) in [
            ("x.example", "x.example", true),
            ("x.example.", "x.example", true),
            ("*.x.example", "a.b.x.example", true),
            ("*.x.example", "x.example", false),
            ("bad.*", "bad.x.y", true),
            ("*.x.*", "a.x.b.c", true),
            ("::1", "::1", true),
        ] {
            assert_eq!(
                DomainPattern::new(pattern).allows(domain),
                allowed,
                "{pattern} {domain}"
            );
        }
    }

    #[test]
    fn subtrees_end_at_path_boundaries() {
        for (root, path, held) in [
            ("/repo", "/repo/sub", true),
            ("/repo/", "/repo", true),
            ("/repo", "/repository", false),
            (r"C:\work", "C:/work/x", true),
            ("/", "/x", true),
            ("https://host/org", "https:/host/org/repo", true),
        ] {
            assert_eq!(Subtree::of_workspace(root).holds(path), held, "{root} {path}");
        }
    }

    proptest! {
        #[test]
        fn cleaning_agrees_with_the_owned_form(path in "[ab./]{0,12}") {
            prop_assert_eq!(cleaned(&path).into_owned(), text::clean_path(&path));
        }

        #[test]
        fn reading_and_matching_never_panic(pattern in r"[a*?/\[\]^\\-]{0,12}", text in r"[a*?/\[\]^\\-]{0,12}") {
            let path = PathPattern::new(&pattern);
            prop_assert!(!path.allows(&text) || path.denies(&text, &text));
            let domain = DomainPattern::new(&pattern);
            prop_assert!(!domain.allows(&text) || domain.denies(&text));
        }
    }
}
