//! Makes one system call inside a sandbox and prints the error number it ends with (0 = it succeeded): the tests of
//! the system call filter run it there.

use libc::{c_long, syscall};

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let zero: c_long = 0;
    let text = c"x".as_ptr();
    // SAFETY: each call gets harmless arguments: null pointers, empty flags, names that don't exist.
    let result = unsafe {
        match name.as_str() {
            "add_key" => syscall(libc::SYS_add_key, c"user".as_ptr(), text, text, 1, -3 as c_long),
            "keyctl" => syscall(libc::SYS_keyctl, zero, -3 as c_long, zero),
            "request_key" => syscall(libc::SYS_request_key, c"user".as_ptr(), text, zero, zero),
            "bpf" => syscall(libc::SYS_bpf, zero, zero, zero),
            "perf_event_open" => syscall(libc::SYS_perf_event_open, zero, zero, -1 as c_long, -1 as c_long, zero),
            "userfaultfd" => syscall(libc::SYS_userfaultfd, zero),
            "io_uring_setup" => syscall(libc::SYS_io_uring_setup, 1 as c_long, zero),
            "mount" => syscall(libc::SYS_mount, text, c"/tmp".as_ptr(), c"tmpfs".as_ptr(), zero, zero),
            "umount2" => syscall(libc::SYS_umount2, c"/proc".as_ptr(), libc::MNT_DETACH),
            "fsopen" => syscall(libc::SYS_fsopen, c"tmpfs".as_ptr(), zero),
            "open_tree" => syscall(libc::SYS_open_tree, libc::AT_FDCWD, c"/".as_ptr(), zero),
            "pivot_root" => syscall(libc::SYS_pivot_root, c"/".as_ptr(), c"/".as_ptr()),
            "unshare_user" => syscall(libc::SYS_unshare, libc::CLONE_NEWUSER),
            "clone_user" => syscall(
                libc::SYS_clone,
                libc::CLONE_NEWUSER | libc::SIGCHLD,
                zero,
                zero,
                zero,
                zero,
            ),
            "clone3" => syscall(libc::SYS_clone3, zero, zero),
            "setns" => syscall(libc::SYS_setns, zero, zero),
            "init_module" => syscall(libc::SYS_init_module, zero, zero, c"".as_ptr()),
            "kexec_load" => syscall(libc::SYS_kexec_load, zero, zero, zero, zero),
            "reboot" => syscall(libc::SYS_reboot, zero, zero, zero, zero),
            "swapon" => syscall(libc::SYS_swapon, text, zero),
            "settimeofday" => syscall(libc::SYS_settimeofday, zero, zero),
            "sethostname" => syscall(libc::SYS_sethostname, text, 1 as c_long),
            "open_by_handle_at" => syscall(libc::SYS_open_by_handle_at, zero, zero, zero),
            "personality" => syscall(libc::SYS_personality, 0x0040_0000 as c_long),
            "vsock" => syscall(libc::SYS_socket, libc::AF_VSOCK, libc::SOCK_STREAM, zero),
            "raw_socket" => syscall(libc::SYS_socket, libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP),
            "packet_socket" => syscall(libc::SYS_socket, libc::AF_PACKET, libc::SOCK_RAW, zero),
            "ping_socket" => syscall(libc::SYS_socket, libc::AF_INET, libc::SOCK_DGRAM, libc::IPPROTO_ICMP),
            "mknod" => {
                let device = libc::makedev(1, 3);
                syscall(libc::SYS_mknod, c"/tmp/device".as_ptr(), libc::S_IFCHR | 0o666, device)
            }
            "getpid" => syscall(libc::SYS_getpid),
            _ => panic!("unknown call {name}"),
        }
    };
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    println!("{}", if result < 0 { errno } else { 0 });
}
