//! An MCP server over HTTP that answers at once, to measure what a gateway in front of it adds.
//!
//! Prints the address that it listens on, and serves until it is killed.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a server for measurements ends when it cannot go on"
)]

use std::convert::Infallible;

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use gait_gateway::frame::{self, Message};
use gait_http::{Handler, Limits, Peer, Serving};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Answers every listing with one tool and every other request with an empty result.
#[derive(Clone)]
struct Ready;

impl Handler for Ready {
    async fn answer(&self, request: Request<Incoming>, _: Peer) -> Result<Response<Body>, Infallible> {
        let bytes = request.into_body().collect().await.unwrap().to_bytes();
        let document = frame::read(&bytes).unwrap();
        let mut answer = Response::new(match Message::of(&document) {
            Ok(Message::Request(request)) => {
                let id = request.id.to_json();
                let result = match request.method {
                    "tools/list" => r#"{"tools":[{"name":"touch","inputSchema":{"type":"object"}}]}"#,
                    _ => r#"{"content":[]}"#,
                };
                Body::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#))
            }
            _ => Body::empty(),
        });
        if document.root().get("id").is_none() {
            *answer.status_mut() = StatusCode::ACCEPTED;
        }
        let json = HeaderValue::from_static("application/json");
        answer.headers_mut().insert(header::CONTENT_TYPE, json);
        Ok(answer)
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    let (_end, ending) = watch::channel(false);
    let serving = Serving {
        handler: Ready,
        limits: Limits::default(),
    };
    gait_http::serve(listener, serving, ending).await;
}
