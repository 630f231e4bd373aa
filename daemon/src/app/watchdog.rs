//! Telling systemd that the daemon is alive, while all threads are.

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::host::notify;

/// Reports all threads alive as often as systemd wants to hear it; for ever, and never where there is no
/// watchdog. The data threads have to answer each time, which `answer` tells.
pub(super) async fn watch(answer: impl AsyncFn() -> bool) {
    let Some(period) = notify::watchdog_interval() else { return std::future::pending().await };
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if answer().await {
            notify::alive();
        }
    }
}
