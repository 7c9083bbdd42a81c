//! How a sandbox is made: checked wishes, a plan, and what the child does with it.

pub mod child;
pub mod mounts;
pub mod overlay;
pub mod overlay_trial;
pub mod plan;
pub mod spec;
