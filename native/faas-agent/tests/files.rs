//! FILE_*: content, kinds, users, and what must not be possible.
mod common;

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use common::{Agent, Client};
use faas_wire::{
    Close, Entry, FileEvent, FileList, FileMkdir, FileMove, FileRead, FileRemove, FileStat, FileWatch, FileWrite,
    FrameType, MAX_DATA, Message, Text, write_options,
};

type Answer<T> = Result<T, String>;

impl Client {
    /// Reads a stream to its end: data, messages, and the count of DONE or the code of ERROR.
    fn collect(&mut self, stream: u32) -> (Vec<u8>, Vec<Message>, Answer<u64>) {
        let (mut data, mut messages) = (Vec::new(), Vec::new());
        loop {
            let received = self.next_on(stream);
            match received.kind {
                FrameType::Data => data.extend(received.payload),
                FrameType::Error => return (data, messages, Err(received.error_code())),
                _ => match received.message() {
                    Message::Done(done) => return (data, messages, Ok(done.count)),
                    message => messages.push(message),
                },
            }
        }
    }

    fn ask(&mut self, request: impl Into<Message>) -> Answer<u64> {
        let stream = self.open(request);
        self.collect(stream).2
    }

    fn read(&mut self, request: FileRead) -> Answer<Vec<u8>> {
        let stream = self.open(request);
        let (data, _, answer) = self.collect(stream);
        answer.map(|count| {
            assert_eq!(count, data.len() as u64);
            data
        })
    }

    fn write(&mut self, request: FileWrite, content: &[u8]) -> Answer<u64> {
        let stream = self.open(request);
        assert!(content.len() < 200_000, "without waiting for credit");
        for chunk in content.chunks(MAX_DATA) {
            self.send_data(FrameType::Data, stream, false, chunk);
        }
        self.send_data(FrameType::Data, stream, true, b"");
        self.collect(stream).2
    }

    fn entries(&mut self, request: impl Into<Message>) -> Answer<Vec<Entry>> {
        let stream = self.open(request);
        let (_, messages, answer) = self.collect(stream);
        answer.map(|count| {
            assert_eq!(count, messages.len() as u64);
            let entry = |message| {
                if let Message::Entry(entry) = message {
                    entry
                } else {
                    panic!("{message:?}")
                }
            };
            messages.into_iter().map(entry).collect()
        })
    }

    fn stat(&mut self, path: &str, follow: bool) -> Answer<Entry> {
        let request = FileStat {
            path: path.into(),
            follow,
            ..FileStat::default()
        };
        self.entries(request).map(|mut entries| entries.remove(0))
    }
}

fn to_read(path: &str) -> FileRead {
    FileRead {
        path: path.into(),
        ..FileRead::default()
    }
}

fn to_write(path: &str) -> FileWrite {
    FileWrite {
        path: path.into(),
        mode: 0o640,
        ..FileWrite::default()
    }
}

fn refused<T>(code: &str) -> Answer<T> {
    Err(code.into())
}

#[test]
fn what_is_written_is_read() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let path = agent.dir.path("file");
    let content: Vec<u8> = (0..150_000u32).map(|index| (index % 251) as u8).collect();
    assert_eq!(host.write(to_write(&path), &content), Ok(150_000));
    assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o7777, 0o640);
    assert_eq!(host.read(to_read(&path)), Ok(content.clone()));
    let part = FileRead {
        offset: 100_000,
        length: 70,
        ..to_read(&path)
    };
    assert_eq!(host.read(part), Ok(content[100_000..100_070].to_vec()));
    assert_eq!(
        host.read(FileRead {
            offset: 1 << 40,
            ..to_read(&path)
        }),
        Ok(vec![])
    );
    assert_eq!(
        host.write(to_write(&path), b"short"),
        Ok(5),
        "an existing file is replaced"
    );
    assert_eq!(
        host.write(
            FileWrite {
                options: write_options::APPEND,
                ..to_write(&path)
            },
            b"er"
        ),
        Ok(2)
    );
    assert_eq!(host.read(to_read(&path)), Ok(b"shorter".to_vec()));
    assert!(
        host.read(to_read("/proc/self/stat"))
            .expect("a file without a size")
            .len()
            > 10
    );
}

