//! A world to try a promise on, and its form as a file.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use tandem_engine::Congestion;
use tandem_sim::{Profile, WorldOptions};

use crate::promises;

/// What is promised of every world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Promise {
    /// Nothing is delivered that was not sent, nothing twice, queues are bounded, every link has a path or a reason.
    Integrity,
    /// If any link passes packets, traffic flows again within 3 round trips and 200 ms.
    Resumption,
    /// Nothing arrives later behind what it should have preceded than a receiver waits.
    Order,
    /// Never below 95 % of what the best link alone gives.
    Goodput,
    /// The same for one QUIC-like flow.
    QuicGoodput,
}

/// A controller as a file names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Controller {
    Bbr,
    Cubic,
}

/// A world to try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) controller: Controller,
    pub(crate) profile: Profile,
}

impl Case {
    pub(crate) fn options(&self) -> WorldOptions {
        let congestion = match self.controller {
            Controller::Bbr => Congestion::Bbr,
            Controller::Cubic => Congestion::Cubic,
        };
        WorldOptions { seed: self.seed, congestion, ..WorldOptions::default() }
    }

    /// Plays the world; why the promise was not kept, and the world as a file for `regressions/`.
    pub(crate) fn try_promise(&self, promise: Promise) -> Result<(), String> {
        let outcome = catch_unwind(AssertUnwindSafe(|| match promise {
            Promise::Integrity => promises::integrity(self),
            Promise::Resumption => promises::resumption(self),
            Promise::Order => promises::order(self),
            Promise::Goodput => promises::goodput(self),
            Promise::QuicGoodput => promises::quic_goodput(self),
        }));
        let why = match outcome {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(why)) => why,
            Err(panic) => match panic.downcast::<String>() {
                Ok(message) => format!("panic: {message}"),
                Err(_) => "panic".to_owned(),
            },
        };
        Err(format!(
            "{why}\n--- regressions/NAME.toml\n{}---",
            toml::to_string(self).expect("every world can be written")
        ))
    }
}
