//! The calls of the last minute.

use std::collections::{BTreeMap, HashMap};

use gait_artifact::Timestamp;
use serde::Serialize;

use super::histogram::Histogram;
use super::verdicts::Verdicts;
use crate::activity::Call;

/// Seconds that are looked back.
pub(crate) const SECONDS: u8 = 60;
/// Tools that are counted apart in one second: clients choose their names.
const MAX_TOOLS: usize = 256;
/// What the others are called.
const OTHERS: &str = "(others)";

/// A tool of a server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ToolName {
    /// The server.
    pub server: String,
    /// The tool.
    pub tool: String,
}

/// Calls by second and tool.
#[derive(Debug, Default)]
pub(super) struct Window(BTreeMap<i64, HashMap<ToolName, Counts>>);

#[derive(Debug, Default)]
struct Counts {
    verdicts: Verdicts,
    times: Histogram,
}

/// What there is to say of the calls of a minute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Minute {
    /// All of them.
    #[serde(flatten)]
    pub sum: Rates,
    /// By tool, those with the most calls first.
    pub tools: Vec<ToolRates>,
    /// How many there were in each second, the latest last.
    #[serde(skip)]
    pub by_second: Vec<u64>,
}

/// How many calls of a tool there were, and how long they took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToolRates {
    /// The tool.
    #[serde(flatten)]
    pub name: ToolName,
    /// Its calls.
    #[serde(flatten)]
    pub rates: Rates,
}

/// How many calls there were, and how long they took to decide.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rates {
    /// Calls.
    pub calls: u64,
    /// Calls in a second, on average.
    pub per_second: f64,
    /// By verdict.
    pub verdicts: Verdicts,
    /// Half of them took no longer, in microseconds; 0 without calls.
    pub p50_us: u64,
    /// 99 of 100 took no longer, in microseconds; 0 without calls.
    pub p99_us: u64,
}

impl Window {
    /// Counts a call of `server`. What is older than a minute is forgotten.
    pub(super) fn add(&mut self, server: &str, call: &Call, time: Timestamp, now: Timestamp) {
        let over = over(now);
        while self
            .0
            .first_key_value()
            .is_some_and(|(second, _)| *second <= over)
        {
            self.0.pop_first();
        }
        // Clocks of processes on one machine agree, but files may come from elsewhere.
        let second = time.unix_seconds().min(now.unix_seconds());
        if second <= over {
            return;
        }
        let tools = self.0.entry(second).or_default();
        let mut name = ToolName {
            server: server.to_owned(),
            tool: call.tool.clone(),
        };
        if tools.len() >= MAX_TOOLS && !tools.contains_key(&name) {
            name.tool = OTHERS.to_owned();
            name.server.clear();
        }
        let counts = tools.entry(name).or_default();
        counts.verdicts.add(call.verdict);
        counts.times.add(call.took_us);
    }

    /// What there is to say at `now`.
    pub(super) fn tell(&self, now: Timestamp) -> Minute {
        let (over, last) = (over(now), now.unix_seconds());
        let mut sum = Counts::default();
        let mut by_tool: HashMap<&ToolName, Counts> = HashMap::new();
        let mut by_second = vec![0; SECONDS.into()];
        for (second, tools) in self.0.range(over + 1..=last) {
            for (name, counts) in tools {
                sum.merge(counts);
                by_tool.entry(name).or_default().merge(counts);
                let place = usize::try_from(second - over - 1).unwrap_or(usize::MAX);
                if let Some(calls) = by_second.get_mut(place) {
                    *calls += counts.times.total();
                }
            }
        }
        let by_tool = by_tool.into_iter().map(|(name, counts)| ToolRates {
            name: name.clone(),
            rates: counts.rates(),
        });
        let mut tools: Vec<_> = by_tool.collect();
        tools.sort_by(|one, other| {
            let calls = other.rates.calls.cmp(&one.rates.calls);
            calls.then_with(|| one.name.cmp(&other.name))
        });
        Minute {
            sum: sum.rates(),
            tools,
            by_second,
        }
    }
}

/// The last second that is over for a minute.
fn over(now: Timestamp) -> i64 {
    now.unix_seconds() - i64::from(SECONDS)
}

impl Counts {
    fn merge(&mut self, other: &Self) {
        self.verdicts.merge(&other.verdicts);
        self.times.merge(&other.times);
    }

    fn rates(&self) -> Rates {
        let calls = self.times.total();
        #[expect(clippy::cast_precision_loss, reason = "a rate is no exact number")]
        let per_second = calls as f64 / f64::from(SECONDS);
        Rates {
            calls,
            per_second: (per_second * 100.0).round() / 100.0,
            verdicts: self.verdicts,
            p50_us: self.times.percentile(50).unwrap_or_default(),
            p99_us: self.times.percentile(99).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use gait_artifact::verdict::Verdict;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + second, 0)
    }

    fn call(tool: &str, took_us: u64) -> Call {
        Call {
            tool: tool.to_owned(),
            verdict: Verdict::Allow,
            reason_codes: Vec::new(),
            trace_id: String::new(),
            took_us,
        }
    }

    #[test]
    fn a_minute_is_sixty_seconds() {
        for (time, now, calls) in [
            (0, 0, 1),
            (0, 59, 1),
            (0, 60, 0),
            // The clock of the other side is ahead.
            (5, 0, 1),
            (-61, 0, 0),
        ] {
            let mut window = Window::default();
            window.add("files", &call("read", 1), at(time), at(now));
            assert_eq!(window.tell(at(now)).sum.calls, calls, "{time} {now}");
        }
    }

    #[test]
    fn calls_are_told_in_sum_by_tool_and_by_second() {
        let mut window = Window::default();
        for (tool, second, took) in [
            ("read", 0, 10),
            ("read", 1, 12),
            ("write", 1, 14),
            ("read", 3, 15),
        ] {
            window.add("files", &call(tool, took), at(second), at(3));
        }
        let minute = window.tell(at(3));
        assert_eq!(
            (minute.sum.calls, minute.sum.p50_us, minute.sum.p99_us),
            (4, 12, 15)
        );
        let tools = minute.tools.iter();
        let tools: Vec<_> = tools
            .map(|tool| (tool.name.tool.as_str(), tool.rates.calls, tool.rates.p50_us))
            .collect();
        assert_eq!(tools, [("read", 3, 12), ("write", 1, 14)]);
        assert_eq!(minute.by_second[56..], [1, 2, 0, 1]);
        assert!((minute.sum.per_second - 0.07).abs() < 1e-9);
    }

    #[test]
    fn who_makes_up_names_does_not_fill_the_memory() {
        let mut window = Window::default();
        for number in 0..10_000 {
            window.add("files", &call(&format!("tool-{number}"), 1), at(0), at(0));
        }
        let minute = window.tell(at(0));
        assert_eq!(minute.tools.len(), MAX_TOOLS + 1);
        assert_eq!(minute.tools[0].name.tool, OTHERS);
        assert_eq!(minute.sum.calls, 10_000);
    }
}
