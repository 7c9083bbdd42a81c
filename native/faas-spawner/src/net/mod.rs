//! Network namespaces, made ahead of use.

pub mod egress;
mod links;
pub mod namespace;
pub mod netlink;
pub mod nft;
pub mod router;
