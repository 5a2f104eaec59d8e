//! Trying again: when, and after how long.

use std::time::Duration;

/// A pause grows no longer than this by doubling.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// Every attempt may lengthen the pause before the next by so much, at random, so that clients do not come in step.
const JITTER_STEP: Duration = Duration::from_millis(25);
/// The most that randomness adds to a pause.
const MAX_JITTER: Duration = Duration::from_millis(100);

/// How often, and how soon, to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How many attempts there are, the first included; none counts as one.
    pub max_attempts: u32,
    /// The pause before the second attempt, doubled before each one after it.
    pub base_delay: Duration,
}

impl Default for Retry {
    /// Three attempts, 200 milliseconds.
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(200),
        }
    }
}

/// How time passes between attempts.
pub struct Pacing<'a> {
    /// Waits for as long as it is told.
    pub pause: &'a mut dyn FnMut(Duration),
    /// A random duration of at most the given one.
    pub jitter: &'a mut dyn FnMut(Duration) -> Duration,
}

impl Retry {
    /// What the first attempt gives that succeeds, or fails for good; after the last one, whatever it gives.
    pub fn run<T, E>(
        &self,
        pacing: &mut Pacing<'_>,
        is_transient: impl Fn(&E) -> bool,
        mut attempt: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        for number in 1..self.max_attempts {
            match attempt() {
                Err(error) if is_transient(&error) => (pacing.pause)(self.delay(number, pacing.jitter)),
                outcome => return outcome,
            }
        }
        attempt()
    }

    /// The pause after attempt `number`, counted from one.
    fn delay(&self, number: u32, jitter: &mut dyn FnMut(Duration) -> Duration) -> Duration {
        let factor = 2_u32.saturating_pow(number - 1);
        let longest = LONGEST_BACKOFF.max(self.base_delay);
        let backoff = self.base_delay.saturating_mul(factor).min(longest);
        let most = JITTER_STEP.saturating_mul(number).min(MAX_JITTER);
        backoff.saturating_add(jitter(most).min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::{FetchError, RemotePolicy, RemoteUrl};

    fn status(status: u16) -> FetchError {
        let policy = RemotePolicy::new(["x"], false);
        let url = RemoteUrl::parse("https://x/", &policy).unwrap();
        FetchError::Status { url, status }
    }

    /// The outcome of an attempt that is answered with `statuses` in turn, and the pauses in milliseconds.
    fn run(retry: Retry, statuses: &[u16]) -> (Result<u16, u16>, Vec<u128>) {
        let mut pauses = Vec::new();
        let mut rest = statuses.iter();
        let outcome = retry.run(
            &mut Pacing {
                pause: &mut |pause| pauses.push(pause.as_millis()),
                jitter: &mut |most| most,
            },
            FetchError::is_transient,
            || match *rest.next().unwrap() {
                200 => Ok(200),
                other => Err(status(other)),
            },
        );
        let outcome = outcome.map_err(|error| match error {
            FetchError::Status { status, .. } => status,
            _ => 0,
        });
        (outcome, pauses)
    }

    #[test]
    fn pauses_double_and_are_bounded() {
        let retry = Retry::default();
        assert_eq!(run(retry, &[200]), (Ok(200), vec![]));
        assert_eq!(run(retry, &[503, 429, 200]), (Ok(200), vec![225, 450]));
        assert_eq!(run(retry, &[502, 504, 503]), (Err(503), vec![225, 450]));
        assert_eq!(run(retry, &[502, 500]), (Err(500), vec![225]));
        assert_eq!(run(retry, &[404]), (Err(404), vec![]));
        for max_attempts in [0, 1] {
            let once = Retry {
                max_attempts,
                ..retry
            };
            assert_eq!(run(once, &[503]), (Err(503), vec![]));
        }
    }

    #[test]
    fn no_number_overflows() {
        let mut none = |_| Duration::MAX;
        for number in [1, 2, 33, u32::MAX] {
            let delay = Retry::default().delay(number, &mut none);
            assert!(delay <= LONGEST_BACKOFF + MAX_JITTER, "{number}: {delay:?}");
            let endless = Retry {
                base_delay: Duration::MAX,
                ..Retry::default()
            };
            assert_eq!(endless.delay(number, &mut none), Duration::MAX);
        }
    }
}
