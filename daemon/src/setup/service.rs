//! The daemon as a service of the system: started, and started again with the machine.

use super::SetupError;
use super::programs::Programs;

/// The unit that packages install.
const UNIT: &str = "tandemd.service";

/// What became of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// It runs, and starts with the machine.
    Running,
    /// There is no service manager that knows it: the daemon is started by hand.
    Absent,
}

/// Starts the daemon by its unit, or restarts it with what has just been set up.
///
/// # Errors
/// [`SetupError::Service`] where the unit is there and does not start.
pub(super) fn start(programs: &mut dyn Programs) -> Result<Service, SetupError> {
    if !programs.has_systemd() || !is_installed(programs) {
        return Ok(Service::Absent);
    }
    for verb in ["enable", "restart"] {
        let failed = |reason: &str| SetupError::Service { verb, reason: reason.to_owned() };
        match programs.run(&["systemctl", verb, UNIT]) {
            Ok(answer) if answer.success => {}
            Ok(answer) => return Err(failed(answer.reason())),
            Err(error) => return Err(failed(&error.to_string())),
        }
    }
    Ok(Service::Running)
}

fn is_installed(programs: &mut dyn Programs) -> bool {
    programs.run(&["systemctl", "cat", UNIT]).is_ok_and(|answer| answer.success)
}

#[cfg(test)]
mod tests;
