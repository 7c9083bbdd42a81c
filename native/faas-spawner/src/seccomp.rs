//! The system calls a sandbox may make: the container engines' default profile without their extra
//! permissions for privileged containers.
//!
//! Differences to their list, all on the strict side: no 32-bit and x32 calls (a foreign architecture ends the
//! process), no io_uring (as in the engines' newer releases), and nothing is added when capabilities are.
//!
//! The program is a binary search over ranges of numbers. The usual chain of comparisons, one or more per call, is
//! ten times as long, and the kernel runs it once per call number whenever a sandbox loads it: 0.8 ms of each start.

use libc::*;
use rustix::io::Errno;

/// Namespaces a plain `clone` may not make.
const NAMESPACE_FLAGS: u32 =
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET) as u32;
/// Execution domains that only change what uname reports or how addresses are laid out.
const PERSONALITIES: [u32; 5] = [0, 0x0008, 0x2_0000, 0x2_0008, 0xffff_ffff];
/// Talks to the hypervisor, past every network rule.
const AF_VSOCK_DOMAIN: u32 = 40;
#[cfg(target_arch = "x86_64")]
const AUDIT_ARCH: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const AUDIT_ARCH: u32 = 0xc000_00b7;

/// Offsets in the structure a filter looks at; the arguments' lower halves are enough for what is compared.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const FIRST_ARGUMENT: u32 = 16;

const ALLOWED: &[c_long] = &[
    SYS_accept,
    SYS_accept4,
    SYS_adjtimex,
    SYS_bind,
    SYS_brk,
    SYS_capget,
    SYS_capset,
    SYS_chdir,
    SYS_clock_adjtime,
    SYS_clock_getres,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_close,
    SYS_close_range,
    SYS_connect,
    SYS_copy_file_range,
    SYS_dup,
    SYS_dup3,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_eventfd2,
    SYS_execve,
    SYS_execveat,
    SYS_exit,
    SYS_exit_group,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_fadvise64,
    SYS_fallocate,
    SYS_fanotify_mark,
    SYS_fchdir,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_fcntl,
    SYS_fdatasync,
    SYS_fgetxattr,
    SYS_flistxattr,
    SYS_flock,
    SYS_fremovexattr,
    SYS_fsetxattr,
    SYS_fstat,
    SYS_fstatfs,
    SYS_fsync,
    SYS_ftruncate,
    SYS_futex,
    SYS_futex_waitv,
    SYS_getcpu,
    SYS_getcwd,
    SYS_getdents64,
    SYS_getegid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getgroups,
    SYS_getitimer,
    SYS_getpeername,
    SYS_getpgid,
    SYS_getpid,
    SYS_getppid,
    SYS_getpriority,
    SYS_getrandom,
    SYS_getresgid,
    SYS_getresuid,
    SYS_get_robust_list,
    SYS_getrusage,
    SYS_getsid,
    SYS_getsockname,
    SYS_getsockopt,
    SYS_gettid,
    SYS_gettimeofday,
    SYS_getuid,
    SYS_getxattr,
    SYS_inotify_add_watch,
    SYS_inotify_init1,
    SYS_inotify_rm_watch,
    SYS_io_cancel,
    SYS_ioctl,
    SYS_io_destroy,
    SYS_io_getevents,
    SYS_ioprio_get,
    SYS_ioprio_set,
    SYS_io_setup,
    SYS_io_submit,
    SYS_kill,
    SYS_landlock_add_rule,
    SYS_landlock_create_ruleset,
    SYS_landlock_restrict_self,
    SYS_lgetxattr,
    SYS_linkat,
    SYS_listen,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_lremovexattr,
    SYS_lseek,
    SYS_lsetxattr,
    SYS_madvise,
    SYS_membarrier,
    SYS_memfd_create,
    SYS_memfd_secret,
    SYS_mincore,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_mlock,
    SYS_mlock2,
    SYS_mlockall,
    SYS_mmap,
    SYS_mprotect,
    SYS_mq_getsetattr,
    SYS_mq_notify,
    SYS_mq_open,
    SYS_mq_timedreceive,
    SYS_mq_timedsend,
    SYS_mq_unlink,
    SYS_mremap,
    SYS_mseal,
    SYS_msgctl,
    SYS_msgget,
    SYS_msgrcv,
    SYS_msgsnd,
    SYS_msync,
    SYS_munlock,
    SYS_munlockall,
    SYS_munmap,
    SYS_name_to_handle_at,
    SYS_nanosleep,
    SYS_newfstatat,
    SYS_openat,
    SYS_openat2,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    SYS_pipe2,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_pkey_mprotect,
    SYS_ppoll,
    SYS_prctl,
    SYS_pread64,
    SYS_preadv,
    SYS_preadv2,
    SYS_prlimit64,
    SYS_process_mrelease,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pselect6,
    SYS_ptrace,
    SYS_pwrite64,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_read,
    SYS_readahead,
    SYS_readlinkat,
    SYS_readv,
    SYS_recvfrom,
    SYS_recvmmsg,
    SYS_recvmsg,
    SYS_remap_file_pages,
    SYS_removexattr,
    SYS_renameat2,
    SYS_restart_syscall,
    SYS_rseq,
    SYS_rt_sigaction,
    SYS_rt_sigpending,
    SYS_rt_sigprocmask,
    SYS_rt_sigqueueinfo,
    SYS_rt_sigreturn,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_rt_tgsigqueueinfo,
    SYS_sched_getaffinity,
    SYS_sched_getattr,
    SYS_sched_getparam,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_sched_getscheduler,
    SYS_sched_rr_get_interval,
    SYS_sched_setaffinity,
    SYS_sched_setattr,
    SYS_sched_setparam,
    SYS_sched_setscheduler,
    SYS_sched_yield,
    SYS_seccomp,
    SYS_semctl,
    SYS_semget,
    SYS_semop,
    SYS_semtimedop,
    SYS_sendfile,
    SYS_sendmmsg,
    SYS_sendmsg,
    SYS_sendto,
    SYS_setfsgid,
    SYS_setfsuid,
    SYS_setgid,
    SYS_setgroups,
    SYS_setitimer,
    SYS_setpgid,
    SYS_setpriority,
    SYS_setregid,
    SYS_setresgid,
    SYS_setresuid,
    SYS_setreuid,
    SYS_set_robust_list,
    SYS_setsid,
    SYS_setsockopt,
    SYS_set_tid_address,
    SYS_setuid,
    SYS_setxattr,
    SYS_shmat,
    SYS_shmctl,
    SYS_shmdt,
    SYS_shmget,
    SYS_shutdown,
    SYS_sigaltstack,
    SYS_signalfd4,
    SYS_socketpair,
    SYS_splice,
    SYS_statfs,
    SYS_statx,
    SYS_symlinkat,
    SYS_sync,
    SYS_syncfs,
    SYS_sysinfo,
    SYS_tee,
    SYS_tgkill,
    SYS_timer_create,
    SYS_timer_delete,
    SYS_timerfd_create,
    SYS_timerfd_gettime,
    SYS_timerfd_settime,
    SYS_timer_getoverrun,
    SYS_timer_gettime,
    SYS_timer_settime,
    SYS_times,
    SYS_tkill,
    SYS_truncate,
    SYS_umask,
    SYS_uname,
    SYS_unlinkat,
    SYS_utimensat,
    SYS_vmsplice,
    SYS_wait4,
    SYS_waitid,
    SYS_write,
    SYS_writev,
];