#[test]
fn a_big_file_is_read_under_flow_control() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let path = agent.dir.path("big");
    let content: Vec<u8> = (0..30_000_000u32).map(|index| (index % 253) as u8).collect();
    std::fs::write(&path, &content).expect("written");
    assert!(host.read(to_read(&path)) == Ok(content));
    assert!(agent.status_kib("VmHWM") < 8 * 1024);
}

#[test]
fn atomic_writes_show_all_or_nothing() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let path = agent.dir.path("deep/er/file");
    let options = write_options::ATOMIC | write_options::CREATE_PARENTS;
    let request = FileWrite {
        options,
        ..to_write(&path)
    };
    let stream = host.open(request.clone());
    host.send_data(FrameType::Data, stream, false, b"half");
    assert_eq!(host.stat(&path, true).expect_err("not there yet"), "not_found");
    host.send_data(FrameType::Data, stream, true, b" whole");
    assert_eq!(host.collect(stream).2, Ok(10));
    assert_eq!(std::fs::read(&path).expect("there"), b"half whole");
    let given_up = host.open(request);
    host.send_data(FrameType::Data, given_up, false, b"other");
    host.send(given_up, Close {});
    assert_eq!(host.collect(given_up).2, Ok(0));
    assert_eq!(std::fs::read(&path).expect("there"), b"half whole");
    let left: Vec<_> = std::fs::read_dir(agent.dir.path("deep/er")).expect("there").collect();
    assert_eq!(left.len(), 1, "no temporary file");
}

#[test]
fn a_write_given_up_leaves_no_new_file() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let path = agent.dir.path("new");
    let stream = host.open(to_write(&path));
    host.send_data(FrameType::Data, stream, false, b"part");
    host.send(stream, Close {});
    assert_eq!(host.collect(stream).2, Ok(0));
    assert!(!Path::new(&path).exists());
}

#[test]
fn pipes_devices_and_directories_are_refused_at_once() {
    let agent = Agent::start();
    let mut host = agent.connect();
    let fifo = agent.dir.path("fifo");
    assert_eq!(host.sh(&format!("mkfifo {fifo}")).exit.code, 0);
    for path in [fifo.as_str(), "/dev/zero", "/dev/tty"] {
        let read = host.read(to_read(path)).expect_err("refused");
        assert!(
            ["invalid_argument", "io_error"].contains(&read.as_str()),
            "{path}: {read}"
        );
        let write = host.write(to_write(path), b"x").expect_err("refused");
        assert!(
            ["invalid_argument", "io_error"].contains(&write.as_str()),
            "{path}: {write}"
        );
    }
    let dir = agent.dir.path("");
    assert_eq!(host.read(to_read(&dir)), refused("is_a_directory"));
    let atomic = FileWrite {
        options: write_options::ATOMIC,
        ..to_write(&agent.dir.path("d"))
    };
    std::fs::create_dir(agent.dir.path("d")).expect("made");
    assert_eq!(host.write(atomic, b""), refused("is_a_directory"));
}

#[test]
fn requests_that_make_no_sense() {
    let agent = Agent::start();
    let mut host = agent.connect();
    assert_eq!(host.read(to_read("relative")), refused("invalid_argument"));
    assert_eq!(host.read(to_read("/a\0b")), refused("invalid_argument"));
    assert_eq!(host.read(to_read("/no/such/file")), refused("not_found"));
    assert_eq!(host.read(to_read("/etc/passwd/x")), refused("not_a_directory"));
    assert_eq!(host.write(to_write("/"), b""), refused("invalid_argument"));
    assert_eq!(host.write(to_write("/tmp/.."), b""), refused("invalid_argument"));
    assert_eq!(
        host.write(
            FileWrite {
                options: 0x80,
                ..to_write("/tmp/x")
            },
            b""
        ),
        refused("invalid_argument")
    );
    assert_eq!(host.write(to_write("/no/such/file"), b""), refused("not_found"));
    for depth in [0, 65] {
        let request = FileList {
            path: "/".into(),
            depth,
            ..FileList::default()
        };
        assert_eq!(host.ask(request), refused("invalid_argument"));
    }
    let unknown = FileRead {
        user: "no-such-user".into(),
        ..to_read("/etc/passwd")
    };
    assert_eq!(host.read(unknown), refused("invalid_argument"));
}

