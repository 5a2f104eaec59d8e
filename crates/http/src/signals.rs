//! What the operating system tells the service.

use std::io;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

/// Has `serve` serve on `runtime` until the process is told to end by SIGTERM or SIGINT, of which it hears, and gives what it
/// gives; none when the process is told so again before that. SIGHUP calls for `reload`.
///
/// What still hangs on a disk or another program after that does not keep the process.
pub fn run_until_told<S, R>(
    runtime: Runtime,
    reload: impl Fn() -> R + Clone + Send + 'static,
    serve: impl FnOnce(watch::Receiver<bool>) -> S,
) -> io::Result<Option<S::Output>>
where
    S: Future,
    R: Send + 'static,
{
    let served = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let (end, ending) = watch::channel(false);
        tokio::select! {
            served = serve(ending) => Ok(Some(served)),
            () = signals.obey(&end, reload) => Ok(None),
        }
    });
    runtime.shutdown_background();
    served
}

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
