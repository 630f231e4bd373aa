//! What a link does to frames, and the text form in which a person or a scenario changes it.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tandem_sim::link::{Burst, Shape};

/// Both directions of a link and what they share. *Up* is away from the laptop.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkConfig {
    /// From the first end (the laptop) to the second.
    pub up: Shape,
    /// From the second end to the first.
    pub down: Shape,
    /// Whether the cable is plugged in.
    pub carrier: bool,
    /// Whether UDP vanishes, as in some hotels.
    pub udp_blocked: bool,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self { up: Shape::default(), down: Shape::default(), carrier: true, udp_blocked: false }
    }
}

/// All keys of [`LinkConfig::set`], for messages.
pub const SETTINGS: &str = "rate, delay, jitter, reorder, loss, burst, queue, mtu, blackhole (each also as up.KEY or \
    down.KEY), carrier and udp";

impl LinkConfig {
    /// A link with the same rate and one-way delay in both directions.
    #[must_use]
    pub fn symmetric(rate_bps: u64, one_way: Duration) -> Self {
        let shape = Shape { rate_bps: Some(rate_bps), delay: one_way, ..Shape::default() };
        Self { up: shape.clone(), down: shape, ..Self::default() }
    }

    /// Changes one setting from text: `rate` `10mbit`, `down.loss` `1%`, `carrier` `off`, `udp` `blocked`,
    /// `burst` `1%/20%/80%` (enter, leave, loss) and so on. Without `up.` or `down.` both directions change.
    ///
    /// # Errors
    /// For an unknown key or a value out of range; the message says what is allowed.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let changed = match key.split_once('.') {
            Some(("up", key)) => set_shape(&mut self.up, key, value),
            Some(("down", key)) => set_shape(&mut self.down, key, value),
            Some((other, _)) => bail!("unknown direction `{other}` in `{key}`; there are up and down"),
            None => match key {
                "carrier" => parse_switch(value).map(|on| self.carrier = on),
                "udp" => match value {
                    "blocked" | "off" => {
                        self.udp_blocked = true;
                        Ok(())
                    }
                    "open" | "on" => {
                        self.udp_blocked = false;
                        Ok(())
                    }
                    _ => bail!("`udp` is `open` or `blocked`, not `{value}`"),
                },
                _ => set_shape(&mut self.up, key, value).and_then(|()| set_shape(&mut self.down, key, value)),
            },
        };
        changed.with_context(|| format!("cannot set {key}={value}"))
    }
}

/// Changes one setting of one direction from text.
fn set_shape(shape: &mut Shape, key: &str, value: &str) -> Result<()> {
    match key {
        "rate" => shape.rate_bps = parse_rate(value)?,
        "delay" => shape.delay = parse_duration(value)?,
        "jitter" => shape.jitter = parse_duration(value)?,
        "reorder" => shape.reorder = parse_switch(value)?,
        "loss" => shape.loss = parse_probability(value)?,
        "burst" => shape.burst = parse_burst(value)?,
        "queue" => shape.queue_bytes = if value == "auto" { None } else { Some(parse_bytes(value)?) },
        "mtu" => shape.mtu = parse_bytes(value)?,
        "blackhole" => shape.blackhole = parse_switch(value)?,
        _ => bail!("unknown setting `{key}`; there are {SETTINGS}"),
    }
    Ok(())
}

/// A time such as `250us`, `7.5ms` or `3s`.
///
/// # Errors
/// Without a unit, or when negative.
pub fn parse_duration(text: &str) -> Result<Duration> {
    let (number, unit) = split_unit(text)?;
    let seconds = match unit {
        "us" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        _ => bail!("`{text}` needs a unit of time: us, ms or s"),
    };
    Ok(Duration::try_from_secs_f64(seconds)?)
}

/// A rate in bits per second such as `800kbit`, `50mbit` or `1gbit`; `unlimited` is `None`.
///
/// # Errors
/// Without a unit, or when it is not positive.
pub fn parse_rate(text: &str) -> Result<Option<u64>> {
    if text == "unlimited" {
        return Ok(None);
    }
    let (number, unit) = split_unit(text)?;
    let factor = match unit {
        "bit" => 1.0,
        "kbit" => 1e3,
        "mbit" => 1e6,
        "gbit" => 1e9,
        _ => bail!("`{text}` needs a unit of rate: bit, kbit, mbit or gbit (or `unlimited`)"),
    };
    let rate = (number * factor).round();
    ensure!(rate >= 1.0, "a rate is at least 1bit; silence is `blackhole=on`");
    Ok(Some(rate as u64))
}

fn parse_bytes(text: &str) -> Result<usize> {
    let (number, unit) = split_unit(text)?;
    let factor = match unit {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        _ => bail!("`{text}` is a number of bytes, with kb or mb if large"),
    };
    Ok((number * factor).round() as usize)
}

fn parse_probability(text: &str) -> Result<f64> {
    let (number, unit) = split_unit(text)?;
    let ratio = match unit {
        "%" => number / 100.0,
        "" => number,
        _ => bail!("`{text}` is a ratio from 0 to 1, or a percentage"),
    };
    ensure!(ratio <= 1.0, "`{text}` is more than everything");
    Ok(ratio)
}

fn parse_burst(text: &str) -> Result<Option<Burst>> {
    if text == "off" {
        return Ok(None);
    }
    let parts: Vec<f64> = text.split('/').map(parse_probability).collect::<Result<_>>()?;
    let [enter, leave, loss] = parts[..] else {
        bail!("`{text}` is not ENTER/LEAVE/LOSS, as in 1%/20%/80%, nor `off`");
    };
    Ok(Some(Burst { enter, leave, loss }))
}

fn parse_switch(text: &str) -> Result<bool> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => bail!("`{text}` is neither on nor off"),
    }
}

fn split_unit(text: &str) -> Result<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 =
        text[..end].parse().with_context(|| format!("`{text}` does not begin with a number"))?;
    Ok((number, &text[end..]))
}

#[cfg(test)]
mod tests;
