//! SETTINGS (RFC 9114 §7.2.4).

use bytes::{Bytes, BytesMut};

use super::error::{Code, Error};
use super::session::Role;
use super::varint;

/// The largest field section that we accept, in the measure of RFC 9114 §4.2.2: for each field the bytes of name
/// and value and 32 more.
pub const MAX_FIELD_SECTION_SIZE: usize = 16 * 1024;

const ID_MAX_FIELD_SECTION_SIZE: u64 = 0x06;
const ID_ENABLE_CONNECT_PROTOCOL: u64 = 0x08;
const ID_H3_DATAGRAM: u64 = 0x33;

/// The settings that matter to a tunnel. All others keep their default, which for the size of QPACK's dynamic
/// table and the number of blocked streams is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settings {
    /// SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 9220 §3): the server takes extended CONNECT.
    pub extended_connect: bool,
    /// SETTINGS_H3_DATAGRAM (RFC 9297 §2.1.1). If set, the peer must have allowed QUIC datagrams too, which
    /// whoever knows the transport parameters has to check.
    pub datagrams: bool,
}

impl Settings {
    /// What we tell a peer.
    #[must_use]
    pub const fn local(role: Role) -> Self {
        Self { extended_connect: matches!(role, Role::Server), datagrams: true }
    }

    /// The payload of a SETTINGS frame.
    #[must_use]
    pub fn encode(self) -> Bytes {
        let mut buf = BytesMut::new();
        let mut put = |id, value| {
            varint::encode(&mut buf, id);
            varint::encode(&mut buf, value);
        };
        put(ID_MAX_FIELD_SECTION_SIZE, MAX_FIELD_SECTION_SIZE as u64);
        if self.extended_connect {
            put(ID_ENABLE_CONNECT_PROTOCOL, 1);
        }
        if self.datagrams {
            put(ID_H3_DATAGRAM, 1);
        }
        buf.freeze()
    }

    /// Reads the payload of a SETTINGS frame. Unknown settings, among them those of RFC 9114 §7.2.4.1 that only
    /// exercise this tolerance, are ignored.
    ///
    /// # Errors
    ///
    /// A connection error: H3_FRAME_ERROR if the payload ends within a setting, else H3_SETTINGS_ERROR.
    pub fn decode(mut payload: &[u8]) -> Result<Self, Error> {
        let mut settings = Self::default();
        let mut seen = Vec::new();
        while !payload.is_empty() {
            let (Some(id), Some(value)) = (varint::decode(&mut payload), varint::decode(&mut payload)) else {
                return Err(Error::new(Code::FrameError, "SETTINGS frame ends within a setting"));
            };
            seen.push(id);
            match id {
                // Settings of HTTP/2 that HTTP/3 has no use for (RFC 9114 §11.2.2).
                0x00 | 0x02..=0x05 => {
                    return Err(Error::new(Code::SettingsError, "setting reserved for HTTP/2"));
                }
                ID_ENABLE_CONNECT_PROTOCOL => settings.extended_connect = boolean(value)?,
                ID_H3_DATAGRAM => settings.datagrams = boolean(value)?,
                _ => {}
            }
        }
        seen.sort_unstable();
        if seen.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::new(Code::SettingsError, "setting given twice"));
        }
        Ok(settings)
    }
}

/// A setting that is either 0 or 1 (RFC 8441 §3, RFC 9297 §2.1.1).
fn boolean(value: u64) -> Result<bool, Error> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Error::new(Code::SettingsError, "setting is neither 0 nor 1")),
    }
}

#[cfg(test)]
mod tests;
