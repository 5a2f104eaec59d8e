//! The messages of Envoy's external authorization, version 3 (`envoy.service.auth.v3`), with the fields that are read or
//! said here.
//!
//! Field numbers are those of Envoy's published definitions. Fields that are not listed are passed over in what a proxy
//! says, whatever they hold.

use std::collections::HashMap;

/// What a proxy asks (`envoy.service.auth.v3.CheckRequest`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CheckRequest {
    #[prost(message, optional, tag = "1")]
    pub(super) attributes: Option<AttributeContext>,
}

/// What a proxy knows of a request (`envoy.service.auth.v3.AttributeContext`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct AttributeContext {
    #[prost(message, optional, tag = "1")]
    pub(super) source: Option<Peer>,
    #[prost(message, optional, tag = "4")]
    pub(super) request: Option<Request>,
    #[prost(map = "string, string", tag = "10")]
    pub(super) context_extensions: HashMap<String, String>,
}

/// One end of a connection (`envoy.service.auth.v3.AttributeContext.Peer`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Peer {
    #[prost(message, optional, tag = "1")]
    pub(super) address: Option<Address>,
    #[prost(string, tag = "4")]
    pub(super) principal: String,
}

/// Where an end of a connection is (`envoy.config.core.v3.Address`), if that is a socket of the network.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Address {
    #[prost(message, optional, tag = "1")]
    pub(super) socket_address: Option<SocketAddress>,
}

/// A socket of the network (`envoy.config.core.v3.SocketAddress`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct SocketAddress {
    #[prost(string, tag = "2")]
    pub(super) address: String,
}

/// A request of some protocol (`envoy.service.auth.v3.AttributeContext.Request`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Request {
    #[prost(message, optional, tag = "2")]
    pub(super) http: Option<HttpRequest>,
}

/// A request of HTTP (`envoy.service.auth.v3.AttributeContext.HttpRequest`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HttpRequest {
    #[prost(string, tag = "2")]
    pub(super) method: String,
    #[prost(map = "string, string", tag = "3")]
    pub(super) headers: HashMap<String, String>,
    #[prost(string, tag = "4")]
    pub(super) path: String,
    #[prost(string, tag = "5")]
    pub(super) host: String,
    #[prost(string, tag = "6")]
    pub(super) scheme: String,
    #[prost(string, tag = "11")]
    pub(super) body: String,
    /// In place of `body`, where the proxy is set to that.
    #[prost(bytes = "vec", tag = "12")]
    pub(super) raw_body: Vec<u8>,
    /// In place of `headers`, where the proxy is set to that.
    #[prost(message, optional, tag = "13")]
    pub(super) header_map: Option<HeaderMap>,
}

/// Headers in their order (`envoy.config.core.v3.HeaderMap`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HeaderMap {
    #[prost(message, repeated, tag = "1")]
    pub(super) headers: Vec<HeaderValue>,
}

/// One header (`envoy.config.core.v3.HeaderValue`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HeaderValue {
    #[prost(string, tag = "1")]
    pub(super) key: String,
    #[prost(string, tag = "2")]
    pub(super) value: String,
    /// In place of `value`, for headers that need not be text.
    #[prost(bytes = "vec", tag = "3")]
    pub(super) raw_value: Vec<u8>,
}

/// What a proxy is told (`envoy.service.auth.v3.CheckResponse`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct CheckResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<Status>,
    #[prost(oneof = "HttpResponse", tags = "2, 3")]
    pub(super) http_response: Option<HttpResponse>,
}

/// What becomes of the request.
#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum HttpResponse {
    #[prost(message, tag = "2")]
    Denied(DeniedHttpResponse),
    #[prost(message, tag = "3")]
    Ok(OkHttpResponse),
}

/// Whether a request goes on (`google.rpc.Status`): with code 0 and no other.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
}

/// What the proxy answers itself (`envoy.service.auth.v3.DeniedHttpResponse`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct DeniedHttpResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) status: Option<HttpStatus>,
    #[prost(message, repeated, tag = "2")]
    pub(super) headers: Vec<HeaderValueOption>,
    #[prost(string, tag = "3")]
    pub(super) body: String,
}

/// What the proxy changes of a request that goes on (`envoy.service.auth.v3.OkHttpResponse`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct OkHttpResponse {
    #[prost(message, repeated, tag = "2")]
    pub(super) headers: Vec<HeaderValueOption>,
    #[prost(string, repeated, tag = "5")]
    pub(super) headers_to_remove: Vec<String>,
    #[prost(message, repeated, tag = "6")]
    pub(super) response_headers_to_add: Vec<HeaderValueOption>,
}

