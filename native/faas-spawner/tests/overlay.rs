//! The root of a sandbox in every style that kernels need: what a guest can do in it must not differ.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Scratch, Spawner, UID_BASE, request, shell};
use faas_wire::{Message, ProbeRequest, Text};

const STYLES: [(&str, &str); 4] = [
    ("user", "append"),
    ("user", "text"),
    ("trusted", "append"),
    ("trusted", "text"),
];
/// The most a sandbox may have, the base included.
const MOST_LAYERS: usize = 128;

/// Names the only style to test, such as `trusted-text`: on a kernel that lacks the others.
const ONLY_STYLE: &str = "FAAS_TEST_OVERLAY";

/// Runs a test with a spawner of each style.
fn in_every_style(name: &str, test: fn(&mut Spawner, &Scratch)) {
    let only = std::env::var(ONLY_STYLE).ok();
    let wanted = |marks: &str, lower: &str| only.as_ref().is_none_or(|only| *only == format!("{marks}-{lower}"));
    let styles = STYLES.into_iter().filter(|(marks, lower)| wanted(marks, lower));
    let mut tested = 0;
    for (marks, lower) in styles {
        tested += 1;
        let scratch = Scratch::new();
        let arguments = ["--overlay", marks, "--lowerdir", lower];
        let mut spawner = Spawner::start(&scratch, &format!("{name}-{marks}-{lower}"), &arguments);
        test(&mut spawner, &scratch);
        spawner.close();
    }
    assert_ne!(tested, 0, "{ONLY_STYLE} names no style");
}

/// A layer of the test's own, above the image.
fn layer(scratch: &Scratch, name: &str, directories: &[&str]) -> PathBuf {
    let root = scratch.0.join(name);
    for directory in directories {
        fs::create_dir_all(root.join(directory)).expect("a new directory");
    }
    root
}

fn give_to_guest(root: &Path) {
    let owner = format!("{UID_BASE}:{UID_BASE}");
    let status = Command::new("chown").args(["-hR", &owner]).arg(root).status();
    assert!(status.expect("chown runs").success());
}

fn text(path: &Path) -> Text {
    path.to_string_lossy().into_owned().into()
}

#[test]
fn directories_of_the_image_can_be_removed_renamed_and_made_again() {
    in_every_style("removed", |spawner, scratch| {
        let top = layer(scratch, "top", &["srv/deep/deeper"]);
        fs::write(top.join("srv/deep/file"), "old\n").expect("written");
        give_to_guest(&top);
        let mut wanted = request("a");
        wanted.layers.insert(0, text(&top));
        let created = spawner.create(wanted);
        let script = "cat /srv/deep/file; rm -r /srv/deep && mkdir /srv/deep && ls /srv/deep; \
            mkdir /srv/deep/new && rmdir /srv/deep/new && touch /srv/deep/file2 && ls /srv/deep; \
            rm -r /usr && mkdir /usr && ls /usr; \
            rm /bin/yes; ls /bin/yes 2>/dev/null; touch /bin/yes && stat -c '%s %u' /bin/yes; \
            ln /srv/deep/file2 /srv/hard && stat -c %h /srv/hard; rm -r /srv; ls -d /srv 2>/dev/null; \
            mkdir /srv && ls /srv; echo end";
        let ran = shell(&created, script);
        assert_eq!(ran.out, "old\nfile2\n0 0\n2\nend\n", "{script}");
        assert!(top.join("srv/deep/file").exists());
    });
}

#[test]
fn whiteouts_and_opaque_directories_of_layers_hide_what_is_below() {
    in_every_style("hidden", |spawner, scratch| {
        let low = layer(scratch, "low", &["srv/opaque/old", "srv/gone"]);
        let top = layer(scratch, "top", &["srv/opaque/new"]);
        for mark in ["trusted.overlay.opaque", "user.overlay.opaque"] {
            let path = std::ffi::CString::new(top.join("srv/opaque").to_string_lossy().as_bytes()).expect("no zero");
            let set = rustix::fs::setxattr(&path, mark, b"y", rustix::fs::XattrFlags::empty());
            set.expect("the build directory's file system has attributes");
        }
        let none = rustix::fs::makedev(0, 0);
        let kind = rustix::fs::FileType::CharacterDevice;
        let whiteout = top.join("srv/gone");
        rustix::fs::mknodat(rustix::fs::CWD, &whiteout, kind, rustix::fs::Mode::empty(), none).expect("a whiteout");
        give_to_guest(&low);
        give_to_guest(&top);
        let mut wanted = request("a");
        wanted.layers.insert(0, text(&low));
        wanted.layers.insert(0, text(&top));
        let created = spawner.create(wanted);
        let out = shell(
            &created,
            "ls /srv /srv/opaque; mkdir /srv/gone && ls /srv/gone; ls /srv",
        )
        .out;
        assert_eq!(out, "/srv:\nopaque\n\n/srv/opaque:\nnew\ngone\nopaque\n");
    });
}

