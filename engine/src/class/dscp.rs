//! What senders say themselves: the Differentiated Services code point.

use super::Class;

/// The class that a code point stands for. `None`: it says nothing about urgency, or nothing that holds across the
/// internet, such as the default 0.
pub(super) fn class_of(dscp: u8) -> Option<Class> {
    match dscp {
        // RFC 4594: telephony EF, real-time interactive CS4, multimedia conferencing AF4x, signalling CS5; RFC 5865:
        // voice admit. RFC 8325 maps them to Wi-Fi's voice and video.
        46 | 44 | 40 | 32 | 34 | 36 | 38 => Some(Class::Realtime),
        // RFC 4594: operations CS2, broadcast CS3, network control CS6, low-latency data AF2x, streaming AF3x.
        16 | 24 | 48 | 18 | 20 | 22 | 26 | 28 | 30 => Some(Class::Interactive),
        // RFC 4594: low priority CS1; RFC 8622: lower effort.
        8 | 1 => Some(Class::Background),
        _ => None,
    }
}
