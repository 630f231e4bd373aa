//! See `tandem_fuzz::capsules`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tandem_fuzz::capsules::run(data));