#[test]
fn as_many_layers_as_promised() {
    in_every_style("many", |spawner, scratch| {
        let mut wanted = request("a");
        for number in 1..MOST_LAYERS {
            let name = format!("layer-{number}");
            let root = layer(scratch, &name, &[&format!("srv/{name}")]);
            give_to_guest(&root);
            wanted.layers.insert(0, text(&root));
        }
        let created = spawner.create(wanted.clone());
        let out = shell(&created, "ls /srv | wc -l; ls / | grep -c bin").out;
        assert_eq!(out, format!("{}\n1\n", MOST_LAYERS - 1));
        wanted.id = "b".into();
        wanted.layers.push(text(&scratch.0));
        let refused = spawner.try_create(wanted).expect_err("one too many");
        assert_eq!(refused.code.as_str(), Some("invalid_argument"));
    });
}

#[test]
fn files_belong_to_the_guest_and_fill_its_disk_only() {
    in_every_style("owned", |spawner, _| {
        let mut wanted = request("a");
        wanted.disk_bytes = 1 << 20;
        let created = spawner.create(wanted);
        let owners = shell(
            &created,
            "stat -c %u:%g / /etc /etc/hosts /etc/hostname /.faas-agent /proc /dev | head -n 4; \
             echo name > /etc/hostname && chmod 600 /etc/hosts && echo fine; \
             touch /new && stat -c %u:%g /new; chown 7:8 /new && stat -c %u:%g /new",
        );
        assert_eq!(owners.out, "0:0\n0:0\n0:0\n0:0\nfine\n0:0\n7:8\n");
        let full = shell(
            &created,
            "dd if=/dev/zero of=/big bs=64k count=64 2>&1 | grep -c 'No space'; rm /big; touch /x",
        );
        assert_eq!((full.out.as_str(), full.exit.code), ("1\n", 0));
        let mounts = shell(&created, "cat /proc/self/mounts").out;
        assert_eq!(
            mounts.lines().filter(|line| line.contains(" / ")).count(),
            1,
            "{mounts}"
        );
        assert!(mounts.contains(" / overlay rw,nodev"), "{mounts}");
    });
}

#[test]
fn a_read_only_root_stays_so() {
    in_every_style("sealed", |spawner, _| {
        let mut read_only = request("a");
        read_only.options = 1;
        let created = spawner.create(read_only);
        assert_ne!(shell(&created, "touch /tmp/x").exit.code, 0);
    });
}

#[test]
fn a_root_that_can_not_be_made_is_an_error_and_leaves_nothing() {
    in_every_style("absent", |spawner, scratch| {
        let mounts = format!("/proc/{}/mounts", spawner.pid());
        let before = fs::read_to_string(&mounts).expect("mounts");
        let mut wanted = request("a");
        wanted.layers = vec![text(&scratch.0.join("absent"))];
        let refused = spawner.try_create(wanted).expect_err("no such layer");
        assert_eq!(refused.code.as_str(), Some("not_found"), "{refused:?}");
        spawner.create(request("a"));
        let after = fs::read_to_string(&mounts).expect("mounts");
        assert_eq!(before, after);
    });
}

#[test]
fn the_probe_says_which_style_is_in_use() {
    in_every_style("probed", |spawner, _| {
        let stream = spawner.host.send(ProbeRequest {});
        let Message::Probed(probed) = spawner.host.answer(stream) else {
            panic!("no answer to a probe");
        };
        let overlay = |probe: &&faas_wire::Probe| probe.feature.as_str() == Some("overlay");
        let found = probed.features.iter().find(overlay).expect("it is probed");
        let detail = found.detail.as_str().expect("text");
        let instance = spawner
            .directory
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        let style: Vec<_> = instance.split('-').collect();
        let (marks, lower) = (style[1], style[2]);
        let words = if lower == "text" { "as one text" } else { "one by one" };
        assert_eq!(found.level, 0, "{detail}");
        assert!(detail.contains(marks) && detail.contains(words), "{detail}");
    });
}
