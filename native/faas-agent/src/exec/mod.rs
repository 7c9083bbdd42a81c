//! EXEC: from the request to its EXIT.
mod output;
mod plan;
mod process;
mod pty;
mod spawn;
mod stdin;
mod tree;

pub use process::start;
pub use spawn::Spawner;
pub use tree::{Target, TreeKiller, kill_all};
