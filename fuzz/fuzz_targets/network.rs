//! See `tandem_fuzz::network`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tandem_fuzz::network::run(data));