#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[c_long] = &[
    SYS_access,
    SYS_alarm,
    SYS_arch_prctl,
    SYS_chmod,
    SYS_chown,
    SYS_creat,
    SYS_dup2,
    SYS_epoll_create,
    SYS_epoll_ctl_old,
    SYS_epoll_wait,
    SYS_epoll_wait_old,
    SYS_eventfd,
    SYS_fork,
    SYS_futimesat,
    SYS_get_thread_area,
    SYS_getdents,
    SYS_getpgrp,
    SYS_getrlimit,
    SYS_inotify_init,
    SYS_lchown,
    SYS_link,
    SYS_lstat,
    SYS_mkdir,
    SYS_mknod,
    SYS_modify_ldt,
    SYS_open,
    SYS_pause,
    SYS_pipe,
    SYS_poll,
    SYS_readlink,
    SYS_rename,
    SYS_renameat,
    SYS_rmdir,
    SYS_select,
    SYS_set_thread_area,
    SYS_setrlimit,
    SYS_signalfd,
    SYS_stat,
    SYS_symlink,
    SYS_sync_file_range,
    SYS_time,
    SYS_unlink,
    SYS_utime,
    SYS_utimes,
    SYS_vfork,
];
/// Calls of the C library's headers this crate doesn't name: io_pgetevents.
#[cfg(target_arch = "x86_64")]
const UNNAMED_HERE: &[c_long] = &[333];

/// renameat, sync_file_range, getrlimit, setrlimit, io_pgetevents.
#[cfg(target_arch = "aarch64")]
const ALLOWED_HERE: &[c_long] = &[38, 84, 163, 164, 292];
#[cfg(target_arch = "aarch64")]
const UNNAMED_HERE: &[c_long] = &[];

