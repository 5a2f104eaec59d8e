//! A manifest from a server: every hop allowed, every wait and every size bounded.
//!
//! A fetch is one or more attempts. An attempt asks, follows redirects by hand so that each is held against the same
//! [`RemotePolicy`], and has [`Timeouts::total`] for all of it. Failures that may pass are tried again after a pause.

mod post;
mod proxy;
mod remote;
mod retry;

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use ureq::http::{Response, StatusCode, header};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

pub use post::Message;
pub use proxy::Proxies;
pub use remote::{RemoteError, RemotePolicy, RemoteUrl};
pub use retry::{Pacing, Retry};

/// The largest body that is taken, in bytes.
pub const MAX_BODY_BYTES: usize = 5 << 20;

/// How many redirects an attempt follows.
const MAX_REDIRECTS: usize = 10;

/// How long an attempt may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To be connected to one server, the handshake of TLS included.
    pub connect: Duration,
    /// For the server to say anything more.
    pub read: Duration,
    /// For everything, redirects included.
    pub total: Duration,
}

impl Default for Timeouts {
    /// 10, 15 and 20 seconds.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(15),
            total: Duration::from_secs(20),
        }
    }
}

/// Whose certificates are believed.
#[derive(Debug, Clone, Default)]
pub enum Roots {
    /// The authorities that the operating system trusts.
    #[default]
    System,
    /// These authorities and no others, each a certificate in DER.
    Only(Vec<Vec<u8>>),
}

/// How to fetch.
#[derive(Debug, Clone)]
pub struct FetchOptions<'a> {
    /// Which servers may be asked.
    pub policy: &'a RemotePolicy,
    /// The proxies on the way to them.
    pub proxies: Proxies,
    /// Whose certificates are believed.
    pub roots: Roots,
    /// How long an attempt may take.
    pub timeouts: Timeouts,
    /// How often, and how soon, to try again.
    pub retry: Retry,
}

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server's answer is no document.
    #[error("fetch {url}: unexpected status {status}")]
    Status {
        /// What was asked for.
        url: RemoteUrl,
        /// The status code (RFC 9110 section 15).
        status: u16,
    },
    /// The document is too large.
    #[error("fetch {url}: larger than {MAX_BODY_BYTES} bytes")]
    TooLarge {
        /// What was asked for.
        url: RemoteUrl,
    },
    /// The server sends the caller where it may not go.
    #[error("redirect from {from}: {source}")]
    Redirect {
        /// What was asked for.
        from: RemoteUrl,
        /// Why not there.
        source: RemoteError,
    },
    /// The server sends the caller on and on.
    #[error("fetch {url}: more than {MAX_REDIRECTS} redirects")]
    TooManyRedirects {
        /// What was asked for in the end.
        url: RemoteUrl,
    },
    /// The operating system names no authority whose certificates could be believed.
    #[error("fetch {url}: this system trusts no certificate authority")]
    NoRoots {
        /// What would have been asked for.
        url: RemoteUrl,
    },
    /// The proxy for this server is not one.
    #[error("fetch {url}: its proxy is not usable: {source}")]
    Proxy {
        /// What would have been asked for.
        url: RemoteUrl,
        /// What is wrong with it.
        source: Box<ureq::Error>,
    },
    /// No answer came, or not all of it.
    #[error("fetch {url}: {source}")]
    Transport {
        /// What was asked for.
        url: RemoteUrl,
        /// What happened.
        source: Box<ureq::Error>,
    },
}

impl FetchError {
    /// Whether another attempt may succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        use std::io::ErrorKind;

        match self {
            Self::Status { status, .. } => matches!(status, 429 | 502 | 503 | 504),
            Self::Transport { source, .. } => match source.as_ref() {
                ureq::Error::Timeout(_) => true,
                ureq::Error::Io(error) => matches!(
                    error.kind(),
                    ErrorKind::ConnectionRefused
                        | ErrorKind::ConnectionReset
                        | ErrorKind::ConnectionAborted
                        | ErrorKind::BrokenPipe
                        | ErrorKind::TimedOut
                        | ErrorKind::UnexpectedEof
                ),
                _ => false,
            },
            _ => false,
        }
    }
}

