//! FILE_READ and FILE_WRITE: content, users, and what must not be possible.
mod common;

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use common::Agent;
use common::files::{refused, to_read, to_write};
use faas_wire::{Close, FileList, FileRead, FileRemove, FileWrite, FrameType, Text, write_options};

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
}

#[test]
fn a_private_directory_stays_private() {
    let agent = Agent::start();
    let mut host = agent.connect();
    std::fs::set_permissions(&agent.dir.0, PermissionsExt::from_mode(0o777)).expect("ours");
    let private = agent.dir.path("private");
    std::fs::create_dir(&private).expect("made");
    std::fs::set_permissions(&private, PermissionsExt::from_mode(0o700)).expect("ours");
    let list = FileList {
        path: private.as_str().into(),
        user: "nobody".into(),
        depth: 1,
        max_entries: 0,
    };
    assert_eq!(host.ask(list), refused("permission_denied"));
    let remove = FileRemove {
        path: format!("{private}/x").into(),
        user: "nobody".into(),
        recursive: false,
    };
    assert_eq!(host.ask(remove), refused("permission_denied"));
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
