//! See `tandem_fuzz::h3_frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tandem_fuzz::h3_frames::run(data));
