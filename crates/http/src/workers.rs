//! Threads that serve connections, each with a runtime of its own.
//!
//! A connection stays where it was put. What its requests take from the allocator they give back on the same thread, and
//! what they look at stays in the cache of one processor: under load that is worth more than sharing the work of each
//! request among all threads.

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// Threads that serve connections. Without any, connections are served where they are accepted.
///
/// When this is dropped its threads end, and with them the connections that are left.
#[derive(Debug, Default)]
pub struct Workers(Vec<Worker>);

/// A thread with its runtime.
#[derive(Debug)]
struct Worker {
    runtime: Handle,
    /// Every connection holds one more of it.
    connections: Arc<()>,
    /// The thread goes on while this is there.
    _running: oneshot::Sender<()>,
}

impl Workers {
    /// As many threads as the machine runs at a time, called `name`. Each does `rest` when it has nothing else to do.
    pub fn start(name: &str, rest: impl Fn() + Clone + Send + Sync + 'static) -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let workers: Result<_, _> = (0..count).map(|_| Worker::start(name, rest.clone())).collect();
        workers.map(Self)
    }

    /// Has `serve` serve the connection on the thread that has the fewest.
    pub(crate) fn spawn<F>(
        &self,
        stream: TcpStream,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) -> io::Result<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Some(worker) = self.0.iter().min_by_key(|worker| worker.connections()) else {
            tokio::spawn(serve(stream));
            return Ok(());
        };
        // The runtime that accepted it lets go of it, and another takes it up.
        let stream = stream.into_std()?;
        let counted = Arc::clone(&worker.connections);
        worker.runtime.spawn(async move {
            match TcpStream::from_std(stream) {
                Ok(stream) => serve(stream).await,
                Err(error) => tracing::error!(%error, "take up a connection"),
            }
            drop(counted);
        });
        Ok(())
    }
}

impl Worker {
    fn start(name: &str, rest: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .on_thread_park(rest)
            .build()?;
        let handle = runtime.handle().clone();
        let (running, mut ended) = oneshot::channel::<()>();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            // Nothing is ever sent: the other end goes away.
            _ = runtime.block_on(&mut ended);
            // What hangs on a disk must not keep the thread.
            runtime.shutdown_background();
        })?;
        Ok(Self {
            runtime: handle,
            connections: Arc::default(),
            _running: running,
        })
    }

    fn connections(&self) -> usize {
        Arc::strong_count(&self.connections)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::thread::ThreadId;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;

    /// Workers, whatever the machine runs at a time.
    fn workers(count: usize) -> Workers {
        Workers(
            (0..count)
                .map(|_| Worker::start("test", || {}).unwrap())
                .collect(),
        )
    }

    /// The two ends of a connection.
    async fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    /// Sends back what comes, once it has said where it does so.
    async fn echo(mut stream: TcpStream, says: mpsc::UnboundedSender<ThreadId>) {
        says.send(thread::current().id()).unwrap();
        let mut byte = [0];
        while stream.read_exact(&mut byte).await.is_ok() {
            stream.write_all(&byte).await.unwrap();
        }
    }

    async fn connect(workers: &Workers) -> (TcpStream, ThreadId) {
        let (client, server) = connection().await;
        let (says, mut said) = mpsc::unbounded_channel();
        workers.spawn(server, |stream| echo(stream, says)).unwrap();
        (client, said.recv().await.unwrap())
    }

    #[tokio::test]
    async fn every_thread_has_its_share_of_the_connections() {
        let workers = workers(3);
        let (mut clients, mut shares) = (Vec::new(), BTreeMap::<String, usize>::new());
        for _ in 0..12 {
            let (client, thread) = connect(&workers).await;
            clients.push(client);
            *shares.entry(format!("{thread:?}")).or_default() += 1;
        }
        assert_eq!(shares.into_values().collect::<Vec<_>>(), [4, 4, 4]);
        for client in &mut clients {
            client.write_all(b"x").await.unwrap();
            assert_eq!(client.read_u8().await.unwrap(), b'x');
        }
    }

    #[tokio::test]
    async fn without_threads_connections_stay_where_they_were_accepted() {
        let (mut client, thread) = connect(&Workers::default()).await;
        assert_eq!(thread, thread::current().id());
        client.write_all(b"x").await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), b'x');
    }

    #[tokio::test]
    async fn connections_end_with_their_threads() {
        let workers = workers(1);
        let (mut client, _) = connect(&workers).await;
        drop(workers);
        assert_eq!(client.read(&mut [0]).await.unwrap_or_default(), 0);
    }

    #[tokio::test]
    async fn a_thread_without_work_rests() {
        let (rests, mut rested) = mpsc::unbounded_channel();
        let rest = move || _ = rests.send(thread::current().id());
        let workers = Workers(vec![Worker::start("test", rest).unwrap()]);
        let (_client, thread) = connect(&workers).await;
        while rested.recv().await.unwrap() != thread {}
    }
}
