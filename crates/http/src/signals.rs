//! What the operating system tells the service.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

/// The signals that are listened to.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// From now on the signals no longer end the process by themselves.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Says to `end` when the process is told to end, and returns when it is told so again; reloads when it is told to.
    pub async fn obey<R: Send + 'static>(
        &mut self,
        end: &watch::Sender<bool>,
        reload: impl Fn() -> R + Clone + Send + 'static,
    ) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
                _ = self.hang_up.recv() => {
                    let reload = reload.clone();
                    // Whether it worked is told by whoever reloads.
                    drop(spawn_blocking(reload).await);
                    continue;
                }
            }
            if end.send_replace(true) {
                tracing::warn!("told to end again");
                return;
            }
            tracing::info!("told to end");
        }
    }
}
