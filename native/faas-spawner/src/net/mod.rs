//! Network namespaces, made ahead of use.

pub mod namespace;
