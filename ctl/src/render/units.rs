//! Numbers with units that fit them.

use std::time::{Duration, SystemTime};

/// `1.2 MB`: decimal, as links are measured.
pub(super) fn bytes(value: u64) -> String {
    scaled(value, ["B", "kB", "MB", "GB", "TB"])
}

/// `48.1 Mbit/s`.
pub(super) fn rate(bit_per_second: u64) -> String {
    scaled(bit_per_second, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"])
}

/// One decimal from the second unit on. Tenths are computed in integers, so that 999,960 is 1.0 of the next unit
/// and never "1000.0".
fn scaled(value: u64, units: [&str; 5]) -> String {
    let [smallest, larger @ ..] = units;
    if value < 1000 {
        return format!("{value} {smallest}");
    }
    let mut per_tenth = 100;
    for unit in larger {
        let tenths = (value + per_tenth / 2) / per_tenth;
        if tenths < 10_000 || unit == larger[larger.len() - 1] {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        per_tenth *= 1000;
    }
    format!("{value} {smallest}")
}

/// `15.2 ms`.
pub(super) fn latency(us: u64) -> String {
    let tenths = us.div_ceil(50) / 2;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}

/// `0.5 %`.
pub(super) fn ratio(value: f64) -> String {
    format!("{:.1} %", value * 100.0)
}

/// The two largest units of a span: `3h 12m`.
pub(super) fn span(span: Duration) -> String {
    let text = humantime::format_duration(Duration::from_secs(span.as_secs())).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// A moment in RFC 3339, as `2026-11-30T12:00:00Z`.
pub(super) fn moment(unix_us: u64) -> String {
    match SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(unix_us)) {
        Some(moment) => humantime::Timestamp::from(moment)
            .to_string()
            .split('.')
            .next()
            .map_or_else(String::new, |text| format!("{}Z", text.trim_end_matches('Z'))),
        None => "the end of time".to_owned(),
    }
}
