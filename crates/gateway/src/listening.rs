//! A gateway over HTTP at its socket, whatever stands behind it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use gait_http::{ListenAddress, ListenError, run_until_told};
use tokio::runtime;
use tokio::sync::watch;

use crate::judge::Judge;

/// Why a gateway cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Threads, signals or sockets cannot be had.
    #[error("start the gateway: {0}")]
    Start(#[source] io::Error),
}

/// What answers the clients of a gateway.
pub trait Served {
    /// Who judges their calls.
    fn judge(&self) -> &Arc<Judge>;

    /// Serves until `ending` becomes true, then as long as the limits allow for requests in work; whether all of them were
    /// answered.
    fn serve(
        self,
        listener: tokio::net::TcpListener,
        ending: watch::Receiver<bool>,
    ) -> impl Future<Output = bool> + Send;
}

/// A gateway that is bound to its address.
pub struct Gateway<S> {
    listener: TcpListener,
    address: SocketAddr,
    served: S,
}

impl<S: Served> Gateway<S> {
    /// Binds `address`, and serves what `served` says once it is run.
    pub fn bind(address: &ListenAddress, served: S) -> Result<Self, ServeError> {
        let listener = address.bind()?;
        let address = listener.local_addr().map_err(ServeError::Start)?;
        Ok(Self {
            listener,
            address,
            served,
        })
    }

    /// The address that was bound.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves on threads of its own until the process is told to end by SIGTERM or SIGINT; whether every request in work was
    /// answered then. SIGHUP has policy and keys read anew.
    pub fn run(self) -> Result<bool, ServeError> {
        let judge = Arc::clone(self.served.judge());
        let runtime = runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("gateway")
            .build()
            .map_err(ServeError::Start)?;
        let drained = run_until_told(runtime, move || judge.reload(), |ending| self.serve(ending));
        drained.map_err(ServeError::Start)?.unwrap_or(Ok(false))
    }

    /// Serves until `ending` becomes true, then as long as the limits allow for requests in work; whether all of them were
    /// answered. Must be called on a runtime of tokio.
    pub async fn serve(self, ending: watch::Receiver<bool>) -> Result<bool, ServeError> {
        let listener = tokio::net::TcpListener::from_std(self.listener).map_err(ServeError::Start)?;
        Ok(self.served.serve(listener, ending).await)
    }
}
