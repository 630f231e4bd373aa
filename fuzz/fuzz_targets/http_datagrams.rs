//! See `tandem_fuzz::http_datagrams`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tandem_fuzz::http_datagrams::run(data));
