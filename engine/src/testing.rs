//! What several modules' tests share.

use std::time::Instant;

/// The moment at which a test's virtual time starts.
#[expect(clippy::disallowed_methods, reason = "virtual time has to start somewhere")]
pub(crate) fn start() -> Instant {
    Instant::now()
}
