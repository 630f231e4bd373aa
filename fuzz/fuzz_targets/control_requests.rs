//! See `tandem_fuzz::control_requests`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tandem_fuzz::control_requests::run(data));
