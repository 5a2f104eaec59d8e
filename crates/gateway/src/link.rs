//! A way to a server that carries messages both ways, whatever it is made of.

mod child;
mod outgoing;
pub mod remote;

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;

pub use child::Launch;
pub use remote::{Network, Remote, RemoteError};

use crate::pipe::{Arrival, Unread};
use child::Started;
use remote::Connected;

/// Is told what a server says; gives whether anybody still listens.
pub type Tell = Box<dyn FnMut(Arrival) -> bool + Send>;

/// Where a server is.
#[derive(Debug, Clone)]
pub enum Target {
    /// It is a child process and speaks on its standard input and output.
    Child(Launch),
    /// It is asked over streamable HTTP.
    Remote(Arc<Remote>),
}

/// A way to a server.
#[derive(Debug)]
pub enum Link {
    /// To a child process.
    Child(Started),
    /// To a server over HTTP.
    Remote(Connected),
}

impl Link {
    /// Opens a way to `target` and tells what arrives on it, the end included: of a child on a thread that does nothing else,
    /// of a server over HTTP on one that carries other links as well. A server over HTTP is asked when there is something to
    /// say to it.
    pub fn open(target: &Target, tell: Tell) -> io::Result<Self> {
        Ok(match target {
            Target::Child(launch) => Self::Child(Started::begin(launch, tell)?),
            Target::Remote(remote) => Self::Remote(Connected::begin(remote, tell)),
        })
    }

    /// Sends a message. Nobody waits for the server to take it.
    pub fn send(&self, message: String) -> Result<(), Unread> {
        match self {
            Self::Child(child) => child.send(message),
            Self::Remote(remote) => remote.send(message),
        }
    }

    /// Tells the server that no more will come. What it still has to say arrives, and then the end.
    pub fn close(&mut self) {
        match self {
            Self::Child(child) => child.close(),
            Self::Remote(remote) => remote.close(),
        }
    }

    /// What a child ended with, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        match self {
            Self::Child(child) => child.ended(),
            Self::Remote(_) => None,
        }
    }

    /// Waits a while for the end of the server, unless it is urgent, and brings it about in the end; gives what a child ended
    /// with.
    pub fn end(self, is_urgent: bool) -> io::Result<Option<ExitStatus>> {
        match self {
            Self::Child(child) => child.end(is_urgent).map(Some),
            Self::Remote(remote) => {
                remote.end();
                Ok(None)
            }
        }
    }
}
