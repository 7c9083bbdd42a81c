//! Network namespaces, made ahead of use.

pub mod egress;
pub mod forward;
mod links;
pub mod namespace;
pub mod netlink;
pub mod nft;
pub mod router;
