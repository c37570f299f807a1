//! What a worker gives up before it reads the first byte.
//!
//! ```text
//!   limits        address space, CPU, no new files, files of no size, no core, not traceable
//!   landlock      no path, no TCP port, no signal and no abstract socket beyond itself
//!   seccomp       reads its input, writes its output, manages its own memory and threads; nothing else
//! ```
//!
//! A kernel without landlock or seccomp gives what it has: the worker says what confines it, and the
//! gateway warns and shows it. Descriptors that were inherited from who started the gateway are of no
//! use: reading is allowed from standard input alone, writing to standard output alone.

use std::{collections::BTreeMap, fmt, io};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetStatus, Scope,
};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};
use serde::{Deserialize, Serialize};

/// CPU time of a worker's life, seconds. The gateway replaces a worker long before.
pub const CPU_SECONDS: u64 = 900;
/// Highest descriptor plus one: input, output, errors.
const DESCRIPTORS: u64 = 3;

/// What confines a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Confinement {
    /// Limits on memory, CPU time and files.
    pub limits: bool,
    /// Paths, ports and signals.
    pub landlock: Enforced,
    /// System calls.
    pub seccomp: bool,
}

/// How much of landlock this kernel knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Enforced {
    /// All that is asked for.
    Fully,
    /// What this kernel's version has.
    Partly,
    /// Nothing.
    Not,
}

impl Confinement {
    /// No part is missing. An older landlock is enough: what it lacks, seccomp forbids as well.
    pub fn is_complete(&self) -> bool {
        self.limits && self.seccomp && self.landlock != Enforced::Not
    }
}

/// The parts in force, in words.
impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let landlock = match self.landlock {
            Enforced::Fully => Some("landlock"),
            Enforced::Partly => Some("landlock (partly)"),
            Enforced::Not => None,
        };
        let parts = [self.limits.then_some("limits"), landlock, self.seccomp.then_some("seccomp")];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "nothing" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

/// Gives up everything, for good, and says what could be given up. `memory` bounds the address
/// space, in bytes.
pub fn enter(memory: u64) -> Confinement {
    let limits =
        limit(memory).is_ok() && set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok();
    // Both of the next need it, and set it themselves; without it nothing else would hold.
    rustix::thread::set_no_new_privs(true).ok();
    let landlock = lock().unwrap_or(Enforced::Not);
    Confinement { limits, landlock, seccomp: filter() }
}

fn limit(memory: u64) -> rustix::io::Result<()> {
    let bounds = [
        (Resource::As, memory),
        (Resource::Cpu, CPU_SECONDS),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nofile, DESCRIPTORS),
    ];
    for (resource, bound) in bounds {
        // Whoever started the gateway may have set less.
        let bound = getrlimit(resource).maximum.map_or(bound, |most| most.min(bound));
        setrlimit(resource, Rlimit { current: Some(bound), maximum: Some(bound) })?;
    }
    Ok(())
}

/// No rule is added, so everything that is handled is forbidden.
fn lock() -> Result<Enforced, landlock::RulesetError> {
    let abi = ABI::V6;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Enforced::Fully,
        RulesetStatus::PartiallyEnforced => Enforced::Partly,
        RulesetStatus::NotEnforced => Enforced::Not,
    })
}

/// Two filters, and the stricter of their answers counts: one lets the C library ask for threads in
/// the older way, whose flags can be looked at, the other forbids everything that is not listed.
fn filter() -> bool {
    let installed = programs().map_err(io::Error::other).and_then(|programs| {
        programs.iter().try_for_each(|program| apply_filter(program).map_err(io::Error::other))
    });
    installed.is_ok()
}

fn programs() -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let program = |rules, otherwise, listed| {
        SeccompFilter::new(rules, otherwise, listed, arch).and_then(BpfProgram::try_from)
    };
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let forbidden = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let threads = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    Ok([
        program(threads, SeccompAction::Allow, unknown)?,
        program(allowed()?, forbidden, SeccompAction::Allow)?,
    ])
}

/// The system calls a worker may make, and with which arguments.
fn allowed() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    let is = |argument, value: u32| condition(argument, SeccompCmpOp::Eq, value);
    let has = |argument, mask: u32, value: u32| {
        condition(argument, SeccompCmpOp::MaskedEq(mask.into()), value)
    };
    let (exec, thread) = (libc::PROT_EXEC.unsigned_abs(), libc::CLONE_THREAD.unsigned_abs());
    let itself = rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
    let conditional = [
        (libc::SYS_read, vec![is(0, 0)?]),
        (libc::SYS_write, vec![is(0, 1)?]),
        // Memory without a file behind it, and never code.
        (libc::SYS_mmap, vec![is(4, u32::MAX)?, has(2, exec, 0)?]),
        (libc::SYS_mprotect, vec![has(2, exec, 0)?]),
        // Threads, and no processes.
        (libc::SYS_clone, vec![has(0, thread, thread)?]),
        // A process may end itself.
        (libc::SYS_tgkill, vec![is(0, itself)?]),
    ];
    let free = [
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_clock_nanosleep,
        libc::SYS_clone3,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_getpid,
        libc::SYS_getrandom,
        libc::SYS_getrusage,
        libc::SYS_gettid,
        libc::SYS_gettimeofday,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_nanosleep,
        libc::SYS_restart_syscall,
        libc::SYS_rseq,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_getaffinity,
        libc::SYS_sched_yield,
        libc::SYS_set_robust_list,
        libc::SYS_sigaltstack,
    ];
    let mut rules: BTreeMap<_, _> = free.into_iter().map(|call| (call, Vec::new())).collect();
    for (call, conditions) in conditional {
        rules.insert(call, vec![SeccompRule::new(conditions)?]);
    }
    Ok(rules)
}

/// A condition on the lower half of an argument.
fn condition(
    argument: u8,
    operator: SeccompCmpOp,
    value: u32,
) -> Result<SeccompCondition, seccompiler::BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_compile_for_this_processor() {
        let [threads, calls] = programs().unwrap();
        assert!(threads.len() < calls.len());
    }

    #[test]
    fn what_confines_a_worker_is_said_in_words() {
        let all = Confinement { limits: true, landlock: Enforced::Fully, seccomp: true };
        assert_eq!(all.to_string(), "limits, landlock, seccomp");
        let old = Confinement { landlock: Enforced::Partly, ..all };
        assert_eq!(old.to_string(), "limits, landlock (partly), seccomp");
        assert!(all.is_complete() && old.is_complete());
        let none = Confinement { limits: false, landlock: Enforced::Not, seccomp: false };
        assert_eq!(none.to_string(), "nothing");
        assert!(!none.is_complete());
    }
}