/// cachestat, fchmodat2, map_shadow_stack, futex_wake, futex_wait, futex_requeue: one number on every architecture.
const UNNAMED: &[c_long] = &[451, 452, 453, 454, 455, 456];

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Allow,
    Deny,
    /// Answers "no such call": a filter can't look behind the pointer clone3 takes, and the C libraries then fall
    /// back to clone.
    Unknown,
    Clone,
    Socket,
    Personality,
}

/// Builds the filter; done once, every sandbox loads the same program.
pub fn program() -> Vec<sock_filter> {
    let search = search(&segments());
    let mut program = vec![
        load(ARCHITECTURE),
        jump(BPF_JEQ, AUDIT_ARCH, 1, 0),
        answer(SECCOMP_RET_KILL_PROCESS),
        load(NUMBER),
    ];
    program.extend(search);
    program
}

fn verdicts() -> std::collections::BTreeMap<u32, Verdict> {
    let lists = [ALLOWED, ALLOWED_HERE, UNNAMED, UNNAMED_HERE];
    let allowed = lists
        .into_iter()
        .flatten()
        .map(|&number| (number as u32, Verdict::Allow));
    // The engines allow chroot to those who have the capability; for the others it fails in the kernel anyway.
    let special = [
        (SYS_chroot, Verdict::Allow),
        (SYS_clone3, Verdict::Unknown),
        (SYS_clone, Verdict::Clone),
        (SYS_socket, Verdict::Socket),
        (SYS_personality, Verdict::Personality),
    ];
    allowed
        .chain(special.map(|(number, verdict)| (number as u32, verdict)))
        .collect()
}

/// The whole range of numbers, cut where the verdict changes: first number and verdict of each piece.
fn segments() -> Vec<(u32, Verdict)> {
    let mut segments = vec![(0, Verdict::Deny)];
    let mut next = 0;
    for (number, verdict) in verdicts() {
        if number > next {
            push(&mut segments, next, Verdict::Deny);
        }
        push(&mut segments, number, verdict);
        next = number + 1;
    }
    push(&mut segments, next, Verdict::Deny);
    segments
}

fn push(segments: &mut Vec<(u32, Verdict)>, first: u32, verdict: Verdict) {
    match segments.last_mut() {
        Some(last) if last.1 == verdict => {}
        Some(last) if last.0 == first => last.1 = verdict,
        _ => segments.push((first, verdict)),
    }
}

fn search(segments: &[(u32, Verdict)]) -> Vec<sock_filter> {
    match segments {
        [] => Vec::new(),
        [(_, verdict)] => decide(*verdict),
        _ => {
            let (lower, upper) = segments.split_at(segments.len() / 2);
            let lower = search(lower);
            let skip = u8::try_from(lower.len()).expect("half of a table of some hundred calls");
            let mut code = vec![jump(BPF_JGE, upper[0].0, skip, 0)];
            code.extend(lower);
            code.extend(search(upper));
            code
        }
    }
}

fn decide(verdict: Verdict) -> Vec<sock_filter> {
    let denied = answer(SECCOMP_RET_ERRNO | EPERM as u32);
    let allowed = answer(SECCOMP_RET_ALLOW);
    match verdict {
        Verdict::Allow => vec![allowed],
        Verdict::Deny => vec![denied],
        Verdict::Unknown => vec![answer(SECCOMP_RET_ERRNO | ENOSYS as u32)],
        Verdict::Clone => vec![
            load(FIRST_ARGUMENT),
            jump(BPF_JSET, NAMESPACE_FLAGS, 0, 1),
            denied,
            allowed,
        ],
        Verdict::Socket => vec![
            load(FIRST_ARGUMENT),
            jump(BPF_JEQ, AF_VSOCK_DOMAIN, 0, 1),
            denied,
            allowed,
        ],
        Verdict::Personality => {
            let count = PERSONALITIES.len() as u8;
            let tests = PERSONALITIES.iter().zip(0_u8..);
            let tests = tests.map(|(&value, index)| jump(BPF_JEQ, value, count - index, 0));
            let mut code = vec![load(FIRST_ARGUMENT)];
            code.extend(tests);
            code.extend([denied, allowed]);
            code
        }
    }
}

fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset)
}

fn jump(test: u32, value: u32, when_true: u8, when_false: u8) -> sock_filter {
    instruction(BPF_JMP | test | BPF_K, when_true, when_false, value)
}

fn answer(value: u32) -> sock_filter {
    instruction(BPF_RET | BPF_K, 0, 0, value)
}

fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    }
}

