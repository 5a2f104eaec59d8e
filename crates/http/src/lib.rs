//! What every HTTP server of Gait asks of those who connect, before it looks at what they want.
//!
//! Where it listens, who may ask, how much and for how long, and how it ends when the process is told to. What is answered
//! is up to the [`Handler`].

mod access;
mod limits;
mod listen;
mod media;
mod pace;
mod server;
mod signals;
mod workers;

pub use access::{Access, AccessError, BearerToken};
pub use limits::Limits;
pub use listen::{ListenAddress, ListenError, is_loopback_host};
pub use media::{MediaError, require_json};
pub use server::{Handler, Peer, Serving, serve, serve_on};
pub use signals::{Signals, run_until_told};
pub use workers::Workers;
