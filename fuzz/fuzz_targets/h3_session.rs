//! See `tandem_fuzz::h3_session`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tandem_fuzz::h3_session::run(data));