/// Loads the filter into the calling process.
///
/// Called in the child: allocates nothing.
pub fn apply(program: &[sock_filter]) -> Result<(), Errno> {
    let header = sock_fprog {
        len: program.len() as u16,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the header points at a live slice of instructions; the kernel only reads.
    let result = unsafe { prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &raw const header) };
    match result {
        0 => Ok(()),
        _ => Err(crate::sys::last_errno()),
    }
}

#[cfg(test)]
mod tests {
    //! The program is run by a small interpreter and compared with what the tables say, and with the program that the
    //! seccompiler crate makes of the same rules.
    use super::*;
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    };

    fn run(program: &[(u16, u8, u8, u32)], architecture: u32, number: u32, argument: u32) -> u32 {
        let mut accumulator = 0;
        let mut at = 0;
        loop {
            let (code, jt, jf, k) = program[at];
            let code = u32::from(code);
            at += 1;
            let branch = |taken: bool| usize::from(if taken { jt } else { jf });
            match code {
                code if code == BPF_LD | BPF_W | BPF_ABS => {
                    accumulator = match k {
                        NUMBER => number,
                        ARCHITECTURE => architecture,
                        FIRST_ARGUMENT => argument,
                        _ => 0,
                    };
                }
                code if code == BPF_JMP | BPF_JEQ | BPF_K => at += branch(accumulator == k),
                code if code == BPF_JMP | BPF_JGE | BPF_K => at += branch(accumulator >= k),
                code if code == BPF_JMP | BPF_JGT | BPF_K => at += branch(accumulator > k),
                code if code == BPF_JMP | BPF_JSET | BPF_K => at += branch(accumulator & k != 0),
                code if code == BPF_JMP | BPF_JA => at += k as usize,
                code if code == BPF_ALU | BPF_AND | BPF_K => accumulator &= k,
                code if code == BPF_RET | BPF_K => return k,
                code => panic!("instruction {code:#x}"),
            }
        }
    }

    fn ours() -> Vec<(u16, u8, u8, u32)> {
        program()
            .iter()
            .map(|step| (step.code, step.jt, step.jf, step.k))
            .collect()
    }

    fn reference() -> Vec<(u16, u8, u8, u32)> {
        let rule = |operator, value| {
            let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, operator, value).expect("valid");
            SeccompRule::new(vec![condition]).expect("valid")
        };
        let mut rules = std::collections::BTreeMap::new();
        for (number, verdict) in verdicts() {
            let conditions = match verdict {
                Verdict::Allow => Vec::new(),
                Verdict::Deny | Verdict::Unknown => continue,
                Verdict::Clone => vec![rule(SeccompCmpOp::MaskedEq(NAMESPACE_FLAGS.into()), 0)],
                Verdict::Socket => vec![rule(SeccompCmpOp::Ne, AF_VSOCK_DOMAIN.into())],
                Verdict::Personality => PERSONALITIES.map(|value| rule(SeccompCmpOp::Eq, value.into())).to_vec(),
            };
            rules.insert(i64::from(number), conditions);
        }
        let denied = SeccompAction::Errno(EPERM as u32);
        let architecture = std::env::consts::ARCH.try_into().expect("known");
        let filter = SeccompFilter::new(rules, denied, SeccompAction::Allow, architecture).expect("valid");
        let program: BpfProgram = filter.try_into().expect("compiles");
        program
            .iter()
            .map(|step| (step.code, step.jt, step.jf, step.k))
            .collect()
    }

    #[test]
    fn decides_as_the_reference_compiler_does() {
        let (ours, reference) = (ours(), reference());
        let arguments = [
            0,
            1,
            8,
            40,
            41,
            0x11,
            0x2_0000,
            0x2_0008,
            0xffff_ffff,
            CLONE_NEWUSER as u32,
            0x0200_0000,
        ];
        for number in (0..1024)
            .filter(|&number| number != SYS_clone3 as u32)
            .chain([u32::MAX, 0x4000_0001])
        {
            for argument in arguments {
                let wanted = run(&reference, AUDIT_ARCH, number, argument);
                assert_eq!(
                    run(&ours, AUDIT_ARCH, number, argument),
                    wanted,
                    "call {number}, argument {argument:#x}"
                );
            }
        }
    }

    #[test]
    fn answers_clone3_with_no_such_call() {
        let verdict = run(&ours(), AUDIT_ARCH, SYS_clone3 as u32, 0);
        assert_eq!(verdict, SECCOMP_RET_ERRNO | ENOSYS as u32);
    }

    #[test]
    fn ends_a_process_of_another_architecture() {
        assert_eq!(run(&ours(), 0x4000_0003, SYS_read as u32, 0), SECCOMP_RET_KILL_PROCESS);
    }

    #[test]
    fn stays_short() {
        assert!(program().len() < 256, "{} instructions", program().len());
    }
}
