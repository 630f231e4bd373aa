//! Numbers with units that fit them.

use std::time::{Duration, SystemTime};

use humantime::{format_duration, format_rfc3339_seconds};

/// 9999-12-31T23:59:59Z: RFC 3339 has four digits for a year.
const LAST_MOMENT: Duration = Duration::from_secs(253_402_300_799);

/// `1.2 MB`: decimal, as links are measured.
pub(super) fn bytes(value: u64) -> String {
    scaled(value, ["B", "kB", "MB", "GB", "TB"])
}

/// `48.1 Mbit/s`.
pub(crate) fn rate(bit_per_second: u64) -> String {
    scaled(bit_per_second, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"])
}

/// One decimal from the second unit on. Tenths are computed in integers, so that 999,960 is 1.0 of the next unit
/// and never "1000.0".
fn scaled(value: u64, [smallest, units @ .., largest]: [&str; 5]) -> String {
    if value < 1000 {
        return format!("{value} {smallest}");
    }
    let tenths = |of: u64| value.saturating_add(of / 20) / (of / 10);
    let mut of = 1000;
    for unit in units {
        if tenths(of) < 10_000 {
            return decimal(tenths(of), unit);
        }
        of *= 1000;
    }
    decimal(tenths(of), largest)
}

fn decimal(tenths: u64, unit: &str) -> String {
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// `15.2 ms`.
pub(super) fn latency(us: u64) -> String {
    decimal(us.saturating_add(50) / 100, "ms")
}

/// `0.5 %`.
pub(super) fn ratio(value: f64) -> String {
    format!("{:.1} %", value * 100.0)
}

/// `71 %`.
pub(super) fn percent(value: f64) -> String {
    format!("{:.0} %", value * 100.0)
}

/// The two largest units of a span: `3h 12m`.
pub(super) fn span(span: Duration) -> String {
    let text = format_duration(Duration::from_secs(span.as_secs())).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// A moment in RFC 3339, as `2026-11-30T12:00:00Z`.
pub(super) fn moment(unix_us: u64) -> String {
    let since_epoch = Duration::from_micros(unix_us).min(LAST_MOMENT);
    format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since_epoch).to_string()
}
