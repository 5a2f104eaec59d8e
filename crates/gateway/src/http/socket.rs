//! The socket of a gateway over HTTP, and how long it is served.

use std::net::{SocketAddr, TcpListener};

use gait_http::{ListenAddress, Signals};
use tokio::runtime;
use tokio::sync::watch;

use super::ServeError;

/// A socket that is bound to its address.
pub(crate) struct Socket {
    listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Socket {
    pub(crate) fn bind(address: &ListenAddress) -> Result<Self, ServeError> {
        let listener = address.bind()?;
        listener.set_nonblocking(true).map_err(ServeError::Start)?;
        let address = listener.local_addr().map_err(ServeError::Start)?;
        Ok(Self { listener, address })
    }

    /// The socket on the runtime that this is called on.
    pub(crate) fn listener(self) -> Result<tokio::net::TcpListener, ServeError> {
        tokio::net::TcpListener::from_std(self.listener).map_err(ServeError::Start)
    }

    /// Serves on threads of its own until the process is told to end by SIGTERM or SIGINT; what `serve` gives then. SIGHUP
    /// calls for `reload`.
    pub(crate) fn run<S>(
        reload: impl Fn() + Clone + Send + 'static,
        serve: impl FnOnce(watch::Receiver<bool>) -> S,
    ) -> Result<bool, ServeError>
    where
        S: Future<Output = Result<bool, ServeError>>,
    {
        let runtime = runtime::Builder::new_multi_thread()
            .enable_all()
            .thread_name("gateway")
            .build()
            .map_err(ServeError::Start)?;
        let drained = runtime.block_on(async {
            let mut signals = Signals::listen().map_err(ServeError::Start)?;
            let (end, ending) = watch::channel(false);
            tokio::select! {
                drained = serve(ending) => drained,
                () = signals.obey(&end, reload) => Ok(false),
            }
        });
        runtime.shutdown_background();
        drained
    }
}
