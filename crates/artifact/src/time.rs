//! Instants as artifacts write them: RFC 3339, up to nanoseconds, with the offset they were given in.

use std::{borrow::Cow, cmp::Ordering, fmt, hash, str::FromStr, time::Duration};

use jiff::{SignedDuration, civil};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant with the UTC offset it was written in.
///
/// Printed as RFC 3339 with a fraction only as long as it needs to be and `Z` for an offset of zero. A time that was
/// never set is [`Timestamp::ZERO`]; artifacts print it as `0001-01-01T00:00:00Z`, and reading that text gives an unset
/// time again. Equality, order and hash look at the instant alone, as comparing two clocks would.
#[derive(Clone, Copy)]
pub struct Timestamp {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    seconds: i64,
    /// Nanoseconds past `seconds`, below 1,000,000,000.
    nanos: u32,
    /// Minutes east of UTC.
    offset_minutes: i16,
}

/// A text that is not an RFC 3339 date-time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an RFC 3339 date-time such as 2026-02-18T10:00:00Z")]
pub struct InvalidTimestamp(pub String);

impl Timestamp {
    /// The time that was never set: `0001-01-01T00:00:00Z`.
    pub const ZERO: Self = Self {
        seconds: -62_135_596_800,
        nanos: 0,
        offset_minutes: 0,
    };
    /// What stands in for a creation time that is not given: `1980-01-01T00:00:00Z`.
    pub const EPOCH_1980: Self = Self {
        seconds: 315_532_800,
        nanos: 0,
        offset_minutes: 0,
    };
    /// `9999-12-31T23:59:59Z`, the last second that RFC 3339 can write.
    const LAST_SECOND: i64 = 253_402_300_799;

    /// The instant `nanos` nanoseconds after `seconds` seconds since the Unix epoch, in UTC.
    ///
    /// Instants outside the years 1 to 9999 are moved to the nearest end: they can't be written.
    #[must_use]
    pub fn from_unix(seconds: i64, nanos: u32) -> Self {
        let seconds = seconds.saturating_add(i64::from(nanos / 1_000_000_000));
        let nanos = nanos % 1_000_000_000;
        Self {
            seconds: seconds.clamp(Self::ZERO.seconds, Self::LAST_SECOND),
            nanos,
            offset_minutes: 0,
        }
    }

    /// Seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds past [`unix_seconds`](Self::unix_seconds), below one second.
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// Whether this is the time that was never set.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The same instant written in UTC.
    #[must_use]
    pub const fn to_utc(self) -> Self {
        Self {
            offset_minutes: 0,
            ..self
        }
    }

    /// The same instant with its fraction cut off.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self { nanos: 0, ..self }
    }

    /// This instant, or `other` when this one was never set.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        if self.is_zero() { other } else { self }
    }

    /// The instant `duration` later, in the same offset; stops at the end of the year 9999.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let nanos = self.nanos + duration.subsec_nanos();
        let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let sum = Self::from_unix(self.seconds.saturating_add(seconds), nanos);
        Self {
            offset_minutes: self.offset_minutes,
            ..sum
        }
    }

    /// The time from `earlier` to this instant, or nothing when it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        let nanos = i128::from(self.seconds - earlier.seconds) * 1_000_000_000 + i128::from(self.nanos)
            - i128::from(earlier.nanos);
        u64::try_from(nanos.max(0)).map_or(Duration::MAX, Duration::from_nanos)
    }

    /// The start of the UTC hour or minute (or any other period of `period_seconds`) that holds this instant.
    #[must_use]
    pub fn start_of_period(self, period_seconds: i64) -> Self {
        Self::from_unix(self.seconds - self.seconds.rem_euclid(period_seconds.max(1)), 0)
    }

    /// The wall-clock date and time in the offset this instant is written in, which ends with the year 9999.
    fn civil(self) -> civil::DateTime {
        let seconds = self.seconds + i64::from(self.offset_minutes) * 60;
        let nanos = i32::try_from(self.nanos).unwrap_or(0);
        civil::date(1970, 1, 1)
            .at(0, 0, 0, 0)
            .saturating_add(SignedDuration::new(seconds, nanos))
    }
}

impl PartialEq for Timestamp {
    fn eq(&self, other: &Self) -> bool {
        (self.seconds, self.nanos) == (other.seconds, other.nanos)
    }
}

impl Eq for Timestamp {}

impl Ord for Timestamp {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.seconds, self.nanos).cmp(&(other.seconds, other.nanos))
    }
}

impl PartialOrd for Timestamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl hash::Hash for Timestamp {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        (self.seconds, self.nanos).hash(state);
    }
}

/// An unset time, so that absent members of a document read as [`Timestamp::ZERO`].
impl Default for Timestamp {
    fn default() -> Self {
        Self::ZERO
    }
}

