//! Texts that a camera reads off a terminal.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// `text` as a QR code of two modules in each character, a quiet zone around it, and a closing newline; none where it is
/// too long.
///
/// Light modules are drawn, as most terminals write light on dark; on the others it is inverted, which most
/// readers accept.
#[must_use]
pub fn for_terminal(text: &str) -> Option<String> {
    // A screen is neither dirty nor torn: the least correction makes the smallest code.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let drawn = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build();
    Some(drawn + "\n")
}

#[cfg(test)]
mod tests;
