//! The door for fuzz targets and benchmarks.

use super::Gateway;
use crate::tunnel::Tunnel;

impl Gateway {
    /// The newest connection, which will be asked for what it has to send.
    pub(crate) fn tunnel_behind_the_door(&mut self) -> Option<&mut Tunnel> {
        let handle = self.peers.iter().max_by_key(|(_, peer)| peer.serial).map(|(handle, _)| *handle)?;
        self.wake(handle);
        self.peers.get_mut(&handle).map(|peer| &mut peer.tunnel)
    }
}
