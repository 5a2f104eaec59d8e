//! Freeze windows as instants.
//!
//! Windows are written as wall-clock times in a named zone. The zone database is part of the program, so that the same
//! policy means the same instants on every host. The zone `Local` is UTC for the same reason.

use std::sync::OnceLock;

use gait_artifact::{
    Timestamp,
    policy::{FreezeRange, FreezeWindow},
};
use jiff::tz::TimeZone;

/// The windows of one rule, worked out when they are first needed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schedule(OnceLock<Option<Vec<Option<Window>>>>);

/// From the first instant inside to the first after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Window {
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        self.start <= now && now < self.end
    }
}

impl Schedule {
    /// The windows of `section` in their order, `None` for each that is invalid; nothing when the zone is unknown.
    pub(crate) fn windows(&self, section: &FreezeWindow) -> Option<&[Option<Window>]> {
        let windows = self.0.get_or_init(|| {
            let zone = zone(&section.timezone)?;
            Some(section.windows.iter().map(|range| window(range, &zone)).collect())
        });
        windows.as_deref()
    }
}

/// The zone with exactly this name.
fn zone(name: &str) -> Option<TimeZone> {
    if matches!(name, "UTC" | "Local") {
        return Some(TimeZone::UTC);
    }
    // The look-up ignores case; zone names don't.
    TimeZone::get(name)
        .ok()
        .filter(|zone| zone.iana_name() == Some(name))
}

fn window(range: &FreezeRange, zone: &TimeZone) -> Option<Window> {
    let start = instant(wall_clock(&range.start)?, zone)?;
    let end = instant(wall_clock(&range.end)?, zone)?;
    (start < end).then_some(Window { start, end })
}

/// Reads `YYYY-MM-DDTHH:MM:SS` with an optional fraction, and nothing looser.
fn wall_clock(text: &str) -> Option<Timestamp> {
    // The same digits with `Z` behind them are the instant at which UTC shows this wall-clock time.
    text.bytes().last().filter(u8::is_ascii_digit)?;
    format!("{text}Z").parse().ok()
}

/// The instant at which `zone` shows a wall-clock time, given as if it were UTC.
///
/// The offset that holds at that UTC instant is tried first; if it leads to an instant with another offset, that one
/// counts. So a repeated hour means its first occurrence west of Greenwich and its second one east of it, and a skipped
/// time is moved by the change.
fn instant(wall_clock: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let seconds = wall_clock.unix_seconds();
    let tried = offset_at(seconds, zone)?;
    let offset = if tried == 0 {
        0
    } else {
        offset_at(seconds - tried, zone)?
    };
    Some(Timestamp::from_unix(seconds - offset, wall_clock.subsec_nanos()))
}

/// Seconds east of UTC.
fn offset_at(seconds: i64, zone: &TimeZone) -> Option<i64> {
    let at = jiff::Timestamp::from_second(seconds).ok()?;
    Some(i64::from(zone.to_offset(at).seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn wall_clocks_become_instants() {
        for (zone_name, text, expected) in [
            ("UTC", "2026-03-10T09:00:00.5", "2026-03-10T09:00:00.5Z"),
            ("Local", "2026-03-10T09:00:00", "2026-03-10T09:00:00Z"),
            ("America/Toronto", "2026-03-10T09:00:00", "2026-03-10T13:00:00Z"),
            // Skipped and repeated hours.
            ("America/Toronto", "2026-03-08T02:30:00", "2026-03-08T06:30:00Z"),
            ("America/Toronto", "2026-11-01T01:30:00", "2026-11-01T05:30:00Z"),
            ("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z"),
            ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T01:30:00Z"),
            ("Europe/London", "2026-03-29T01:30:00", "2026-03-29T01:30:00Z"),
            ("Europe/London", "2026-10-25T01:30:00", "2026-10-25T01:30:00Z"),
            ("Asia/Kolkata", "2026-01-01T00:00:00", "2025-12-31T18:30:00Z"),
        ] {
            let zone = zone(zone_name).unwrap();
            assert_eq!(
                instant(wall_clock(text).unwrap(), &zone),
                Some(at(expected)),
                "{zone_name} {text}"
            );
        }
    }

    #[test]
    fn unknown_zones() {
        for name in [
            "Mars/Base",
            "utc",
            "america/toronto",
            "/etc/localtime",
            "../UTC",
            "",
        ] {
            assert!(zone(name).is_none(), "{name}");
        }
    }

    #[test]
    fn times_that_are_none() {
        for text in [
            "",
            "soon",
            "2026-03-10",
            "2026-03-10T09:00:00Z",
            "2026-03-10T09:00:00.",
            "2026-02-30T00:00:00",
        ] {
            assert_eq!(wall_clock(text), None, "{text}");
        }
    }

    #[test]
    fn windows_must_have_a_length() {
        let range = |start: &str, end: &str| FreezeRange {
            name: "w".into(),
            start: start.into(),
            end: end.into(),
        };
        let noon = "2026-03-10T12:00:00";
        assert_eq!(window(&range(noon, noon), &TimeZone::UTC), None);
        let hour = window(&range(noon, "2026-03-10T13:00:00"), &TimeZone::UTC).unwrap();
        assert!(hour.holds(at("2026-03-10T12:00:00Z")) && !hour.holds(at("2026-03-10T13:00:00Z")));
    }
}
