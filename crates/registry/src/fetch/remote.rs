//! URLs, and the rules about which may be asked.

use std::fmt;

use gait_artifact::text::{lower, trim_lower};
use ureq::http::Uri;
use ureq::http::uri::{PathAndQuery, Scheme};

/// Which servers may be asked, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RemotePolicy {
    hosts: Vec<String>,
    allow_insecure_http: bool,
}

/// Why a URL may not be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// It is no URL.
    #[error("not a usable URL (RFC 3986)")]
    NotAUrl,
    /// It is neither HTTPS nor, where that was allowed, HTTP.
    #[error("remote source requires https")]
    Insecure,
    /// No server may be asked.
    #[error("no host is allowed for remote sources")]
    NoHosts,
    /// This one may not.
    #[error("host {0:?} is not one of those allowed")]
    HostNotAllowed(String),
    /// A redirect gives up encryption.
    #[error("leads from https to http")]
    Downgrade,
    /// A redirect brings a name and password along.
    #[error("holds a name or password")]
    Credentials,
}

/// An `http` or `https` URL.
///
/// INVARIANT: the policy it was made with allows its scheme and its host. What is checked and what is asked for is the
/// same parsed value, so that no second parser can see another host in it.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteUrl {
    uri: Uri,
}

impl RemotePolicy {
    /// Allows the servers with these host names or addresses, letter case aside, whatever the port.
    #[must_use]
    pub fn new<S: AsRef<str>>(hosts: impl IntoIterator<Item = S>, allow_insecure_http: bool) -> Self {
        let hosts = hosts.into_iter().map(|host| trim_lower(host.as_ref()));
        Self {
            hosts: hosts.filter(|host| !host.is_empty()).collect(),
            allow_insecure_http,
        }
    }

    fn check(&self, uri: &Uri) -> Result<(), RemoteError> {
        let scheme = uri.scheme().ok_or(RemoteError::NotAUrl)?;
        let allowed = *scheme == Scheme::HTTPS || (*scheme == Scheme::HTTP && self.allow_insecure_http);
        if !allowed {
            return Err(RemoteError::Insecure);
        }
        let host = host(uri);
        if host.is_empty() {
            return Err(RemoteError::NotAUrl);
        }
        if self.hosts.is_empty() {
            return Err(RemoteError::NoHosts);
        }
        if self.hosts.contains(&host) {
            Ok(())
        } else {
            Err(RemoteError::HostNotAllowed(host))
        }
    }
}

impl RemoteUrl {
    /// Whether `text` is meant as the URL of a server: it begins with `http://` or `https://`, in any letter case.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        let begins = |scheme: &str| {
            text.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        begins("http://") || begins("https://")
    }

    /// Reads a URL that `policy` allows.
    pub fn parse(text: &str, policy: &RemotePolicy) -> Result<Self, RemoteError> {
        let uri: Uri = text.parse().map_err(|_| RemoteError::NotAUrl)?;
        policy.check(&uri)?;
        Ok(Self { uri })
    }

    /// The URL that the `Location` of an answer from here leads to (RFC 9110 section 10.2.2), if `policy` allows it and
    /// the way there stays encrypted where it was.
    pub(super) fn follow(&self, location: &[u8], policy: &RemotePolicy) -> Result<Self, RemoteError> {
        let ascii = location.is_ascii().then(|| str::from_utf8(location));
        let location = ascii.and_then(Result::ok).ok_or(RemoteError::NotAUrl)?;
        let uri = self.resolve(location)?;
        policy.check(&uri)?;
        if self.is_https() && uri.scheme() != Some(&Scheme::HTTPS) {
            return Err(RemoteError::Downgrade);
        }
        let same_server = uri.authority() == self.uri.authority();
        if !same_server
            && uri
                .authority()
                .is_some_and(|server| server.as_str().contains('@'))
        {
            return Err(RemoteError::Credentials);
        }
        Ok(Self { uri })
    }

    /// The URL of `path` beside this one, on the same server. The path must be relative and free of what has a meaning in
    /// URLs.
    pub(crate) fn beside(&self, path: &str) -> Result<Self, RemoteError> {
        Ok(Self {
            uri: self.resolve(path)?,
        })
    }

    /// Resolves a reference (RFC 3986 section 5.2). Dot segments are left to the server, which they cannot lead out of.
    fn resolve(&self, reference: &str) -> Result<Uri, RemoteError> {
        let reference = reference.split('#').next().unwrap_or_default();
        let first = reference.split(['/', '?']).next().unwrap_or_default();
        let parse = |text: &str| text.parse::<Uri>().map_err(|_| RemoteError::NotAUrl);
        if first.contains(':') {
            return parse(reference);
        }
        if reference.starts_with("//") {
            let scheme = self.uri.scheme_str().unwrap_or_default();
            return parse(&format!("{scheme}:{reference}"));
        }
        let base = self.uri.path();
        let path = if reference.is_empty() {
            self.uri
                .path_and_query()
                .map_or("/", PathAndQuery::as_str)
                .to_owned()
        } else if reference.starts_with('/') {
            reference.to_owned()
        } else if reference.starts_with('?') {
            format!("{base}{reference}")
        } else {
            let directory = base.rfind('/').map_or("/", |slash| &base[..=slash]);
            format!("{directory}{reference}")
        };
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = Some(path.parse().map_err(|_| RemoteError::NotAUrl)?);
        Uri::from_parts(parts).map_err(|_| RemoteError::NotAUrl)
    }

    /// Whether it is asked for over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.uri.scheme() == Some(&Scheme::HTTPS)
    }

    /// Its host, in lower case; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> String {
        host(&self.uri)
    }

    /// Its port, given or usual.
    #[must_use]
    pub fn port(&self) -> u16 {
        let usual = if self.is_https() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(usual)
    }

    pub(super) const fn uri(&self) -> &Uri {
        &self.uri
    }
}

