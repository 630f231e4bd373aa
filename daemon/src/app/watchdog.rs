//! Telling systemd that the daemon is alive, while both threads are.

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::data::{Engine, Handle};
use crate::host::notify;

/// Reports both threads alive as often as systemd wants to hear it; for ever, and never where there is no
/// watchdog. The data thread has to answer each time.
pub(super) async fn watch<E: Engine>(data: Handle<E>) {
    let Some(period) = notify::watchdog_interval() else { return std::future::pending().await };
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if data.ask(|_, _| ()).await.is_ok() {
            notify::alive();
        }
    }
}
