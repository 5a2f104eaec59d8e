//! Times as gateways write them: RFC 3339 and near to it, or seconds and milliseconds since 1970.

use gait_artifact::{Timestamp, text};
use gait_canon::json::{Number, Value};

/// Integers above this are milliseconds, all others seconds.
const LAST_SECONDS: i64 = 1_000_000_000_000;

/// A time before the year 1 or after 9999, which no record can state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfRange;

/// The time that `value` is, in UTC; none when it is no time or the one that was never set.
pub(super) fn instant(value: &Value) -> Result<Option<Timestamp>, OutOfRange> {
    let at = match value {
        Value::String(text) => of_text(text::trim(text))?,
        Value::Number(number) => Some(of_number(number)?),
        _ => None,
    };
    Ok(at.filter(|at| !at.is_zero()))
}

fn of_text(text: &str) -> Result<Option<Timestamp>, OutOfRange> {
    if let Ok(integer) = text.parse() {
        return of_integer(integer).map(Some);
    }
    let Some((wall_clock, offset_seconds)) = date_time(text) else {
        return Ok(None);
    };
    let seconds = wall_clock.unix_seconds() - offset_seconds;
    of_unix(seconds, wall_clock.subsec_nanos()).map(Some)
}

/// The integral part of a number; what is beyond all doubles is beyond all times.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the fraction is to be cut, and the integers at the ends of the range are no times"
)]
fn of_number(number: &Number) -> Result<Timestamp, OutOfRange> {
    of_integer(number.as_f64().ok_or(OutOfRange)? as i64)
}

fn of_integer(integer: i64) -> Result<Timestamp, OutOfRange> {
    if integer <= LAST_SECONDS {
        return of_unix(integer, 0);
    }
    let millis = u32::try_from(integer % 1000).map_err(|_| OutOfRange)?;
    of_unix(integer / 1000, millis * 1_000_000)
}

fn of_unix(seconds: i64, nanos: u32) -> Result<Timestamp, OutOfRange> {
    let at = Timestamp::from_unix(seconds, nanos);
    // Times that cannot be written were moved to one that can.
    if at.unix_seconds() == seconds {
        Ok(at)
    } else {
        Err(OutOfRange)
    }
}

/// The wall clock of `YYYY-MM-DDTh:mm:ss[.f]zone` or `YYYY-MM-DD h:mm:ss[.f]`, as if in UTC, and the zone's offset in seconds.
///
/// The hour may lack its leading zero, and the fraction may follow a comma.
fn date_time(text: &str) -> Option<(Timestamp, i64)> {
    let (date, time) = text.split_at_checked(10)?;
    let (time, is_zoned) = match time.strip_prefix('T') {
        Some(time) => (time, true),
        None => (time.strip_prefix(' ')?, false),
    };
    let (hour, rest) = time.split_once(':')?;
    let (minute_second, rest) = rest.split_at_checked(5)?;
    let (fraction, zone) = split_fraction(rest)?;
    if hour.is_empty() || hour.len() > 2 {
        return None;
    }
    let offset_seconds = match (is_zoned, zone) {
        (true, "Z") | (false, "") => 0,
        (true, zone) => offset(zone)?,
        (false, _) => return None,
    };
    let strict = format!("{date}T{hour:0>2}:{minute_second}{fraction}Z");
    Some((strict.parse().ok()?, offset_seconds))
}

/// Splits `.250Z` or `,250Z` into a fraction with a point and what follows.
fn split_fraction(text: &str) -> Option<(String, &str)> {
    let Some(digits) = text.strip_prefix(['.', ',']) else {
        return Some((String::new(), text));
    };
    let end = digits
        .find(|digit: char| !digit.is_ascii_digit())
        .unwrap_or(digits.len());
    (end > 0).then(|| (format!(".{}", &digits[..end]), &digits[end..]))
}