/// What asks servers. Making one reads the operating system's certificates.
pub struct Fetcher<'a> {
    options: &'a FetchOptions<'a>,
    agent: Agent,
    has_roots: bool,
}

impl<'a> Fetcher<'a> {
    /// A fetcher that goes by `options`.
    #[must_use]
    pub fn new(options: &'a FetchOptions<'a>) -> Self {
        let roots = certificates(&options.roots);
        let has_roots = !roots.is_empty();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .user_agent("gait")
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_connect(Some(options.timeouts.connect))
            .timeout_per_read(Some(options.timeouts.read))
            .build()
            .new_agent();
        Self {
            options,
            agent,
            has_roots,
        }
    }

    /// The document at `url`, at most [`MAX_BODY_BYTES`] of it.
    pub fn fetch(&self, url: &RemoteUrl, pacing: &mut Pacing<'_>) -> Result<Vec<u8>, FetchError> {
        let retry = self.options.retry;
        retry.run(pacing, FetchError::is_transient, || self.attempt(url))
    }

    fn attempt(&self, url: &RemoteUrl) -> Result<Vec<u8>, FetchError> {
        let started = Instant::now();
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let left = self.options.timeouts.total.saturating_sub(started.elapsed());
            let response = self.ask(&url, left)?;
            match location(&response) {
                Some(location) => {
                    let next = url.follow(location, self.options.policy);
                    url = next.map_err(|source| FetchError::Redirect { from: url, source })?;
                }
                None => return body(response, url),
            }
        }
        Err(FetchError::TooManyRedirects { url })
    }

    /// The proxy on the way to `url`, if nothing speaks against going there.
    fn way_to(&self, url: &RemoteUrl) -> Result<Option<Proxy>, FetchError> {
        if url.is_https() && !self.has_roots {
            return Err(FetchError::NoRoots { url: url.clone() });
        }
        let proxy = self.options.proxies.between(url);
        proxy.map_err(|source| FetchError::Proxy {
            url: url.clone(),
            source: Box::new(source),
        })
    }

    fn ask(&self, url: &RemoteUrl, left: Duration) -> Result<Response<Body>, FetchError> {
        let proxy = self.way_to(url)?;
        let request = self.agent.get(url.uri().clone()).config();
        let answer = request.timeout_global(Some(left)).proxy(proxy).build().call();
        answer.map_err(|error| transport(url, error))
    }
}

fn transport(url: &RemoteUrl, error: ureq::Error) -> FetchError {
    FetchError::Transport {
        url: url.clone(),
        source: Box::new(error),
    }
}

/// Where a redirect leads.
fn location(response: &Response<Body>) -> Option<&[u8]> {
    let redirects = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = response.headers().get(header::LOCATION)?;
    redirects.then_some(location.as_bytes())
}

/// Reads the body of an answer that has status 200.
fn body(response: Response<Body>, url: RemoteUrl) -> Result<Vec<u8>, FetchError> {
    if response.status() != StatusCode::OK {
        let status = response.status().as_u16();
        return Err(FetchError::Status { url, status });
    }
    let body = response.into_body();
    let most = MAX_BODY_BYTES as u64;
    if body.content_length().is_some_and(|length| length > most) {
        return Err(FetchError::TooLarge { url });
    }
    let mut bytes = Vec::new();
    match body.into_reader().take(most + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() > MAX_BODY_BYTES => Err(FetchError::TooLarge { url }),
        Ok(_) => Ok(bytes),
        Err(error) => Err(transport(&url, error.into())),
    }
}

fn certificates(roots: &Roots) -> Vec<Certificate<'static>> {
    let own = |der: &[u8]| Certificate::from_der(der).to_owned();
    match roots {
        // Certificates that could not be read are as good as absent: whatever needs them will not verify.
        Roots::System => rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|der: &CertificateDer<'_>| own(der))
            .collect(),
        Roots::Only(ders) => ders.iter().map(|der| own(der)).collect(),
    }
}
