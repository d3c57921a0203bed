"""How is a process locked down before it opens what a stranger sent?

Contract
--------
`lock_down` MUST be called before anything untrusted is opened and while the process has one thread, because
the kernel binds the calling thread and its later children only.  Resource limits MUST hold or the call
raises.  Every other guard is tried and reported: the caller records which ones were in force.
Nothing here can be undone by the process afterwards.
"""

import ctypes
import os
import resource
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from audits.sandbox.kernel import LIBC, KernelRefused
from audits.sandbox.landlock import confine_files
from audits.sandbox.seccomp import refuse_dangerous_calls

RESOURCE_LIMITS = "resource_limits"
NETWORK_NAMESPACE = "network_namespace"
NO_CAPABILITIES = "no_capabilities"
NO_NEW_PRIVILEGES = "no_new_privileges"
PARENT_DEATH_SIGNAL = "parent_death_signal"
LANDLOCK = "landlock"
SECCOMP = "seccomp"
GUARDS = (
    RESOURCE_LIMITS,
    NETWORK_NAMESPACE,
    NO_CAPABILITIES,
    NO_NEW_PRIVILEGES,
    PARENT_DEATH_SIGNAL,
    LANDLOCK,
    SECCOMP,
)

_MIB = 1024 * 1024
# Libraries reserve address space that they never fill: code, thread stacks, allocator arenas.
_RESERVED_BY_LIBRARIES = 1024 * _MIB

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIGKILL = 9
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CAPABILITY_VERSION_3 = 0x20080522


class SandboxUnavailable(Exception):
    """The process cannot be locked down as it is; nothing untrusted may be opened in it."""


@dataclass(frozen=True)
class Limits:
    """How much a locked child may use. Bytes, seconds and counts."""

    memory_bytes: int = 2048 * _MIB
    cpu_seconds: int = 120
    file_bytes: int = 64 * _MIB
    open_files: int = 128
    threads: int = 64

    def to_document(self) -> dict[str, int]:
        return asdict(self)


def runtime_paths() -> tuple[Path, ...]:
    """What a locked Python process must read in order to import: the interpreter, its packages, our code.

    The project's root is left out on purpose: it can hold settings, a database and evidence.
    """
    libraries = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    # Debian keeps the interpreter under /usr; of a machine-wide prefix only the libraries are wanted.
    machine_wide = {"/", "/usr", "/usr/local"}
    prefixes = libraries | ({sys.prefix, sys.base_prefix, sys.exec_prefix} - machine_wide)
    paths = {Path(prefix).resolve() for prefix in prefixes}
    paths |= {Path("/lib"), Path("/lib64"), Path("/usr/lib"), Path("/usr/lib64"), Path("/usr/local/lib")}
    paths |= {Path("/usr/share/zoneinfo"), Path("/etc/ld.so.cache"), Path("/etc/localtime")}
    # Numerical libraries ask how many processors there are. The rest of /proc shows other processes.
    paths |= {Path("/sys/devices/system/cpu"), Path("/proc/cpuinfo"), Path("/proc/meminfo")}
    paths |= {Path("/dev/null"), Path("/dev/urandom")}
    paths.add(Path(__file__).resolve().parent.parent)
    return tuple(sorted(paths))


def lock_down(
    readable: Sequence[Path], writable: Sequence[Path], limits: Limits, *, parent: int | None = None
) -> tuple[str, ...]:
    """Lock this process for good and name the guards that are in force.

    `readable` and `writable` come on top of `runtime_paths()`. `parent` is the process that started this one: when it
    has ended already, nobody would stop us any more. Without it, whoever is the parent now is taken for it.
    Raises SandboxUnavailable when a second thread is running or a resource limit is not accepted.
    """
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        raise SandboxUnavailable(
            f"{threads} threads are running and the kernel's guards would bind only one of them; "
            "lock the process down before importing numerical libraries."
        )
    own_pid, parent = os.getpid(), parent or os.getppid()
    own_entry = Path(f"/proc/{own_pid}")
    # threadpoolctl reads its own memory map. The descriptor stays open: it keeps the entry in the kernel's
    # cache, and a fresh one would no longer be the one that Landlock was told about.
    os.open(own_entry, os.O_PATH | os.O_CLOEXEC)
    in_force = []

    def attempt(guard: str, put_in_force: Callable[[], None]) -> None:
        try:
            put_in_force()
        except KernelRefused:
            return
        in_force.append(guard)

    # The namespace needs a capability that the next step gives away, and changing credentials clears the
    # parent-death signal, so the order matters.
    attempt(NETWORK_NAMESPACE, _leave_the_network)
    attempt(NO_CAPABILITIES, _drop_capabilities)
    attempt(NO_NEW_PRIVILEGES, _refuse_new_privileges)
    attempt(PARENT_DEATH_SIGNAL, _die_with_parent)
    if os.getppid() != parent:
        raise SandboxUnavailable(f"the parent of process {own_pid} ended before the child was locked down.")
    _limit_resources(limits)
    in_force.append(RESOURCE_LIMITS)
    may_read = [*runtime_paths(), own_entry, *readable]
    attempt(LANDLOCK, lambda: confine_files(may_read, [Path("/dev/null"), *writable]))
    attempt(SECCOMP, refuse_dangerous_calls)
    return tuple(guard for guard in GUARDS if guard in in_force)


def missing_guards(in_force: Sequence[str]) -> tuple[str, ...]:
    """The guards that this machine did not give, in the order of `GUARDS`."""
    return tuple(guard for guard in GUARDS if guard not in in_force)


def _limit_resources(limits: Limits) -> None:
    wanted = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_DATA: (limits.memory_bytes, limits.memory_bytes),
        # Shared mappings are not "data", so the address space is limited too.
        resource.RLIMIT_AS: (limits.memory_bytes + _RESERVED_BY_LIBRARIES,) * 2,
        # The soft limit can be ignored by a handler, the hard one kills.
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),
        resource.RLIMIT_FSIZE: (limits.file_bytes, limits.file_bytes),
        resource.RLIMIT_NOFILE: (limits.open_files, limits.open_files),
        # The kernel counts every task of the user, not of the process.
        resource.RLIMIT_NPROC: (_tasks_of_this_user() + limits.threads,) * 2,
    }
    for kind, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(kind)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError) as problem:
            raise SandboxUnavailable(f"a resource limit was not accepted: {problem}.") from problem


def _tasks_of_this_user() -> int:
    count, uid = 0, os.getuid()
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            if entry.stat().st_uid == uid:
                count += len(list(Path(entry.path, "task").iterdir()))
        except OSError:
            continue  # it ended while we were counting
    return count


def _leave_the_network() -> None:
    for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET):
        if LIBC.unshare(flags) == 0:
            return
    raise KernelRefused(NETWORK_NAMESPACE, os.strerror(ctypes.get_errno()))


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if LIBC.capset(ctypes.byref(header), ctypes.byref(nothing)) != 0:
        raise KernelRefused(NO_CAPABILITIES, os.strerror(ctypes.get_errno()))


def _refuse_new_privileges() -> None:
    if LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise KernelRefused(NO_NEW_PRIVILEGES, os.strerror(ctypes.get_errno()))


def _die_with_parent() -> None:
    if LIBC.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0) != 0:
        raise KernelRefused(PARENT_DEATH_SIGNAL, os.strerror(ctypes.get_errno()))