/// The seconds east of UTC that `+hh:mm` means.
fn offset(zone: &str) -> Option<i64> {
    let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] = zone.as_bytes() else {
        return None;
    };
    let number = |tens: &u8, ones: &u8| {
        let is_number = tens.is_ascii_digit() && ones.is_ascii_digit();
        is_number.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let (hours, minutes) = (number(h1, h2)?, number(m1, m2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 60 + minutes) * 60;
    Some(if *sign == b'-' { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    fn read(json: &str) -> Result<Option<String>, OutOfRange> {
        let value = json::parse(json.as_bytes()).unwrap();
        instant(&value).map(|at| at.map(|at| at.to_string()))
    }

    #[test]
    fn times_in_every_spelling() {
        for (json, expected) in [
            (r#""2026-02-20T10:00:00Z""#, "2026-02-20T10:00:00Z"),
            (r#"" 2026-02-20T10:00:00.250Z ""#, "2026-02-20T10:00:00.25Z"),
            (r#""2026-02-20T10:00:00,5+01:30""#, "2026-02-20T08:30:00.5Z"),
            (r#""2026-02-20T1:00:00-01:00""#, "2026-02-20T02:00:00Z"),
            (
                r#""2026-02-20T10:00:00.1234567899Z""#,
                "2026-02-20T10:00:00.123456789Z",
            ),
            (r#""2026-02-20 9:00:00""#, "2026-02-20T09:00:00Z"),
            (r#""2026-02-20 10:00:00,125""#, "2026-02-20T10:00:00.125Z"),
            (r#""1771581600""#, "2026-02-20T10:00:00Z"),
            (r#""+1771581600250""#, "2026-02-20T10:00:00.25Z"),
            (r#""-1""#, "1969-12-31T23:59:59Z"),
            ("1771581600", "2026-02-20T10:00:00Z"),
            ("1771581600.9", "2026-02-20T10:00:00Z"),
            ("1.7715816e9", "2026-02-20T10:00:00Z"),
            ("-1.9", "1969-12-31T23:59:59Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("1000000000001", "2001-09-09T01:46:40.001Z"),
            ("253402300799", "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(read(json), Ok(Some(expected.to_owned())), "{json}");
        }
    }

    #[test]
    fn what_is_no_time_is_passed_over() {
        for json in [
            r#""""#,
            r#""soon""#,
            r#""2026-02-20""#,
            r#""2026-02-20T10:00:00""#,
            r#""2026-02-20 10:00:00Z""#,
            r#""2026-02-20T010:00:00Z""#,
            r#""2026-02-20T:00:00Z""#,
            r#""2026-02-20T+1:00:00Z""#,
            r#""2026-02-20T10:0:00Z""#,
            r#""2026-02-20T24:00:00Z""#,
            r#""2026-02-30T10:00:00Z""#,
            r#""2026-02-20T10:00:00.Z""#,
            r#""2026-02-20T10:00:00+0100""#,
            r#""2026-02-20T10:00:00+1a:00""#,
            r#""2026-02-20T10:00:00+24:00""#,
            r#""2026-02-20T10:00:00é""#,
            r#""2026-02-2éT10:00:00Z""#,
            r#""1.5""#,
            r#""0x10""#,
            r#""99999999999999999999""#,
            r#""0001-01-01T00:00:00Z""#,
            "-62135596800",
            "null",
            "true",
            "[1]",
            "{}",
        ] {
            assert_eq!(read(json), Ok(None), "{json}");
        }
    }

    #[test]
    fn times_that_no_record_can_state_are_refused() {
        for json in [
            "253402300800",
            "253402300800000",
            "-62135596801",
            "1e300",
            "-1e300",
            "1e400",
            r#""1000000000000""#,
            r#""9999-12-31T23:59:59-00:01""#,
            r#""0001-01-01T00:00:00+00:01""#,
        ] {
            assert_eq!(read(json), Err(OutOfRange), "{json}");
        }
    }
}