impl fmt::Display for Timestamp {
    // Every record has some: the digits are put in their places, which takes a fifth of what formatting each number does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil();
        let mut text = *b"0000-00-00T00:00:00.000000000";
        // The year 0 is the least that an offset leaves of the year 1.
        put_digits(&mut text[..4], at.year().unsigned_abs().into());
        for (place, number) in [
            (5, at.month()),
            (8, at.day()),
            (11, at.hour()),
            (14, at.minute()),
            (17, at.second()),
        ] {
            put_digits(&mut text[place..place + 2], number.unsigned_abs().into());
        }
        put_digits(&mut text[20..], self.nanos);
        let mut text = if self.nanos == 0 { &text[..19] } else { &text[..] };
        while let (true, [shorter @ .., b'0']) = (self.nanos > 0, text) {
            text = shorter;
        }
        f.write_str(str::from_utf8(text).map_err(|_| fmt::Error)?)?;
        match self.offset_minutes {
            0 => f.write_str("Z"),
            minutes => {
                let sign = if minutes < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
        }
    }
}

/// Writes the last decimal digits of `number`, as many as there are places.
fn put_digits(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.as_bytes()).ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±HH:MM)`, nothing looser; digits past nanoseconds are dropped.
fn parse(text: &[u8]) -> Option<Timestamp> {
    let (head, tail) = text.split_at_checked(19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|&(at, byte)| head[at] != byte) {
        return None;
    }
    let (nanos, zone) = fraction(tail)?;
    let offset_minutes = offset(zone)?;
    let year = i16::try_from(digits(&head[0..4])?).ok()?;
    let part = |range: std::ops::Range<usize>| digits(&head[range]).and_then(|n| i8::try_from(n).ok());
    let at = civil::DateTime::new(
        year,
        part(5..7)?,
        part(8..10)?,
        part(11..13)?,
        part(14..16)?,
        part(17..19)?,
        0,
    )
    .ok()?;
    let local_seconds = at
        .duration_since(civil::date(1970, 1, 1).at(0, 0, 0, 0))
        .as_secs();
    let seconds = local_seconds - i64::from(offset_minutes) * 60;
    let writable = Timestamp::ZERO.seconds..=Timestamp::LAST_SECOND;
    writable.contains(&seconds).then_some(Timestamp {
        seconds,
        nanos,
        offset_minutes,
    })
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0_u32, |sum, byte| {
        byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0'))
    })
}

/// Splits `.123Z` into nanoseconds and the zone that follows.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(rest) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let mut nanos = digits(&rest[..length.min(9)])?;
    for _ in length..9 {
        nanos *= 10;
    }
    Some((nanos, &rest[length..]))
}

fn offset(text: &[u8]) -> Option<i16> {
    let [sign, h1, h2, b':', m1, m2] = text else {
        return (text == b"Z").then_some(0);
    };
    let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let total = i16::try_from(hours * 60 + minutes).ok()?;
    match sign {
        b'+' => Some(total),
        b'-' => Some(-total),
        _ => None,
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "format": "date-time"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_it_read() {
        for text in [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.5Z",
            "1980-01-01T00:00:00Z",
            "2026-02-18T10:00:00.123456789Z",
            "2026-02-18T12:00:00+02:00",
            "2026-02-18T04:30:00-05:30",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(
                text.parse::<Timestamp>().map(|at| at.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn shortens_fractions_and_zero_offsets() {
        let at: Timestamp = "2026-02-18T10:00:00.1200000009+00:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-02-18T10:00:00.12Z");
        assert_eq!(at.whole_seconds().to_string(), "2026-02-18T10:00:00Z");
    }

    #[test]
    fn refuses_everything_looser() {
        for text in [
            "",
            "2026-02-18",
            "2026-02-18 10:00:00Z",
            "2026-02-18T10:00:00",
            "2026-02-18t10:00:00z",
            "2026-02-30T10:00:00Z",
            "2026-02-18T24:00:00Z",
            "2026-02-18T10:00:60Z",
            "2026-02-18T10:00:00.Z",
            "2026-02-18T10:00:00,5Z",
            "2026-02-18T10:00:00+0200",
            "2026-02-18T10:00:00+24:00",
            " 2026-02-18T10:00:00Z",
            "2026-02-18T10:00:00Z ",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "２026-02-18T10:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn compares_instants_whatever_the_offset() {
        let berlin: Timestamp = "2026-02-18T11:00:00+01:00".parse().unwrap();
        let utc: Timestamp = "2026-02-18T10:00:00Z".parse().unwrap();
        assert_eq!(berlin, utc);
        assert_eq!(berlin.to_utc().to_string(), utc.to_string());
        assert_eq!(
            berlin.saturating_add(Duration::from_millis(1500)).to_string(),
            "2026-02-18T11:00:01.5+01:00"
        );
        assert_eq!(
            utc.saturating_add(Duration::MAX).to_string(),
            "9999-12-31T23:59:59.999999999Z"
        );
        assert_eq!(utc.since(Timestamp::EPOCH_1980).as_secs(), 1_455_876_000);
        assert_eq!(Timestamp::ZERO.since(utc), Duration::ZERO);
    }

    #[test]
    fn periods_start_on_the_clock() {
        let at: Timestamp = "2026-02-18T10:59:59.9+01:00".parse().unwrap();
        assert_eq!(at.start_of_period(3600).to_string(), "2026-02-18T09:00:00Z");
        assert_eq!(at.start_of_period(60).to_string(), "2026-02-18T09:59:00Z");
    }
}
