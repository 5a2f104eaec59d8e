//! Work whose length is for clients and servers to choose.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Bytes of a message from which on it may take longer than others can be held up: a megabyte takes tens of milliseconds to
/// remember.
const LONG: usize = 64 << 10;

/// Does `work` on a message of so many bytes before anything else is done for its request, and without holding up others:
/// where there is another thread for them, they go on there.
pub(crate) fn lengthy<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    let has_threads =
        || Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if bytes >= LONG && has_threads() {
        block_in_place(work)
    } else {
        work()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn others_go_on_meanwhile() {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (tell, told) = mpsc::channel();
        // There is one thread: whoever waited on it would wait for ever.
        let waiting = runtime.spawn(async move {
            tokio::spawn(async move { tell.send(()) });
            lengthy(LONG, || told.recv_timeout(Duration::from_secs(30)))
        });
        assert_eq!(runtime.block_on(waiting).unwrap(), Ok(()));
    }

    #[test]
    fn work_is_done_wherever_it_is_asked_for() {
        assert_eq!(lengthy(LONG, || 1), 1);
        let alone = Builder::new_current_thread().build().unwrap();
        assert_eq!(alone.block_on(async { lengthy(LONG, || 2) }), 2);
        let several = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert_eq!(several.block_on(async { lengthy(LONG, || 3) }), 3);
    }
}
