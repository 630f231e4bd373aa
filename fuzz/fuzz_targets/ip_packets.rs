//! See `tandem_fuzz::ip_packets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tandem_fuzz::ip_packets::run(data));
