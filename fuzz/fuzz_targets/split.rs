//! See `tandem_fuzz::split`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tandem_fuzz::split::run(data));
