//! File requests. Names are resolved with the ids of the user the request names, and never through a magic link.
mod list;
mod paths;
mod read;
mod remove;
mod single;
mod watch;
mod write;

use faas_wire::Message;

use crate::operation::{Cx, Failure, Opened};

pub fn open(cx: &mut Cx<'_>, message: Message) -> Opened {
    match message {
        Message::FileRead(request) => read::open(&request),
        Message::FileWrite(request) => write::open(cx, &request),
        Message::FileList(request) => list::open(&request),
        Message::FileRemove(request) => remove::open(cx, &request),
        Message::FileWatch(request) => watch::open(cx, &request),
        Message::FileStat(request) => single::stat(cx, &request),
        Message::FileMkdir(request) => single::mkdir(cx, &request),
        Message::FileMove(request) => single::rename(cx, &request),
        _ => Err(Failure::invalid("not a request")),
    }
}
