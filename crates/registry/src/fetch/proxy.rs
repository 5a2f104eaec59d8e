//! Proxies, by the variables that programs commonly agree on.

use std::net::IpAddr;

use gait_artifact::text::trim_lower;
use ureq::Proxy;

use super::RemoteUrl;

/// Which proxy stands before which server.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<String>,
    https: Option<String>,
    exempt: Vec<Exemption>,
}

/// Servers that are asked without a proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exemption {
    Everything,
    /// All addresses whose first bits are those.
    Network {
        address: IpAddr,
        bits: u32,
    },
    /// A name and the names below it, or only these; at one port, or at any.
    Name {
        name: String,
        itself: bool,
        port: Option<u16>,
    },
}

impl Proxies {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, or their names in lower case.
    #[must_use]
    pub fn from_environment(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let read = |name: &str| {
            [name.to_owned(), name.to_ascii_lowercase()]
                .iter()
                .filter_map(|name| variable(name))
                .find(|value| !value.trim().is_empty())
        };
        let exempt = read("NO_PROXY").unwrap_or_default();
        Self {
            http: read("HTTP_PROXY"),
            https: read("HTTPS_PROXY"),
            exempt: exempt.split(',').filter_map(Exemption::parse).collect(),
        }
    }

    /// The proxy between here and the server of `url`; this machine itself is never behind one.
    pub(super) fn between(&self, url: &RemoteUrl) -> Result<Option<Proxy>, ureq::Error> {
        let proxy = if url.is_https() { &self.https } else { &self.http };
        let Some(proxy) = proxy else { return Ok(None) };
        let host = url.host();
        let address: Option<IpAddr> = host.parse().ok();
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return Ok(None);
        }
        if self
            .exempt
            .iter()
            .any(|exemption| exemption.covers(&host, address, url.port()))
        {
            return Ok(None);
        }
        Proxy::new(proxy.trim()).map(Some)
    }
}

/// Without the proxies themselves, whose URLs may hold passwords.
impl std::fmt::Debug for Proxies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxies")
            .field("http", &self.http.is_some())
            .field("https", &self.https.is_some())
            .field("exempt", &self.exempt)
            .finish()
    }
}

impl Exemption {
    fn parse(text: &str) -> Option<Self> {
        let text = trim_lower(text);
        if text == "*" {
            return Some(Self::Everything);
        }
        if let Some((address, bits)) = text.split_once('/') {
            let (address, bits) = (address.parse().ok()?, bits.parse().ok()?);
            return (bits <= width(address)).then_some(Self::Network { address, bits });
        }
        if let Ok(address) = text.trim_matches(['[', ']']).parse() {
            let bits = width(address);
            return Some(Self::Network { address, bits });
        }
        let (name, port) = match text.split_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (text.as_str(), None),
        };
        let name = name.strip_prefix('*').unwrap_or(name);
        let below = name.strip_prefix('.');
        let name = below.unwrap_or(name).to_owned();
        let itself = below.is_none();
        (!name.is_empty()).then_some(Self::Name { name, itself, port })
    }

    fn covers(&self, host: &str, host_address: Option<IpAddr>, host_port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Network { address, bits } => {
                host_address.is_some_and(|host| first_bits(host, *bits) == first_bits(*address, *bits))
            }
            Self::Name { name, itself, port } => {
                let below = host
                    .strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.ends_with('.'));
                port.is_none_or(|port| port == host_port) && (below || (*itself && host == name))
            }
        }
    }
}

const fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The first `bits` of an address, and whether it is an IPv4 one.
fn first_bits(address: IpAddr, bits: u32) -> (bool, u128) {
    let all = match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let shift = width(address).saturating_sub(bits);
    (address.is_ipv4(), all.checked_shr(shift).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::super::RemotePolicy;
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::from_environment(&|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn between(proxies: &Proxies, url: &str) -> Option<String> {
        let mut host = url.split(['/', ':']).nth(3).unwrap();
        if let Some(address) = url.split(['[', ']']).nth(1) {
            host = address;
        }
        let url = RemoteUrl::parse(url, &RemotePolicy::new([host], true)).unwrap();
        let proxy = proxies.between(&url).unwrap()?;
        Some(format!("{}:{}", proxy.host(), proxy.port()))
    }

    #[test]
    fn each_scheme_has_its_proxy() {
        let both = proxies(&[("HTTP_PROXY", "http://plain:1"), ("https_proxy", "secure:2")]);
        assert_eq!(between(&both, "http://x/"), Some("plain:1".to_owned()));
        assert_eq!(between(&both, "https://x/"), Some("secure:2".to_owned()));
        let one = proxies(&[("HTTPS_PROXY", " "), ("http_proxy", "http://plain")]);
        assert_eq!(between(&one, "https://x/"), None);
        assert_eq!(between(&one, "http://x/"), Some("plain:80".to_owned()));
        for own in ["http://localhost/", "http://127.0.0.9/", "http://[::1]/"] {
            assert_eq!(between(&both, own), None, "{own}");
        }
        assert!(!format!("{both:?}").contains("plain"));
    }

    #[test]
    fn exempt_servers_are_asked_directly() {
        let exempt = "a.example, .b.example,*.c.example ,d.example:8443,10.0.0.0/8,fd00::/8,192.0.2.1,/,x/33";
        let proxies = proxies(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", exempt)]);
        for (url, is_direct) in [
            ("https://a.example/", true),
            ("https://sub.a.example/", true),
            ("https://xa.example/", false),
            ("https://b.example/", false),
            ("https://sub.b.example/", true),
            ("https://c.example/", false),
            ("https://sub.c.example/", true),
            ("https://d.example:8443/", true),
            ("https://d.example/", false),
            ("https://10.200.1.1/", true),
            ("https://11.0.0.1/", false),
            ("https://192.0.2.1/", true),
            ("https://[fd12::1]/", true),
            ("https://[fe80::1]/", false),
        ] {
            assert_eq!(between(&proxies, url).is_none(), is_direct, "{url}");
        }
    }

    #[test]
    fn a_star_exempts_every_server() {
        let all = proxies(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", "*")]);
        assert_eq!(between(&all, "https://x/"), None);
    }

    #[test]
    fn a_proxy_that_is_none_stops_the_request() {
        let wrong = proxies(&[("HTTPS_PROXY", "gopher://p:1")]);
        let url = RemoteUrl::parse("https://x/", &RemotePolicy::new(["x"], false)).unwrap();
        assert!(wrong.between(&url).is_err());
    }
}
