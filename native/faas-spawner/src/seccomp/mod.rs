//! The system calls a sandbox may make: the container engines' default profile without their extra
//! permissions for privileged containers.
//!
//! Differences to their list, all on the strict side: no 32-bit and x32 calls (a foreign architecture ends the
//! process), no io_uring (as in the engines' newer releases), and nothing is added when capabilities are.
//!
//! The program is a binary search over ranges of numbers. The usual chain of comparisons, one or more per call, is
//! ten times as long, and the kernel runs it once per call number whenever a sandbox loads it: 0.8 ms of each start.

mod calls;

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
    let allowed = calls::allowed().map(|number| (number, Verdict::Allow));
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

/// A program of one instruction, to try whether the kernel takes any.
pub const ALLOW_ALL: sock_filter = sock_filter {
    code: (BPF_RET | BPF_K) as u16,
    jt: 0,
    jf: 0,
    k: SECCOMP_RET_ALLOW,
};

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
