//! How long calls took, in a few counters.

use std::collections::BTreeMap;

/// Bits of a time that decide about its bucket, below the highest one.
const MANTISSA_BITS: u32 = 4;
const MANTISSAS: u64 = 1 << MANTISSA_BITS;

/// Counts of times in microseconds. A bucket is a sixteenth of its times wide, so what is said of times is at most 6.25 %
/// too much.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Histogram {
    counts: BTreeMap<u64, u64>,
    total: u64,
}

impl Histogram {
    /// Counts one time.
    pub(super) fn add(&mut self, micros: u64) {
        *self.counts.entry(bucket(micros)).or_default() += 1;
        self.total += 1;
    }

    /// Counts all that `other` counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.counts {
            *self.counts.entry(*bucket).or_default() += count;
        }
        self.total += other.total;
    }

    /// How many times were counted.
    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// The time that `percent` of a hundred times did not exceed (nearest rank); nothing where none was counted.
    pub(super) fn percentile(&self, percent: u64) -> Option<u64> {
        let ranks = u128::from(self.total) * u128::from(percent.min(100));
        let rank = ranks.div_ceil(100).max(1);
        let mut seen = 0;
        self.counts.iter().find_map(|(bucket, count)| {
            seen += u128::from(*count);
            (seen >= rank).then(|| longest_in(*bucket))
        })
    }
}

fn bucket(micros: u64) -> u64 {
    if micros < MANTISSAS {
        return micros;
    }
    let shift = micros.ilog2() - MANTISSA_BITS;
    u64::from(shift) * MANTISSAS + (micros >> shift)
}

/// The longest time that a bucket stands for.
const fn longest_in(bucket: u64) -> u64 {
    if bucket < MANTISSAS {
        return bucket;
    }
    let shift = bucket / MANTISSAS - 1;
    let first = (bucket % MANTISSAS + MANTISSAS) << shift;
    first + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        for time in times {
            histogram.add(*time);
        }
        histogram
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let ten: Vec<u64> = (1..=10).collect();
        for (times, percent, expected) in [
            (&[][..], 50, None),
            (&[7], 0, Some(7)),
            (&[7], 50, Some(7)),
            (&[7], 99, Some(7)),
            (&ten, 50, Some(5)),
            (&ten, 90, Some(9)),
            (&ten, 99, Some(10)),
            (&[1, 1, 1, u64::MAX], 75, Some(1)),
            (&[1, 1, 1, u64::MAX], 99, Some(u64::MAX)),
        ] {
            assert_eq!(of(times).percentile(percent), expected, "{times:?} {percent}");
        }
    }

    proptest! {
        #[test]
        fn a_bucket_is_narrow(micros in any::<u64>()) {
            let longest = longest_in(bucket(micros));
            prop_assert!(longest >= micros);
            prop_assert!(longest - micros <= micros / MANTISSAS);
            prop_assert_eq!(bucket(longest), bucket(micros));
            if longest < u64::MAX {
                prop_assert_eq!(bucket(longest + 1), bucket(micros) + 1);
            }
        }

        #[test]
        fn counting_apart_is_counting_together(one: Vec<u64>, other: Vec<u64>) {
            let mut merged = of(&one);
            merged.merge(&of(&other));
            prop_assert_eq!(merged, of(&[one, other].concat()));
        }
    }
}
