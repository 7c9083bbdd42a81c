//! Network namespaces, made ahead of use.

pub mod egress;
mod links;
pub mod namespace;
mod netlink;
mod nft;
pub mod router;
