//! Which server a resource is to be asked for.
//!
//! URIs are not renamed, because servers and clients compare them with others that the hub never sees. A resource belongs to
//! the server that listed it; else to the one whose template fits best; else to the only one that lists others of the same
//! scheme and authority. A URI that nothing speaks for is told to no server: it may hold what another server must not learn.

use std::collections::HashMap;

/// Resources whose server is remembered.
const MAX_RESOURCES: usize = 65_536;
/// Templates whose server is remembered.
const MAX_TEMPLATES: usize = 4096;
/// Bytes of a URI that is remembered.
const MAX_URI: usize = 4096;

/// Where resources are.
#[derive(Debug, Default)]
pub(super) struct Places {
    resources: HashMap<String, usize>,
    /// Templates in the order in which they were listed.
    templates: Vec<(String, usize)>,
}

impl Places {
    /// Takes note that `server` lists a resource; whether it is that server's, and not one that another listed first.
    pub(super) fn claim(&mut self, uri: &str, server: usize) -> bool {
        if let Some(known) = self.resources.get_mut(uri) {
            // An earlier server in order comes first, whenever it speaks up.
            *known = server.min(*known);
            return *known == server;
        }
        if self.resources.len() < MAX_RESOURCES && uri.len() <= MAX_URI {
            self.resources.insert(uri.to_owned(), server);
        }
        true
    }

    /// The same for a template.
    pub(super) fn claim_template(&mut self, template: &str, server: usize) -> bool {
        if let Some((_, known)) = self.templates.iter_mut().find(|(known, _)| known == template) {
            *known = server.min(*known);
            return *known == server;
        }
        if self.templates.len() < MAX_TEMPLATES && template.len() <= MAX_URI {
            self.templates.push((template.to_owned(), server));
        }
        true
    }

    /// Takes note that `server` mentions a resource, which says less than listing it.
    pub(super) fn mention(&mut self, uri: &str, server: usize) {
        if !self.resources.contains_key(uri) {
            self.claim(uri, server);
        }
    }

    /// Forgets what was listed, because it is listed anew.
    pub(super) fn forget_resources(&mut self) {
        self.resources.clear();
    }

    /// The same for templates.
    pub(super) fn forget_templates(&mut self) {
        self.templates.clear();
    }

    /// Forgets all that is at `server`.
    pub(super) fn forget(&mut self, server: usize) {
        self.resources.retain(|_, place| *place != server);
        self.templates.retain(|(_, place)| *place != server);
    }

    /// The server of a resource or, for completions, of a template.
    pub(super) fn find(&self, uri: &str) -> Option<usize> {
        let listed = self.resources.get(uri).copied();
        listed
            .or_else(|| self.by_template(uri))
            .or_else(|| self.by_origin(uri))
    }

    /// The template with the most that is not variable decides; among equals the first server.
    fn by_template(&self, uri: &str) -> Option<usize> {
        let fitting = self.templates.iter().filter(|(template, _)| fits(template, uri));
        let best =
            fitting.max_by_key(|(template, server)| (literal_length(template), std::cmp::Reverse(*server)));
        best.map(|(_, server)| *server)
    }

    fn by_origin(&self, uri: &str) -> Option<usize> {
        let origin = origin(uri)?;
        let resources = self.resources.iter().map(|(uri, server)| (uri, *server));
        let known = resources.chain(self.templates.iter().map(|(uri, server)| (uri, *server)));
        let mut servers = known
            .filter(|(uri, _)| uri.starts_with(origin))
            .map(|(_, server)| server);
        let first = servers.next()?;
        servers.all(|server| server == first).then_some(first)
    }
}

/// Scheme and authority of a URI, with the slash that ends them.
fn origin(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let Some(rest) = rest.strip_prefix("//") else {
        return Some(&uri[..=scheme.len()]);
    };
    let end = rest.find('/')?;
    Some(&uri[..=scheme.len() + "://".len() + end])
}

/// Whether `uri` is the template itself or one that it could be expanded to (RFC 6570, read generously).
fn fits(template: &str, uri: &str) -> bool {
    if template == uri {
        return true;
    }
    let Some((prefix, mut template)) = template.split_once('{') else {
        return false;
    };
    let Some(mut rest) = uri.strip_prefix(prefix) else {
        return false;
    };
    // Whatever stands between two literals is taken for what a variable was expanded to; the first place that fits will do.
    loop {
        let Some((expression, behind)) = template.split_once('}') else {
            return false;
        };
        let may_have_slashes = expression.starts_with(['+', '#', '/', '?', '&', ';']);
        let (literal, next) = behind
            .split_once('{')
            .map_or((behind, None), |(literal, next)| (literal, Some(next)));
        let end = match next {
            None if rest.ends_with(literal) => rest.len() - literal.len(),
            None => return false,
            Some(_) if literal.is_empty() => 0,
            Some(_) => match rest.find(literal) {
                Some(at) => at,
                None => return false,
            },
        };
        if rest[..end].contains('/') && !may_have_slashes {
            return false;
        }
        let Some(next) = next else { return true };
        (rest, template) = (&rest[end + literal.len()..], next);
    }
}

/// The bytes of a template that are not variable.
fn literal_length(template: &str) -> usize {
    let outside = template
        .split('{')
        .map(|piece| piece.split_once('}').map_or(piece, |(_, literal)| literal));
    outside.map(str::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let mut places = Places::default();
        places.claim("file:///a", 1);
        places.claim("db://x/1", 0);
        places.claim("db://y/1", 1);
        places.claim("mem:1", 2);
        places.claim_template("file:///{name}.txt", 0);
        places.claim_template("file:///logs/{name}.txt", 1);
        places.claim_template("git://repo/{+path}", 2);
        places
    }

    #[test]
    fn resources_are_found_at_their_server_or_not_at_all() {
        let places = places();
        for (uri, server) in [
            ("file:///a", Some(1)),
            ("file:///b.txt", Some(0)),
            ("file:///logs/b.txt", Some(1)),
            ("git://repo/a/b/c", Some(2)),
            ("git://repo/{+path}", Some(2)),
            ("db://x/2", Some(0)),
            ("db://y/2/3", Some(1)),
            ("db://z/1", None),
            ("file:///b", None),
            ("mem:2", Some(2)),
            ("other:1", None),
            ("", None),
        ] {
            assert_eq!(places.find(uri), server, "{uri}");
        }
    }

    #[test]
    fn templates_that_make_no_sense_fit_nothing() {
        for template in ["a{", "a{b", "a}b{", "{}{"] {
            assert!(!fits(template, "ab"), "{template}");
        }
        for (template, uri) in [("{a}{b}", "x"), ("x{?q}", "x?q=1/2"), ("x/{a}/y/{b}", "x/1/y/2")] {
            assert!(fits(template, uri), "{template}");
        }
    }

    #[test]
    fn the_first_server_in_order_owns_what_two_list() {
        let mut places = Places::default();
        assert!(places.claim("a:1", 1));
        assert!(!places.claim("a:1", 2));
        assert!(places.claim("a:1", 0));
        places.mention("a:1", 2);
        assert_eq!(places.find("a:1"), Some(0));
        places.forget(0);
        assert_eq!(places.find("a:1"), None);
    }

    #[test]
    fn the_table_is_bounded() {
        let mut places = Places::default();
        for number in 0..MAX_RESOURCES + 10 {
            places.claim(&format!("a{number}:1"), 0);
        }
        assert!(places.claim(&"x".repeat(MAX_URI + 1), 0));
        assert_eq!(places.resources.len(), MAX_RESOURCES);
    }
}
