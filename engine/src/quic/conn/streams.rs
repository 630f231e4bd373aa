//! Streams: few and small (HTTP/3 control, the CONNECT-IP request), so kept simple.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use noq_proto::{Connection, Dir, ReadError, StreamId, VarInt, WriteError};

/// Bytes that may be held back for a stream. What we send on one is some capsules and a page; a peer that makes us
/// answer for ever and reads nothing is out for our memory.
const MAX_HELD: usize = 64 << 10;
/// H3_EXCESSIVE_LOAD (RFC 9114 §8.1).
const EXCESSIVE_LOAD: u64 = 0x0107;

#[derive(Debug, Default)]
struct Outgoing {
    chunks: VecDeque<Bytes>,
    fin: bool,
}

#[derive(Debug, Default)]
pub(super) struct Streams {
    readable: BTreeSet<StreamId>,
    /// What flow control, or the limit of open streams, held back.
    outgoing: BTreeMap<StreamId, Outgoing>,
    /// How many of our own streams are open: unidirectional, bidirectional.
    opened: [u64; 2],
}

impl Streams {
    pub(super) fn opened(&mut self, conn: &mut Connection, dir: Dir) {
        while let Some(id) = conn.streams().accept(dir) {
            self.readable.insert(id);
        }
    }

    pub(super) fn readable(&mut self, id: StreamId) {
        self.readable.insert(id);
    }

    pub(super) fn read(&mut self, conn: &mut Connection, mut f: impl FnMut(u64, Result<(&[u8], bool), u64>)) {
        for id in std::mem::take(&mut self.readable) {
            let number = u64::from(VarInt::from(id));
            let mut stream = conn.recv_stream(id);
            let Ok(mut chunks) = stream.read(true) else { continue };
            loop {
                match chunks.next(usize::MAX) {
                    Ok(Some(chunk)) => f(number, Ok((&chunk.bytes, false))),
                    Ok(None) => {
                        f(number, Ok((&[], true)));
                        break;
                    }
                    Err(ReadError::Blocked) => break,
                    Err(ReadError::Reset(code)) => {
                        f(number, Err(code.into_inner()));
                        break;
                    }
                }
            }
            let _transmit_follows_anyway = chunks.finalize();
        }
    }

    pub(super) fn write(&mut self, conn: &mut Connection, stream: u64, data: Bytes, fin: bool) {
        let Some(id) = stream_id(stream) else { return };
        let outgoing = self.outgoing.entry(id).or_default();
        if !data.is_empty() {
            outgoing.chunks.push_back(data);
        }
        outgoing.fin |= fin;
        self.flush(conn);
        let held = self.outgoing.get(&id).map_or(0, |rest| rest.chunks.iter().map(Bytes::len).sum());
        if held > MAX_HELD {
            tracing::debug!(stream, "the peer asks for more than it reads");
            self.reset(conn, stream, EXCESSIVE_LOAD);
        }
    }

    /// Writes what was held back, as far as it goes now.
    pub(super) fn flush(&mut self, conn: &mut Connection) {
        let opened = &mut self.opened;
        self.outgoing.retain(|id, outgoing| !ensure_open(conn, opened, *id) || !drain(conn, *id, outgoing));
    }

    pub(super) fn reset(&mut self, conn: &mut Connection, stream: u64, code: u64) {
        let (Some(id), Ok(code)) = (stream_id(stream), VarInt::from_u64(code)) else { return };
        self.outgoing.remove(&id);
        // A stream that is closed already needs no reset.
        let _ = conn.send_stream(id).reset(code);
    }

    pub(super) fn stop(&mut self, conn: &mut Connection, stream: u64, code: u64) {
        let (Some(id), Ok(code)) = (stream_id(stream), VarInt::from_u64(code)) else { return };
        self.readable.remove(&id);
        // A stream that is closed already needs no stopping.
        let _ = conn.recv_stream(id).stop(code);
    }
}

fn stream_id(stream: u64) -> Option<StreamId> {
    VarInt::from_u64(stream).ok().map(StreamId::from)
}

/// Opens our own streams up to `id`. False keeps what waits for it: the peer allows no more streams yet.
fn ensure_open(conn: &mut Connection, opened: &mut [u64; 2], id: StreamId) -> bool {
    if id.initiator() != conn.side() {
        return true;
    }
    let count = &mut opened[usize::from(id.dir() == Dir::Bi)];
    while *count <= id.index() {
        if conn.streams().open(id.dir()).is_none() {
            return false;
        }
        *count += 1;
    }
    true
}

/// True once all is written, or nobody wants it any more.
fn drain(conn: &mut Connection, id: StreamId, outgoing: &mut Outgoing) -> bool {
    let mut stream = conn.send_stream(id);
    while let Some(chunk) = outgoing.chunks.front_mut() {
        match stream.write(chunk) {
            Ok(written) if written == chunk.len() => {
                outgoing.chunks.pop_front();
            }
            Ok(written) => {
                let _written = chunk.split_to(written);
            }
            Err(WriteError::Blocked) => return false,
            Err(WriteError::Stopped(_) | WriteError::ClosedStream) => return true,
        }
    }
    if outgoing.fin {
        // It fails only for a stream that is closed already.
        let _ = stream.finish();
    }
    true
}
