//! A client on standard input and output.

use std::io::{self, BufRead};
use std::os::fd::AsFd;
use std::process::ExitStatus;
use std::thread;

use gait_http::Signals;
use tokio::runtime;
use tokio::sync::watch;

use crate::fleet::{Fleet, Inlet, Staff};
use crate::pipe::{Outbox, read_messages};

/// Serves the client that speaks on two streams until it, or a server that stands alone, is gone, or the process is told to
/// end; gives what the server ended with.
pub fn run(
    client: (impl BufRead + Send + 'static, impl AsFd),
    fleet: Fleet,
    staff: Staff,
) -> io::Result<Option<ExitStatus>> {
    obey(fleet.inlet())?;
    let inlet = fleet.inlet();
    let (said, heard) = client;
    thread::spawn(move || read_messages(said, |arrival| inlet.attend(arrival)));
    let (outbox, writer) = Outbox::open(heard.as_fd().try_clone_to_owned()?);
    let to_client = Box::new(move |message| outbox.send(message));
    let status = fleet.with_ledger_alone().run(to_client, staff);
    // What was said last must arrive.
    if status.is_ok() {
        _ = writer.join();
    }
    status
}

/// From now on SIGTERM, SIGINT and SIGHUP end the servers first, so that none stays behind.
fn obey(inlet: Inlet) -> io::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _entered = runtime.enter();
        Signals::listen()?
    };
    thread::spawn(move || {
        let (end, mut ending) = watch::channel(false);
        let of_terminal = inlet.clone();
        runtime.block_on(async {
            tokio::select! {
                // A terminal that is gone takes the client with it.
                () = signals.obey(&end, move || of_terminal.stop()) => {}
                _ = ending.wait_for(|ends| *ends) => {}
            }
        });
        inlet.stop();
    });
    Ok(())
}