fn host(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    lower(bare)
}

/// Without name, password and query, which may be secret.
impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let host = self.uri.host().unwrap_or_default();
        write!(f, "{scheme}://{host}")?;
        if let Some(port) = self.uri.port_u16() {
            write!(f, ":{port}")?;
        }
        f.write_str(self.uri.path())
    }
}

impl fmt::Debug for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(insecure: bool) -> RemotePolicy {
        RemotePolicy::new(["packs.example", " OTHER.example ", "::1", ""], insecure)
    }

    #[test]
    fn schemes_and_hosts_are_checked() {
        let outcome = |text: &str, insecure| RemoteUrl::parse(text, &policy(insecure)).err();
        for allowed in [
            "https://packs.example/p.json",
            "HTTPS://Packs.Example:8443/p?q#f",
            "https://other.example",
            "https://[::1]:9/p",
            "https://user:secret@packs.example/p",
        ] {
            assert_eq!(outcome(allowed, false), None, "{allowed}");
        }
        assert_eq!(outcome("http://packs.example/p", true), None);
        for insecure in ["http://packs.example/p", "HTTP://packs.example/p"] {
            assert_eq!(outcome(insecure, false), Some(RemoteError::Insecure));
        }
        for (text, host) in [
            ("https://packs.example.evil/p", "packs.example.evil"),
            ("https://packs.example@evil/p", "evil"),
            ("https://evil/packs.example", "evil"),
            ("https://packs.example./p", "packs.example."),
            ("https://sub.packs.example/p", "sub.packs.example"),
        ] {
            assert_eq!(
                outcome(text, false),
                Some(RemoteError::HostNotAllowed(host.to_owned())),
                "{text}"
            );
        }
        for text in [
            "https://",
            "https:///p",
            "https://packs.example\\@evil/",
            "https://a b/",
        ] {
            assert_eq!(outcome(text, false), Some(RemoteError::NotAUrl), "{text}");
        }
        let nobody = RemotePolicy::new([""], false);
        assert_eq!(
            RemoteUrl::parse("https://packs.example/", &nobody),
            Err(RemoteError::NoHosts)
        );
    }

    #[test]
    fn every_redirect_is_checked_again() {
        let follow = |from: &str, location: &str| {
            let policy = policy(true);
            let from = RemoteUrl::parse(from, &policy).unwrap();
            from.follow(location.as_bytes(), &policy)
                .map(|url| url.uri.to_string())
        };
        let from = "https://packs.example/a/b?q=1";
        for (location, expected) in [
            ("https://other.example/x", "https://other.example/x"),
            ("//other.example/x", "https://other.example/x"),
            ("/x?y=2#z", "https://packs.example/x?y=2"),
            ("c", "https://packs.example/a/c"),
            ("?r=1", "https://packs.example/a/b?r=1"),
            ("", "https://packs.example/a/b?q=1"),
        ] {
            assert_eq!(follow(from, location), Ok(expected.to_owned()), "{location}");
        }
        let evil = Err(RemoteError::HostNotAllowed("evil".to_owned()));
        assert_eq!(follow(from, "https://evil/"), evil);
        assert_eq!(follow(from, "//evil/"), evil);
        assert_eq!(follow(from, "https://packs.example@evil/"), evil);
        assert_eq!(follow(from, "http://packs.example/"), Err(RemoteError::Downgrade));
        assert_eq!(
            follow(from, "https://u:p@other.example/"),
            Err(RemoteError::Credentials)
        );
        assert_eq!(follow(from, "ftp://packs.example/"), Err(RemoteError::Insecure));
        assert_eq!(follow(from, "file:/etc/passwd"), Err(RemoteError::NotAUrl));
        assert_eq!(follow(from, "\u{e9}"), Err(RemoteError::NotAUrl));
        assert!(follow("http://packs.example/", "https://packs.example/").is_ok());
    }

    #[test]
    fn secrets_are_not_shown() {
        let url = "https://user:secret@packs.example:1/p?token=secret";
        let url = RemoteUrl::parse(url, &policy(false)).unwrap();
        assert_eq!(url.to_string(), "https://packs.example:1/p");
        assert_eq!(format!("{url:?}"), "RemoteUrl(https://packs.example:1/p)");
    }

    proptest! {
        #[test]
        fn redirects_never_leave_the_allowed_hosts(location in "\\PC{0,30}|(https?:)?[/\\\\]{0,3}[a-z@:.]{0,12}[/?#]{0,2}[a-z]{0,3}") {
            let policy = policy(true);
            let from = RemoteUrl::parse("https://packs.example/a", &policy).unwrap();
            if let Ok(next) = from.follow(location.as_bytes(), &policy) {
                prop_assert!(next.is_https());
                prop_assert!(policy.hosts.contains(&next.host()));
            }
        }
    }
}
