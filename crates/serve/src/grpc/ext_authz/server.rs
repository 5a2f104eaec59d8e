//! The service `envoy.service.auth.v3.Authorization` of gRPC, and its one method.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::http;
use tonic::body::Body;
use tonic::server::{Grpc, UnaryService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower_service::Service;

use super::answer::ExtAuthz;
use super::protocol::{CheckRequest, CheckResponse};

/// Where its method is called.
const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// Work whose outcome is a value of `T`.
type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The service, as HTTP/2 brings its calls.
#[derive(Clone)]
pub(in crate::grpc) struct AuthorizationServer {
    answering: Arc<ExtAuthz>,
    /// The longest message that is read, in bytes.
    message_bytes: usize,
}

impl AuthorizationServer {
    pub(in crate::grpc) fn new(answering: ExtAuthz, message_bytes: usize) -> Self {
        Self {
            answering: Arc::new(answering),
            message_bytes,
        }
    }
}

impl Service<http::Request<Body>> for AuthorizationServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Work<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        if request.uri().path() != CHECK {
            let status = Status::unimplemented("");
            return Box::pin(async move { Ok(status.into_http()) });
        }
        let check = Check(Arc::clone(&self.answering));
        let mut calls = Grpc::new(ProstCodec::default()).max_decoding_message_size(self.message_bytes);
        Box::pin(async move { Ok(calls.unary(check, request).await) })
    }
}

/// The method.
struct Check(Arc<ExtAuthz>);

impl UnaryService<CheckRequest> for Check {
    type Response = CheckResponse;
    type Future = Work<Result<Response<CheckResponse>, Status>>;

    fn call(&mut self, request: Request<CheckRequest>) -> Self::Future {
        let answering = Arc::clone(&self.0);
        Box::pin(async move { Ok(Response::new(answering.check(request.into_inner()).await)) })
    }
}
