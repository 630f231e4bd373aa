//! QPACK field sections.

use tandem_engine::h3::Headers;
use tandem_engine::h3::headers::Field;
use tandem_engine::h3::qpack::{self, DecodeError};

use crate::input::Input;

/// The first byte says whether the rest is an encoded section or fields to encode.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    if input.flag() { fields(input) } else { section(input) }
}

/// The section's size in the measure of RFC 9114 §4.2.2.
fn size(headers: &Headers) -> usize {
    headers.iter().map(|field| field.name.len() + field.value.len() + 32).sum()
}

fn section(mut input: Input<'_>) {
    let max = usize::from(input.u16());
    let section = input.rest();
    let Ok(headers) = qpack::decode(section, max) else { return };
    assert!(size(&headers) <= max);
    let again = qpack::encode(&headers);
    assert_eq!(qpack::decode(&again, max).as_ref(), Ok(&headers));
    // What the fields mean is read by others; it must be readable, whatever it is.
    let _ = (headers.method(), headers.status(), headers.bearer(), format!("{headers:?}"));
}

fn fields(mut input: Input<'_>) {
    let mut fields = Vec::new();
    while !input.is_empty() {
        let name = input.short().to_vec();
        fields.push(Field { name: name.into(), value: input.short().to_vec().into() });
    }
    let headers: Headers = fields.into_iter().collect();
    let encoded = qpack::encode(&headers);
    let size = size(&headers);
    assert_eq!(qpack::decode(&encoded, size).as_ref(), Ok(&headers));
    if size > 0 {
        assert_eq!(qpack::decode(&encoded, size - 1), Err(DecodeError::TooLarge));
    }
    if let Some(secret) = headers.iter().find(|field| field.is_sensitive()) {
        let shown = format!("{secret:?}");
        assert!(shown.ends_with(r#": "(secret)""#), "{shown}");
    }
}
