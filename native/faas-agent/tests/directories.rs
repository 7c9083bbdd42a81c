//! Lists, stat, making, moving, removing, watching.
mod common;

use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use common::files::refused;
use common::{Agent, Client};
use faas_wire::{Close, Entry, FileEvent, FileList, FileMkdir, FileMove, FileRemove, FileWatch, FrameType, Message};

#[test]
fn lists_are_complete_bounded_and_do_not_follow() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let root = agent.dir.path("tree");
    std::fs::create_dir_all(format!("{root}/a/b/c")).expect("made");
    std::fs::write(format!("{root}/a/file"), "12345").expect("written");
    symlink("/etc", format!("{root}/link")).expect("made");
    let list = |depth, max_entries| FileList {
        path: root.as_str().into(),
        depth,
        max_entries,
        ..FileList::default()
    };
    let paths = |entries: Vec<Entry>| {
        let mut paths: Vec<String> = entries
            .iter()
            .map(|entry| entry.path.to_string().replace(&root, ""))
            .collect();
        paths.sort();
        paths
    };
    assert_eq!(paths(host.entries(list(1, 0)).expect("listed")), ["/a", "/link"]);
    let all = host.entries(list(9, 5)).expect("listed");
    let file = all.iter().find(|entry| entry.path.ends_with(b"file")).expect("listed");
    assert_eq!((file.kind, file.size), (0, 5));
    let link = all.iter().find(|entry| entry.path.ends_with(b"link")).expect("listed");
    assert_eq!((link.kind, link.target.as_str()), (2, Some("/etc")));
    assert_eq!(paths(all), ["/a", "/a/b", "/a/b/c", "/a/file", "/link"]);
    assert_eq!(host.ask(list(9, 4)), refused("limit_exceeded"));
    let many = agent.dir.path("many");
    std::fs::create_dir(&many).expect("made");
    for index in 0..20_000 {
        std::fs::write(format!("{many}/{index}"), "").expect("written");
    }
    let request = FileList {
        path: many.as_str().into(),
        depth: 1,
        ..FileList::default()
    };
    assert_eq!(host.entries(request).expect("listed").len(), 20_000);
}

#[test]
fn stat_tells_links_from_files() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let link = agent.dir.path("link");
    symlink("/etc/passwd", &link).expect("made");
    let followed = host.stat(&link, true).expect("there");
    assert_eq!(
        (followed.kind, followed.size),
        (0, std::fs::metadata("/etc/passwd").expect("there").size())
    );
    assert_eq!(
        host.stat(&link, false).expect("there").target.as_str(),
        Some("/etc/passwd")
    );
    let null = host.stat("/dev/null", true).expect("there");
    assert_eq!((null.kind, null.mode), (3, 0o666));
}

#[test]
fn directories_are_made_moved_and_removed() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let path = agent.dir.path("a/b");
    let mkdir = |parents| FileMkdir {
        path: path.as_str().into(),
        mode: 0o777,
        parents,
        ..FileMkdir::default()
    };
    assert_eq!(host.ask(mkdir(false)), refused("not_found"));
    assert_eq!(host.ask(mkdir(true)), Ok(1));
    assert_eq!(host.ask(mkdir(true)), Ok(0));
    assert_eq!(host.ask(mkdir(false)), refused("already_exists"));
    assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o777);
    let moved = agent.dir.path("moved");
    let rename = FileMove {
        from: path.as_str().into(),
        to: moved.as_str().into(),
        ..FileMove::default()
    };
    assert_eq!(host.ask(rename), Ok(1));
    std::fs::write(format!("{moved}/x"), "").expect("written");
    let remove = |recursive| FileRemove {
        path: moved.as_str().into(),
        recursive,
        ..FileRemove::default()
    };
    assert_eq!(host.ask(remove(false)), refused("not_empty"));
    assert_eq!(host.ask(remove(true)), Ok(2));
    assert_eq!(host.ask(remove(true)), refused("not_found"));
}

