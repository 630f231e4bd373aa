//! The better link, without any tunnel.

use anyhow::Result;

use super::System;
use crate::bench::bed::{Bed, Running};
use crate::bench::machine;

pub(super) struct Direct;

impl System for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn version(&self) -> Result<String> {
        Ok(format!("Linux {}", machine::kernel()?))
    }

    fn bring_up(&self, _: &mut Bed) -> Result<Running> {
        Ok(Running::in_kernel(false))
    }
}
