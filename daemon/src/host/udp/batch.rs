//! Buffers for one system call's worth of datagrams, made once and used for ever.

use std::{
    io::{self, IoSliceMut},
    net::{IpAddr, SocketAddr},
};

use noq_udp::{BATCH_SIZE, EcnCodepoint, RecvMeta};

/// The most that GRO joins into one buffer, in bytes: the largest UDP payload.
const BUFFER: usize = 64 << 10;

/// A datagram in a [`RecvBatch`].
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// The local address that it was sent to.
    pub local: Option<IpAddr>,
    /// The outer ECN field; none for Not-ECT.
    pub ecn: Option<EcnCodepoint>,
    /// The UDP payload.
    pub payload: &'a [u8],
}

/// Room for 32 buffers of 64 KiB, each of which may hold many datagrams joined by GRO. The memory is
/// reserved, and resident only as far as it has been written to. One batch serves many sockets.
#[derive(Debug)]
pub struct RecvBatch {
    bytes: Vec<u8>,
    meta: [RecvMeta; BATCH_SIZE],
    filled: usize,
}

impl Default for RecvBatch {
    fn default() -> Self {
        Self { bytes: vec![0; BATCH_SIZE * BUFFER], meta: [RecvMeta::default(); BATCH_SIZE], filled: 0 }
    }
}

impl RecvBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// The datagrams of the last receive, in the order of arrival.
    pub fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.buffers().flat_map(|(meta, bytes)| {
            // A stride of 0 is an empty datagram, of which `chunks` makes none.
            bytes.chunks(meta.stride.max(1)).map(|payload| Datagram {
                source: meta.addr,
                local: meta.dst_ip,
                ecn: meta.ecn,
                payload,
            })
        })
    }

    fn buffers(&self) -> impl Iterator<Item = (&RecvMeta, &[u8])> {
        let filled = self.meta.iter().take(self.filled);
        filled
            .zip(self.bytes.chunks_exact(BUFFER))
            .map(|(meta, bytes)| (meta, &bytes[..meta.len.min(BUFFER)]))
    }

    /// Lets `receive` fill the buffers and gives the number of datagrams.
    pub(super) fn fill(
        &mut self,
        receive: impl FnOnce(&mut [IoSliceMut<'_>], &mut [RecvMeta]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.filled = 0;
        let mut buffers = self.bytes.chunks_exact_mut(BUFFER);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(buffers.next().unwrap_or_default()));
        self.filled = receive(&mut slices, &mut self.meta)?;
        Ok(self.buffers().map(|(meta, _)| meta.len.div_ceil(meta.stride.max(1))).sum())
    }
}
