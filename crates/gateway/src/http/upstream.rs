//! The server behind the gateway.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header, uri::PathAndQuery};
use bytes::Bytes;
use gait_http::is_loopback_host;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

use super::fields;

/// How long to wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long a connection may rest.
const IDLE_TIME: Duration = Duration::from_secs(60);

/// Why a server cannot stand behind the gateway.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// It has no usable address.
    #[error("the address of the server must be http:// or https:// with a host: {0:?}")]
    Address(String),
    /// Everybody on the way could read and change what is said.
    #[error("a server beyond this machine must be asked by https: {0:?}")]
    Plain(String),
    /// The token cannot stand in a header.
    #[error("the token for the server cannot be sent")]
    Token,
    /// The connection cannot be secured.
    #[error("set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The operating system names no authority whose certificates could be believed.
    #[error("this system trusts no certificate authority")]
    NoRoots,
}

/// By what the server knows who asks.
#[derive(Debug, Clone, Default)]
pub enum Authorization {
    /// By nothing: what the client shows is meant for the gateway.
    #[default]
    None,
    /// By what the client shows.
    Forwarded,
    /// By this bearer token of the gateway.
    Bearer(String),
}

/// The server behind the gateway.
#[derive(Debug)]
pub struct Upstream {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    is_forwarding: bool,
    token: Option<HeaderValue>,
}

impl Upstream {
    /// The server at `address`. Plain HTTP to another machine must be allowed.
    pub fn new(
        address: &str,
        authorization: &Authorization,
        allow_plain: bool,
    ) -> Result<Self, UpstreamError> {
        let uri: Uri = address
            .parse()
            .map_err(|_| UpstreamError::Address(address.to_owned()))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(UpstreamError::Address(address.to_owned()));
        };
        if !matches!(scheme, "http" | "https") || authority.as_str().contains('@') {
            return Err(UpstreamError::Address(address.to_owned()));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if scheme == "http" && !allow_plain && !is_loopback_host(host) {
            return Err(UpstreamError::Plain(address.to_owned()));
        }
        let token = match authorization {
            Authorization::Bearer(token) => Some(bearer(token)?),
            _ => None,
        };
        let connector = connector(scheme == "https")?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .build(connector);
        Ok(Self {
            client,
            uri,
            is_forwarding: matches!(authorization, Authorization::Forwarded),
            token,
        })
    }

    /// The path at which clients ask, which is that of the server.
    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// What stands behind that path in the address.
    pub(crate) fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// What the server is told besides the body, of what a client told.
    pub(crate) fn fields(&self, headers: HeaderMap) -> HeaderMap {
        self.with_own_fields(fields::of_request(headers, self.is_forwarding))
    }

    /// What the gateway tells the server besides the body.
    pub(crate) fn with_own_fields(&self, mut headers: HeaderMap) -> HeaderMap {
        if let Some(token) = &self.token {
            headers.insert(header::AUTHORIZATION, token.clone());
        }
        // What is compressed cannot be read on its way.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers
    }

    /// Asks the server.
    pub(crate) async fn send(
        &self,
        method: Method,
        query: Option<&str>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.uri_with(query);
        *request.headers_mut() = headers;
        self.client.request(request).await
    }

    fn uri_with(&self, query: Option<&str>) -> Uri {
        let Some(query) = query else {
            return self.uri.clone();
        };
        let mut parts = self.uri.clone().into_parts();
        let path = format!("{}?{query}", self.uri.path());
        parts.path_and_query = PathAndQuery::try_from(path).ok().or(parts.path_and_query);
        Uri::from_parts(parts).unwrap_or_else(|_| self.uri.clone())
    }
}

fn bearer(token: &str) -> Result<HeaderValue, UpstreamError> {
    let mut value =
        HeaderValue::try_from(format!("Bearer {}", token.trim())).map_err(|_| UpstreamError::Token)?;
    value.set_sensitive(true);
    Ok(value)
}

fn connector(is_secure: bool) -> Result<HttpsConnector<HttpConnector>, UpstreamError> {
    let mut roots = RootCertStore::empty();
    if is_secure {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(UpstreamError::NoRoots);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut http = HttpConnector::new();
    http.set_connect_timeout(Some(CONNECT_TIME));
    http.set_nodelay(true);
    http.enforce_http(false);
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
    let builder = if is_secure {
        builder.https_only()
    } else {
        builder.https_or_http()
    };
    Ok(builder.enable_http1().wrap_connector(http))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_be_trusted_are_refused() {
        for (address, allow_plain, passes) in [
            ("http://127.0.0.1:1/mcp", false, true),
            ("http://[::1]:1/mcp", false, true),
            ("http://example.org/mcp", false, false),
            ("http://example.org/mcp", true, true),
            ("ftp://127.0.0.1/mcp", true, false),
            ("/mcp", true, false),
            ("http://u:p@127.0.0.1/mcp", true, false),
        ] {
            let upstream = Upstream::new(address, &Authorization::None, allow_plain);
            assert_eq!(upstream.is_ok(), passes, "{address}");
        }
    }
}
