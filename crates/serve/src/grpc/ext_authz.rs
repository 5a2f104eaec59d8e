//! External authorization of Envoy, version 3 of its API: a proxy asks about each request before it hands it on.
//!
//! The request becomes a call (`question`), the call is judged and kept as any other, and the verdict becomes what the
//! proxy does (`reply`). Whatever goes wrong on the way is a reply that lets nothing through.

mod answer;
mod extensions;
mod frame;
mod protocol;
mod question;
mod reply;
mod request;
mod server;
mod url;

pub(super) use self::answer::ExtAuthz;
pub(super) use self::server::AuthorizationServer;