#[test]
fn very_deep_trees_can_be_removed() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let root = agent.dir.path("deep");
    let script =
        format!("mkdir {root}; cd {root}; i=0; while [ $i -lt 1000 ]; do mkdir d; : > f; cd -P d; i=$((i+1)); done");
    assert_eq!(host.sh(&script).exit.code, 0);
    let remove = FileRemove {
        path: root.as_str().into(),
        recursive: true,
        ..FileRemove::default()
    };
    assert_eq!(host.ask(remove), Ok(2001));
    assert!(!Path::new(&root).exists());
}

fn event(host: &mut Client, stream: u32) -> FileEvent {
    match host.next_on(stream).message() {
        Message::FileEvent(event) => event,
        other => panic!("{other:?}"),
    }
}

/// Reads events until the one wanted arrives.
fn await_event(host: &mut Client, stream: u32, kind: u8, path: &str, to: &str) {
    let wanted = FileEvent {
        event: kind,
        path: path.into(),
        to: to.into(),
    };
    while event(host, stream) != wanted {}
}

#[test]
fn changes_are_watched_also_in_new_directories() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let root = agent.dir.path("watched");
    std::fs::create_dir_all(format!("{root}/old")).expect("made");
    let request = FileWatch {
        path: root.as_str().into(),
        recursive: true,
        ..FileWatch::default()
    };
    let stream = host.open(request);
    assert_eq!(host.next_on(stream).kind, FrameType::Watching);
    let path = |name: &str| format!("{root}/{name}");
    std::fs::write(path("old/f"), "x").expect("written");
    assert_eq!(
        event(&mut host, stream),
        FileEvent {
            event: 0,
            path: path("old/f").into(),
            to: "".into()
        }
    );
    await_event(&mut host, stream, 1, &path("old/f"), "");
    std::fs::create_dir_all(path("new/er")).expect("made");
    await_event(&mut host, stream, 0, &path("new"), "");
    await_event(&mut host, stream, 0, &path("new/er"), "");
    std::fs::write(path("new/er/g"), "x").expect("written");
    await_event(&mut host, stream, 0, &path("new/er/g"), "");
    std::fs::rename(path("new/er"), path("moved")).expect("moved");
    await_event(&mut host, stream, 3, &path("new/er"), &path("moved"));
    std::fs::write(path("moved/h"), "x").expect("written");
    await_event(&mut host, stream, 0, &path("moved/h"), "");
    std::fs::rename(path("moved"), agent.dir.path("outside")).expect("moved");
    await_event(&mut host, stream, 2, &path("moved"), "");
    std::fs::remove_file(path("old/f")).expect("removed");
    await_event(&mut host, stream, 2, &path("old/f"), "");
    host.send(stream, Close {});
    while host.next_on(stream).kind != FrameType::Done {}
}

#[test]
fn one_file_can_be_watched() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let path = agent.dir.path("file");
    std::fs::write(&path, "").expect("written");
    let stream = host.open(FileWatch {
        path: path.as_str().into(),
        ..FileWatch::default()
    });
    assert_eq!(host.next_on(stream).kind, FrameType::Watching);
    std::fs::write(&path, "x").expect("written");
    await_event(&mut host, stream, 1, &path, "");
    std::fs::remove_file(&path).expect("removed");
    await_event(&mut host, stream, 2, &path, "");
}

#[test]
fn lost_events_are_told() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let root = agent.dir.path("busy");
    std::fs::create_dir(&root).expect("made");
    let stream = host.open(FileWatch {
        path: root.as_str().into(),
        ..FileWatch::default()
    });
    assert_eq!(host.next_on(stream).kind, FrameType::Watching);
    // Nobody reads here, so the agent stops asking the kernel, whose queue is then too short.
    let limit: usize = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events")
        .expect("a number")
        .trim()
        .parse()
        .expect("a number");
    for index in 0..limit * 2 {
        let path = format!("{root}/{}-{index}", "x".repeat(100));
        std::fs::write(&path, "").expect("written");
        std::fs::remove_file(&path).expect("removed");
    }
    await_event(&mut host, stream, 4, &root, "");
}