/// A status of HTTP (`envoy.type.v3.HttpStatus`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HttpStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
}

/// A header, and what to do where there is one (`envoy.config.core.v3.HeaderValueOption`).
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct HeaderValueOption {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<HeaderValue>,
    #[prost(enumeration = "HeaderAppendAction", tag = "3")]
    pub(super) append_action: i32,
}

/// What to do where there is such a header (`envoy.config.core.v3.HeaderValueOption.HeaderAppendAction`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum HeaderAppendAction {
    /// What Envoy takes silence for.
    AppendIfExistsOrAdd = 0,
    /// Put this one in its place.
    OverwriteIfExistsOrAdd = 2,
}

#[cfg(test)]
mod tests {
    //! Held against the published definitions: what one side says, the other reads.

    use std::fmt::Debug;

    use envoy_types::pb::envoy::config::core::v3 as core;
    use envoy_types::pb::envoy::service::auth::v3 as published;
    use envoy_types::pb::envoy::r#type::v3::HttpStatus as PublishedHttpStatus;
    use envoy_types::pb::google;
    use prost::Message;
    use published::attribute_context as attributes;

    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect()
    }

    fn reread<T: Message + Default>(message: &impl Message) -> T {
        T::decode(message.encode_to_vec().as_slice()).unwrap()
    }

    /// Both sides read in the other's message what their own says.
    fn agree<Ours, Published>(ours: &Ours, published: &Published)
    where
        Ours: Message + Default + Debug + PartialEq,
        Published: Message + Default + Debug + PartialEq,
    {
        assert_eq!(&reread::<Ours>(published), ours);
        assert_eq!(&reread::<Published>(ours), published);
    }

    fn header() -> (HeaderValue, core::HeaderValue) {
        let ours = HeaderValue {
            key: "k".to_owned(),
            value: "v".to_owned(),
            raw_value: b"\xFF".to_vec(),
        };
        let published = core::HeaderValue {
            key: "k".to_owned(),
            value: "v".to_owned(),
            raw_value: b"\xFF".to_vec(),
        };
        (ours, published)
    }

    fn option(action: HeaderAppendAction) -> (HeaderValueOption, core::HeaderValueOption) {
        use core::header_value_option::HeaderAppendAction as Published;
        let published = match action {
            HeaderAppendAction::AppendIfExistsOrAdd => Published::AppendIfExistsOrAdd,
            HeaderAppendAction::OverwriteIfExistsOrAdd => Published::OverwriteIfExistsOrAdd,
        };
        let (ours, theirs) = header();
        (
            HeaderValueOption {
                header: Some(ours),
                append_action: action.into(),
            },
            core::HeaderValueOption {
                header: Some(theirs),
                append_action: published.into(),
                ..core::HeaderValueOption::default()
            },
        )
    }

    fn http_request() -> (HttpRequest, attributes::HttpRequest) {
        let (header, published_header) = header();
        let ours = HttpRequest {
            method: "method".to_owned(),
            headers: pairs(&[("a", "1"), ("b", "2")]),
            path: "path".to_owned(),
            host: "host".to_owned(),
            scheme: "scheme".to_owned(),
            body: "body".to_owned(),
            raw_body: b"\0\xFF".to_vec(),
            header_map: Some(HeaderMap {
                headers: vec![header.clone(), header],
            }),
        };
        let published = attributes::HttpRequest {
            method: "method".to_owned(),
            headers: pairs(&[("a", "1"), ("b", "2")]),
            path: "path".to_owned(),
            host: "host".to_owned(),
            scheme: "scheme".to_owned(),
            body: "body".to_owned(),
            raw_body: b"\0\xFF".to_vec(),
            header_map: Some(core::HeaderMap {
                headers: vec![published_header.clone(), published_header],
            }),
            ..attributes::HttpRequest::default()
        };
        (ours, published)
    }

    fn peer() -> (Peer, attributes::Peer) {
        let ours = Peer {
            address: Some(Address {
                socket_address: Some(SocketAddress {
                    address: "10.0.0.1".to_owned(),
                }),
            }),
            principal: "principal".to_owned(),
        };
        let socket_address = core::SocketAddress {
            address: "10.0.0.1".to_owned(),
            ..core::SocketAddress::default()
        };
        let published = attributes::Peer {
            address: Some(core::Address {
                address: Some(core::address::Address::SocketAddress(socket_address)),
            }),
            principal: "principal".to_owned(),
            ..attributes::Peer::default()
        };
        (ours, published)
    }

    fn check() -> (CheckRequest, published::CheckRequest) {
        let (peer, published_peer) = peer();
        let (http, published_http) = http_request();
        let ours = CheckRequest {
            attributes: Some(AttributeContext {
                source: Some(peer),
                request: Some(Request { http: Some(http) }),
                context_extensions: pairs(&[("gait.adapter", "mcp")]),
            }),
        };
        let published = published::CheckRequest {
            attributes: Some(published::AttributeContext {
                source: Some(published_peer),
                request: Some(attributes::Request {
                    http: Some(published_http),
                    ..attributes::Request::default()
                }),
                context_extensions: pairs(&[("gait.adapter", "mcp")]),
                ..published::AttributeContext::default()
            }),
        };
        (ours, published)
    }

    #[test]
    fn what_a_proxy_asks_is_read() {
        let (ours, published) = check();
        agree(&ours, &published);
        agree(&CheckRequest::default(), &published::CheckRequest::default());
    }

    #[test]
    fn what_is_said_is_read_by_a_proxy() {
        for action in [
            HeaderAppendAction::AppendIfExistsOrAdd,
            HeaderAppendAction::OverwriteIfExistsOrAdd,
        ] {
            let (option, published_option) = option(action);
            let ours = CheckResponse {
                status: Some(Status { code: 7 }),
                http_response: Some(HttpResponse::Denied(DeniedHttpResponse {
                    status: Some(HttpStatus { code: 403 }),
                    headers: vec![option.clone(), option.clone()],
                    body: "body".to_owned(),
                })),
            };
            let denied = published::DeniedHttpResponse {
                status: Some(PublishedHttpStatus { code: 403 }),
                headers: vec![published_option.clone(), published_option.clone()],
                body: "body".to_owned(),
            };
            let status = |code| {
                Some(google::rpc::Status {
                    code,
                    ..google::rpc::Status::default()
                })
            };
            let published = published::CheckResponse {
                status: status(7),
                http_response: Some(published::check_response::HttpResponse::DeniedResponse(denied)),
                ..published::CheckResponse::default()
            };
            agree(&ours, &published);

            let ours = CheckResponse {
                status: Some(Status { code: 0 }),
                http_response: Some(HttpResponse::Ok(OkHttpResponse {
                    headers: vec![option.clone()],
                    headers_to_remove: vec!["x".to_owned(), "y".to_owned()],
                    response_headers_to_add: vec![option.clone(), option],
                })),
            };
            let ok = published::OkHttpResponse {
                headers: vec![published_option.clone()],
                headers_to_remove: vec!["x".to_owned(), "y".to_owned()],
                response_headers_to_add: vec![published_option.clone(), published_option],
                ..published::OkHttpResponse::default()
            };
            let published = published::CheckResponse {
                status: status(0),
                http_response: Some(published::check_response::HttpResponse::OkResponse(ok)),
                ..published::CheckResponse::default()
            };
            agree(&ours, &published);
        }
    }

    #[test]
    fn what_is_not_listed_is_passed_over() {
        let (ours, mut published) = check();
        let context = published.attributes.as_mut().unwrap();
        context.destination = context.source.clone();
        context.metadata_context = Some(core::Metadata::default());
        context.tls_session = Some(attributes::TlsSession {
            sni: "sni".to_owned(),
        });
        let source = context.source.as_mut().unwrap();
        source.service = "service".to_owned();
        source.labels = pairs(&[("label", "value")]);
        source.certificate = "certificate".to_owned();
        let request = context.request.as_mut().unwrap();
        request.time = Some(google::protobuf::Timestamp { seconds: 1, nanos: 2 });
        let http = request.http.as_mut().unwrap();
        http.id = "id".to_owned();
        http.query = "query".to_owned();
        http.fragment = "fragment".to_owned();
        http.size = -1;
        http.protocol = "HTTP/2".to_owned();
        assert_eq!(reread::<CheckRequest>(&published), ours);

        // A field that no definition has yet.
        let mut bytes = published.encode_to_vec();
        prost::encoding::string::encode(5000, &"later".to_owned(), &mut bytes);
        assert_eq!(CheckRequest::decode(bytes.as_slice()).unwrap(), ours);
    }

    #[test]
    fn sockets_of_other_kinds_are_no_address() {
        let published = core::Address {
            address: Some(core::address::Address::Pipe(core::Pipe {
                path: "/run/proxy".to_owned(),
                mode: 0,
            })),
        };
        assert_eq!(reread::<Address>(&published), Address::default());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for bytes in [&b"\x0A"[..], b"\x0A\x05ab", b"\x08\x01", b"\xFF\xFF", b"\x0B"] {
            assert!(CheckRequest::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
