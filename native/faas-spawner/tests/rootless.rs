//! An ordinary user's spawner: the same sandboxes with one id, without a way out and without groups.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{Scratch, Spawner, request, shell};

/// A user no system has files of.
const USER: u32 = 54_321;

#[test]
fn an_ordinary_user_gets_what_the_kernel_allows() {
    let scratch = Scratch::new();
    // Build directories are often closed to others.
    let copy = |from: &Path, name: &str| {
        let to = scratch.0.join(name);
        fs::copy(from, &to).expect("copied");
        to
    };
    let spawner = copy(Path::new(env!("CARGO_BIN_EXE_faas-spawner")), "faas-spawner");
    let agent = copy(&common::agent(), "faas-agent");
    let image = common::make_image(USER);
    let root = scratch.0.join("root");
    assert!(
        Command::new("cp")
            .arg("-a")
            .arg(&image)
            .arg(&root)
            .status()
            .expect("cp runs")
            .success()
    );
    fs::remove_dir_all(&image).expect("ours");
    let run = scratch.0.join("run");
    fs::create_dir(&run).expect("new");
    std::os::unix::fs::chown(&run, Some(USER), Some(USER)).expect("ours");

    let mut command = Command::new("setpriv");
    let user = USER.to_string();
    command
        .args(["--reuid", &user, "--regid", &user, "--clear-groups"])
        .arg(&spawner)
        // What the control plane gives: its image store shifts no ids then.
        .args(["--uid-base", "0"]);
    let mut spawner = Spawner::start_with_agent(command, &run.join("rootless"), &agent);
    let mut wanted = request("a");
    wanted.layers = vec![root.to_string_lossy().into_owned().into()];
    let created = spawner.create(wanted.clone());
    let status = shell(
        &created,
        "id -u; echo x > /usr/file && cat /usr/file; ls /sys/class/net",
    )
    .out;
    assert_eq!(status, "0\nx\nlo\n");
    let map = fs::read_to_string(format!("/proc/{}/uid_map", created.pid)).expect("a map");
    assert_eq!(map.split_whitespace().collect::<Vec<_>>(), ["0", user.as_str(), "1"]);
    let privileges = shell(&created, "cat /proc/self/status").out;
    assert!(
        privileges.contains("Seccomp:\t2") && privileges.contains("NoNewPrivs:\t1"),
        "{privileges}"
    );
    assert_eq!(created.cgroup.as_str(), Some(""));
    wanted.id = "b".into();
    wanted.network = 1;
    assert_eq!(
        spawner.try_create(wanted).expect_err("no way out").code.as_str(),
        Some("unavailable")
    );
    spawner.destroy("a");
    spawner.close();
}
