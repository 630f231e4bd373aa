//! A TCP that behaves as Linux does where it matters to a tunnel.
