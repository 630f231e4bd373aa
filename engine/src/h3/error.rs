//! What ends an HTTP/3 connection or one of its streams.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $value:literal, $name:literal;)*) => {
        /// An error code of HTTP/3, as RESET_STREAM, STOP_SENDING and CONNECTION_CLOSE carry it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u64)]
        pub enum Code {
            $($(#[$doc])* $variant = $value,)*
        }

        impl fmt::Display for Code {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $name,)*
                })
            }
        }
    };
}

// RFC 9297 §5.2, RFC 9114 §8.1, RFC 9204 §6.
codes! {
    /// A datagram that cannot be parsed (RFC 9297 §2.1).
    DatagramError = 0x33, "H3_DATAGRAM_ERROR";
    /// Closed without an error.
    NoError = 0x100, "H3_NO_ERROR";
    /// A violation that no other code fits.
    GeneralProtocolError = 0x101, "H3_GENERAL_PROTOCOL_ERROR";
    /// A fault of our own.
    InternalError = 0x102, "H3_INTERNAL_ERROR";
    /// A stream that may not be created.
    StreamCreationError = 0x103, "H3_STREAM_CREATION_ERROR";
    /// A stream that the connection cannot do without was closed.
    ClosedCriticalStream = 0x104, "H3_CLOSED_CRITICAL_STREAM";
    /// A frame that is not allowed in this place.
    FrameUnexpected = 0x105, "H3_FRAME_UNEXPECTED";
    /// A frame of the wrong size or layout.
    FrameError = 0x106, "H3_FRAME_ERROR";
    /// The peer makes us work or hold too much.
    ExcessiveLoad = 0x107, "H3_EXCESSIVE_LOAD";
    /// A stream or push id used wrongly.
    IdError = 0x108, "H3_ID_ERROR";
    /// An error in the payload of SETTINGS.
    SettingsError = 0x109, "H3_SETTINGS_ERROR";
    /// The control stream does not begin with SETTINGS.
    MissingSettings = 0x10a, "H3_MISSING_SETTINGS";
    /// A request turned away before any processing.
    RequestRejected = 0x10b, "H3_REQUEST_REJECTED";
    /// The request, or its response, is no longer wanted.
    RequestCancelled = 0x10c, "H3_REQUEST_CANCELLED";
    /// The client's stream ended before the request did.
    RequestIncomplete = 0x10d, "H3_REQUEST_INCOMPLETE";
    /// A malformed message.
    MessageError = 0x10e, "H3_MESSAGE_ERROR";
    /// The connection that a CONNECT asked for was reset or closed abnormally.
    ConnectError = 0x10f, "H3_CONNECT_ERROR";
    /// The operation needs another version of HTTP.
    VersionFallback = 0x110, "H3_VERSION_FALLBACK";
    /// A field section that cannot be decoded.
    QpackDecompressionFailed = 0x200, "QPACK_DECOMPRESSION_FAILED";
    /// An instruction on the encoder stream that cannot be followed.
    QpackEncoderStreamError = 0x201, "QPACK_ENCODER_STREAM_ERROR";
    /// An instruction on the decoder stream that cannot be followed.
    QpackDecoderStreamError = 0x202, "QPACK_DECODER_STREAM_ERROR";
}

impl Code {
    /// The number that goes on the wire.
    #[must_use]
    pub const fn value(self) -> u64 {
        self as u64
    }
}

/// A connection error: the connection must be closed with [`Error::code`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} ({code})")]
pub struct Error {
    /// The code for CONNECTION_CLOSE.
    pub code: Code,
    /// What the peer did wrong, in words; never holds anything that the peer sent.
    pub reason: &'static str,
}

impl Error {
    pub(crate) const fn new(code: Code, reason: &'static str) -> Self {
        Self { code, reason }
    }
}
