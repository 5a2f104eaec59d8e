//! A client on standard input and output.

use std::io::{self, BufRead, Write};
use std::process::ExitStatus;
use std::thread;

use crate::fleet::{Fleet, Staff};
use crate::pipe::{Outbox, read_messages};

/// Serves the client that speaks on two streams until it, or a server that stands alone, is gone; gives what that ended
/// with.
pub fn run(
    client: (impl BufRead + Send + 'static, impl Write + Send + 'static),
    fleet: Fleet,
    staff: Staff<'_>,
) -> io::Result<Option<ExitStatus>> {
    let inlet = fleet.inlet();
    let (said, heard) = client;
    thread::spawn(move || read_messages(said, |arrival| inlet.tell(arrival)));
    let (outbox, writer) = Outbox::open(heard);
    let status = fleet.run(Box::new(move |message| outbox.send(message)), staff);
    // What was said last must arrive.
    if status.is_ok() {
        _ = writer.join();
    }
    status
}
