//! Where the service listens, and whether only this machine can reach it there.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};

/// A listen address as configured: a host and a port. Names are looked up when the socket is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    host: String,
    port: String,
}

/// Why the service can't listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Nothing is configured.
    #[error("listen address is required")]
    Missing,
    /// The text is not `host:port`.
    #[error("invalid --listen address: {0:?} is not host:port")]
    Malformed(String),
    /// The port is not a number between 0 and 65535.
    #[error("listen on {address}: invalid port")]
    Port {
        /// The address as configured.
        address: ListenAddress,
    },
    /// The socket can't be had.
    #[error("listen on {address}: {source}")]
    Bind {
        /// The address as configured.
        address: ListenAddress,
        /// What the operating system says.
        source: io::Error,
    },
}

impl ListenAddress {
    /// Takes `host:port` apart; white space around it is dropped. An IPv6 host stands in brackets.
    pub fn parse(text: &str) -> Result<Self, ListenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ListenError::Missing);
        }
        let malformed = || ListenError::Malformed(text.to_owned());
        let (host, port) = match text.strip_prefix('[') {
            Some(bracketed) => bracketed.split_once("]:").ok_or_else(malformed)?,
            None => text.rsplit_once(':').ok_or_else(malformed)?,
        };
        let bare = !text.starts_with('[');
        if (bare && host.contains(':')) || [host, port].iter().any(|part| part.contains(['[', ']'])) {
            return Err(malformed());
        }
        Ok(Self {
            host: host.to_owned(),
            port: port.to_owned(),
        })
    }

    /// Whether nothing but this machine can reach the address: `localhost` or a loopback IP address (RFC 1122 section
    /// 3.2.1.3, RFC 4291 section 2.5.3). Other names don't count, since what they stand for can change.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback_host(&self.host)
    }

    /// Binds the socket, which makes nobody wait. Port 0 takes any that is free.
    pub fn bind(&self) -> Result<TcpListener, ListenError> {
        let port: u16 = self.port.parse().map_err(|_| ListenError::Port {
            address: self.clone(),
        })?;
        let bound = if self.host.is_empty() {
            // Both families where the system has them, else IPv4 alone.
            TcpListener::bind(("::", port)).or_else(|_| TcpListener::bind(("0.0.0.0", port)))
        } else {
            TcpListener::bind((self.host.as_str(), port))
        };
        let ready = bound.and_then(|listener| {
            listener.set_nonblocking(true)?;
            Ok(listener)
        });
        ready.map_err(|source| ListenError::Bind {
            address: self.clone(),
            source,
        })
    }

    /// The address with the port that was really bound, the host as configured.
    #[must_use]
    pub fn bound_to(&self, actual: SocketAddr) -> Self {
        Self {
            host: self.host.clone(),
            port: actual.port().to_string(),
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

/// Whether `host`, without port and brackets, stands for this machine alone.
#[must_use]
pub fn is_loopback_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart_and_put_together() {
        for (text, shown, loopback) in [
            ("127.0.0.1:8787", "127.0.0.1:8787", true),
            (" localhost:1 ", "localhost:1", true),
            ("LocalHost:1", "LocalHost:1", true),
            ("127.9.9.9:1", "127.9.9.9:1", true),
            ("[::1]:1", "[::1]:1", true),
            ("0.0.0.0:1", "0.0.0.0:1", false),
            (":1", ":1", false),
            ("[::]:1", "[::]:1", false),
            ("example.org:1", "example.org:1", false),
            ("localhost.example.org:1", "localhost.example.org:1", false),
            ("127.0.0.1.example.org:1", "127.0.0.1.example.org:1", false),
        ] {
            let address = ListenAddress::parse(text).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.is_loopback(), loopback, "{text}");
        }
        for text in [
            "",
            "  ",
            "localhost",
            "::1:80",
            "[::1]",
            "[::1:80",
            "a]:1",
            "127.0.0.1:[1]",
        ] {
            assert!(ListenAddress::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_port_is_checked_when_it_is_bound() {
        let address = ListenAddress::parse("127.0.0.1:99999").unwrap();
        assert!(matches!(address.bind(), Err(ListenError::Port { .. })));
        let address = ListenAddress::parse("127.0.0.1:0").unwrap();
        let listener = address.bind().unwrap();
        let actual = listener.local_addr().unwrap();
        assert_ne!(actual.port(), 0);
        assert_eq!(address.bound_to(actual).to_string(), actual.to_string());
        assert!(matches!(
            address.bound_to(actual).bind(),
            Err(ListenError::Bind { .. })
        ));
    }
}
