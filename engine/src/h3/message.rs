//! What makes a message malformed (RFC 9114 §4.1.2, §4.2 and §4.3).

use super::headers::{Field, Headers};

/// A message that RFC 9114 calls malformed: a stream error of type H3_MESSAGE_ERROR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Checks the header section of a request (RFC 9114 §4.3.1 and §4.4, RFC 9220 §3).
pub(super) fn check_request(headers: &Headers) -> Result<(), Malformed> {
    check_fields(headers, &[":method", ":scheme", ":authority", ":path", ":protocol"])?;
    let method = headers.method().ok_or(Malformed)?;
    let is_connect = method == "CONNECT";
    let is_extended_connect = is_connect && headers.protocol().is_some();
    require(is_token(method.as_bytes()))?;
    // `:protocol` exists on CONNECT only.
    require(is_connect || headers.protocol().is_none())?;
    if is_connect && !is_extended_connect {
        require(headers.scheme().is_none() && headers.path().is_none())?;
        return require(headers.authority().is_some_and(is_authority));
    }
    let scheme = headers.scheme().ok_or(Malformed)?;
    let path = headers.path().ok_or(Malformed)?;
    if is_extended_connect {
        require(headers.authority().is_some())?;
    }
    if matches!(scheme, "http" | "https") {
        require(path.starts_with('/') || (path == "*" && method == "OPTIONS"))?;
        check_authority(headers)?;
    }
    Ok(())
}

/// Checks the header section of a response and gives its status, which is informational below 200
/// (RFC 9114 §4.3.2).
pub(super) fn check_response(headers: &Headers) -> Result<u16, Malformed> {
    check_fields(headers, &[":status"])?;
    // HTTP/3 knows no upgrade, so 101 says nothing (RFC 9114 §4.5).
    headers.status().filter(|status| *status != 101).ok_or(Malformed)
}

/// Checks a trailer section: it has no pseudo-header fields (RFC 9114 §4.3).
pub(super) fn check_trailers(headers: &Headers) -> Result<(), Malformed> {
    check_fields(headers, &[])
}

/// The length that `content-length` announces, if it is there (RFC 9110 §8.6).
pub(super) fn content_length(headers: &Headers) -> Result<Option<u64>, Malformed> {
    let mut announced = None;
    for field in headers.iter().filter(|field| field.name == "content-length") {
        let digits = std::str::from_utf8(&field.value).map_err(|_| Malformed)?;
        require(!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))?;
        let length = digits.parse().map_err(|_| Malformed)?;
        require(announced.is_none_or(|other| other == length))?;
        announced = Some(length);
    }
    Ok(announced)
}

/// Checks what holds for the fields of every message; `pseudo` are the pseudo-header fields that it may have.
fn check_fields(headers: &Headers, pseudo: &[&str]) -> Result<(), Malformed> {
    let mut seen = Vec::new();
    let mut regular_seen = false;
    for field in headers {
        if field.name.starts_with(b":") {
            // Known, once, before all regular fields, and readable.
            let name = pseudo.iter().find(|name| field.name == name.as_bytes()).ok_or(Malformed)?;
            require(!regular_seen && !seen.contains(name))?;
            require(std::str::from_utf8(&field.value).is_ok())?;
            seen.push(*name);
        } else {
            regular_seen = true;
            check_name(field)?;
        }
        require(!field.value.iter().any(|b| matches!(b, 0 | b'\r' | b'\n')))?;
    }
    Ok(())
}

fn check_name(field: &Field) -> Result<(), Malformed> {
    require(is_token(&field.name) && !field.name.iter().any(u8::is_ascii_uppercase))?;
    match field.name.as_ref() {
        // These speak of a connection of HTTP/1.1 (RFC 9114 §4.2).
        b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" => {
            Err(Malformed)
        }
        b"te" => require(field.value == "trailers"),
        _ => Ok(()),
    }
}

/// Checks that a request says whom it is for, and only once (RFC 9114 §4.3.1).
fn check_authority(headers: &Headers) -> Result<(), Malformed> {
    let named = headers.authority().or_else(|| headers.get("host")).ok_or(Malformed)?;
    require(is_authority(named) && headers.get_all("host").all(|host| host == named))
}

/// Whether this is a host with or without port; user information is deprecated and forbidden (RFC 9114 §4.3.1).
fn is_authority(value: &str) -> bool {
    !value.is_empty() && !value.contains('@')
}

/// Whether this is a `token` (RFC 9110 §5.6.2).
fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

fn require(condition: bool) -> Result<(), Malformed> {
    if condition { Ok(()) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests;