#[test]
fn the_user_decides_what_can_be_reached() {
    let agent = Agent::start();
    let mut host = agent.connect();
    std::fs::set_permissions(&agent.dir.0, PermissionsExt::from_mode(0o777)).expect("ours");
    let secret = agent.dir.path("secret");
    std::fs::write(&secret, "s").expect("written");
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o600)).expect("ours");
    let link = agent.dir.path("link");
    symlink(&secret, &link).expect("made");
    let nobody = || Text::from("nobody");
    for path in [&secret, &link] {
        assert_eq!(
            host.read(FileRead {
                user: nobody(),
                ..to_read(path)
            }),
            refused("permission_denied")
        );
        assert_eq!(
            host.write(
                FileWrite {
                    user: nobody(),
                    ..to_write(path)
                },
                b"x"
            ),
            refused("permission_denied")
        );
        assert_eq!(
            host.read(to_read(path)),
            Ok(b"s".to_vec()),
            "the agent's own ids are back"
        );
    }
    let own = agent.dir.path("own");
    assert_eq!(
        host.write(
            FileWrite {
                user: nobody(),
                ..to_write(&own)
            },
            b"x"
        ),
        Ok(1)
    );
    let metadata = std::fs::metadata(&own).expect("there");
    assert_eq!((metadata.uid(), metadata.gid()), (65534, 65534));
    let private = agent.dir.path("private");
    std::fs::create_dir(&private).expect("made");
    std::fs::set_permissions(&private, PermissionsExt::from_mode(0o700)).expect("ours");
    let list = FileList {
        path: private.as_str().into(),
        user: nobody(),
        depth: 1,
        max_entries: 0,
    };
    assert_eq!(host.ask(list), refused("permission_denied"));
    let remove = FileRemove {
        path: secret.as_str().into(),
        user: nobody(),
        recursive: false,
    };
    assert_eq!(
        host.ask(FileRemove {
            path: format!("{private}/x").into(),
            ..remove
        }),
        refused("permission_denied")
    );
}

#[test]
fn magic_links_lead_nowhere() {
    let agent = Agent::start();
    let mut host = agent.connect();
    assert!(host.read(to_read("/proc/self/root/etc/passwd")).is_err());
    assert!(host.read(to_read("/proc/self/exe")).is_err());
    assert!(host.write(to_write("/proc/self/fd/1"), b"x").is_err());
}

/// A guest swaps a directory for a symlink to a protected one while the host writes, lists and removes in it.
#[test]
fn a_symlink_race_gains_nothing() {
    let agent = Agent::start();
    let mut host = agent.connect();
    std::fs::set_permissions(&agent.dir.0, PermissionsExt::from_mode(0o777)).expect("ours");
    let protected = agent.dir.path("protected");
    std::fs::create_dir(&protected).expect("made");
    std::fs::write(format!("{protected}/keep"), "precious").expect("written");
    std::fs::set_permissions(&protected, PermissionsExt::from_mode(0o755)).expect("ours");
    let dir = agent.dir.0.to_str().expect("UTF-8");
    let swap = format!("cd {dir}; while :; do mkdir -p d; rm -rf d; ln -s protected d; rm -f d; done");
    let racer = host.open(faas_wire::Exec {
        user: "nobody".into(),
        ..common::sh(&swap)
    });
    let mut requests = agent.connect();
    for _ in 0..300 {
        let user: Text = "nobody".into();
        let path: Text = format!("{dir}/d/keep").into();
        let write = FileWrite {
            user: user.clone(),
            options: write_options::ATOMIC,
            ..to_write(&format!("{dir}/d/keep"))
        };
        let _ = requests.write(write, b"stolen");
        let _ = requests.ask(FileRemove {
            path,
            user: user.clone(),
            recursive: true,
        });
        let _ = requests.ask(FileRemove {
            path: format!("{dir}/d").into(),
            user,
            recursive: true,
        });
    }
    host.send(racer, Close {});
    assert_eq!(
        std::fs::read(format!("{protected}/keep")).expect("still there"),
        b"precious"
    );
    assert_eq!(std::fs::read_dir(&protected).expect("there").count(), 1);
}

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
