//! The door for fuzz targets and benchmarks.

use super::Client;
use crate::tunnel::Tunnel;

impl Client {
    pub(crate) fn tunnel_behind_the_door(&mut self) -> Option<&mut Tunnel> {
        self.current_mut()
    }
}
