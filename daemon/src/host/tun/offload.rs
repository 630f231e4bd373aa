//! Packets in batches: what the kernel hands over in one piece is cut into packets, and packets of one flow are put
//! together before it takes them.
//!
//! With a header for each frame (`IFF_VNET_HDR`) the device takes and gives a TCP or UDP flow's packets by up to 64 KiB
//! at once, and each of the kernel's layers sees one packet where there would be forty. Cutting, checksums and putting
//! together are tun-rs's.

use std::io;

use bytes::Bytes;
use tun_rs::{AsyncDevice, DeviceImpl, GROTable, VIRTIO_NET_HDR_LEN};

/// Packets in one piece from the kernel, at most; the device is told so.
pub(super) const MAX_SEGMENTS: u32 = 128;
/// The longest IP packet, before it is cut.
const LONGEST: usize = 65_535;
/// Packets that are looked at together when pieces are made.
const BATCH: usize = 64;
/// Bytes that are put together at most. More would save little, and keep as much memory for each packet of a batch.
const PIECE: usize = 32 << 10;

/// From the kernel.
pub(super) struct Inbound {
    frame: Vec<u8>,
    packets: Vec<Vec<u8>>,
    sizes: Vec<usize>,
}

impl Inbound {
    /// For a device of this MTU.
    pub(super) fn new(mtu: u32) -> Self {
        let segment = usize::try_from(mtu).unwrap_or(LONGEST).min(LONGEST);
        let mut packets = vec![vec![0; segment]; MAX_SEGMENTS as usize];
        // A packet that was not cut is one of whatever MTU somebody gave the device meanwhile.
        packets[0] = vec![0; LONGEST];
        let sizes = vec![0; packets.len()];
        Self { frame: vec![0; VIRTIO_NET_HDR_LEN + LONGEST], packets, sizes }
    }

    /// Takes one piece, and hands its packets to `each`. Gives their number.
    ///
    /// # Errors
    /// `WouldBlock` where nothing waits; anything else where the device has failed.
    pub(super) fn receive(
        &mut self,
        device: &AsyncDevice,
        mut each: impl FnMut(&mut [u8]),
    ) -> io::Result<usize> {
        let Self { frame, packets, sizes } = self;
        match device.try_recv_multiple(frame, packets, sizes, 0) {
            Ok(count) => {
                let whole = packets.iter_mut().zip(sizes.iter()).take(count);
                whole.for_each(|(packet, size)| each(&mut packet[..*size]));
                Ok(count)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock || error.raw_os_error().is_some() => {
                Err(error)
            }
            Err(error) => {
                tracing::debug!(%error, "a piece from the TUN device cannot be cut into packets");
                Ok(0)
            }
        }
    }
}

/// To the kernel.
pub(super) struct Outbound {
    table: GROTable,
    packets: Vec<Vec<u8>>,
}

impl Outbound {
    pub(super) fn new() -> Self {
        Self { table: GROTable::new(), packets: Vec::new() }
    }

    /// Hands packets to the kernel, those of a flow that follow each other in one piece.
    pub(super) fn send(&mut self, device: &AsyncDevice, mut packets: impl FnMut() -> Option<Bytes>) {
        loop {
            let mut count = 0;
            while let Some(packet) = (count < BATCH).then(&mut packets).flatten() {
                self.fill(count, &packet);
                count += 1;
            }
            if count == 0 {
                return;
            }
            let device: &DeviceImpl = device;
            let batch = &mut self.packets[..count];
            if let Err(error) = device.send_multiple(&mut self.table, batch, VIRTIO_NET_HDR_LEN) {
                tracing::trace!(%error, "packets not taken by the TUN device");
            }
        }
    }

    fn fill(&mut self, index: usize, packet: &[u8]) {
        if self.packets.len() == index {
            self.packets.push(Vec::with_capacity(PIECE));
        }
        let buffer = &mut self.packets[index];
        buffer.clear();
        buffer.resize(VIRTIO_NET_HDR_LEN, 0);
        buffer.extend_from_slice(packet);
    }
}
