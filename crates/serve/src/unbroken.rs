//! Work that is brought to its end, also when whoever began it goes away.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

/// A future that goes on as a task of its own when it is dropped before its end.
///
/// Mostly nobody goes away, and then it costs neither a task nor the waking of one by another.
#[derive(Debug)]
pub(crate) struct Unbroken<F: Future<Output: Send> + Send + 'static> {
    work: Option<Pin<Box<F>>>,
}

impl<F: Future<Output: Send> + Send + 'static> Unbroken<F> {
    /// Work that nothing keeps from its end any more.
    pub(crate) fn new(work: F) -> Self {
        Self {
            work: Some(Box::pin(work)),
        }
    }
}

impl<F: Future<Output: Send> + Send + 'static> Future for Unbroken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(work) = &mut self.work else {
            // Polled after its end, which futures need not bear.
            return Poll::Pending;
        };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.work = None;
        }
        polled
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for Unbroken<F> {
    fn drop(&mut self) {
        // Without a runtime the process is at its end, and the work with it.
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn dropped_work_is_brought_to_its_end() {
        let (begin, start) = oneshot::channel::<()>();
        let (finish, finished) = oneshot::channel();
        let mut work = Unbroken::new(async move {
            start.await.unwrap();
            finish.send("done").unwrap();
        });
        assert!(
            Pin::new(&mut work)
                .poll(&mut Context::from_waker(std::task::Waker::noop()))
                .is_pending()
        );
        drop(work);
        begin.send(()).unwrap();
        assert_eq!(finished.await, Ok("done"));
    }

    #[tokio::test]
    async fn awaited_work_gives_what_it_made() {
        assert_eq!(Unbroken::new(async { 7 }).await, 7);
    }
}
