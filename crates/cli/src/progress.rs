//! A bar for work that takes long enough to be watched.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use gait_disk::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Less work than this, in bytes, is over before anybody wonders.
const WORTH_WATCHING: u64 = 64 << 20;

/// Shows on standard error how far large work has come, while that is a terminal; otherwise nothing.
///
/// The bar is gone when this is dropped, so that the result stands alone.
#[derive(Default)]
pub(crate) struct Bar {
    expected: AtomicU64,
    /// None where nobody looks.
    bar: OnceLock<Option<ProgressBar>>,
}

impl Progress for Bar {
    fn expect(&self, bytes: u64) {
        let expected = self
            .expected
            .fetch_add(bytes, Ordering::Relaxed)
            .saturating_add(bytes);
        if expected < WORTH_WATCHING {
            return;
        }
        if let Some(bar) = self.bar.get_or_init(shown) {
            bar.set_length(expected);
        }
    }

    fn advance(&self, bytes: u64) {
        if let Some(Some(bar)) = self.bar.get() {
            bar.inc(bytes);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(Some(bar)) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

fn shown() -> Option<ProgressBar> {
    if !std::io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    Some(match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_work_is_not_shown() {
        let bar = Bar::default();
        bar.expect(WORTH_WATCHING - 1);
        bar.advance(1);
        assert!(bar.bar.get().is_none());
    }
}
