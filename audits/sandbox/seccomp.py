"""Which system calls may a locked child not make, and how is the kernel told?

Contract
--------
The filter is a deny list: everything that reaches beyond memory and already permitted files is refused with
EPERM.  `clone` MUST pass for threads only.  `clone3` MUST answer ENOSYS, because its flags lie in memory that
a filter cannot read, and the C library then falls back to `clone`; EPERM there would break every thread.
A filter binds the calling thread and those that it starts later, so it MUST be set while there is one thread.
"""

import ctypes
import errno
import os
import platform
import struct

from audits.sandbox.kernel import LIBC, KernelRefused

_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7

# name: (number on x86_64, number on aarch64); None where the architecture has no such call.
_REFUSED: dict[str, tuple[int | None, int | None]] = {
    # the network, and handing descriptors to others
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "recvmsg": (47, 212),
    "recvmmsg": (299, 243),
    # other programs and other processes
    "execve": (59, 221),
    "execveat": (322, 281),
    "fork": (57, None),
    "vfork": (58, None),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # memory and queues that outlive the process or escape its limits
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "vmsplice": (278, 75),
    # what Landlock does not govern: rights, owners and times of files
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    # identity
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setgroups": (116, 159),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "capset": (126, 91),
    "personality": (135, 92),
    # the machine
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "open_tree_attr": (467, 467),
    "setns": (308, 268),
    "unshare": (272, 97),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    # large pieces of the kernel that a model never needs
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # a ring would carry refused calls past this filter
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}

_CLONE, _CLONE3 = (56, 220), (435, 435)
_KILL, _TGKILL = (62, 129), (234, 131)
_PRLIMIT, _SCHED_SETAFFINITY = (302, 261), (203, 122)
_PRCTL, _IOCTL = (157, 167), (16, 29)

_CLONE_THREAD = 0x00010000
_CLONE_NEW_NAMESPACE = 0x7E020080
_PR_SET_PDEATHSIG = 1
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_X32_CALLS = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_ARCH_OFFSET, _NUMBER_OFFSET, _ARGUMENTS_OFFSET = 4, 0, 16


def _instruction(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, k)


def _refuse(with_errno: int = errno.EPERM) -> bytes:
    return _instruction(_RETURN, _ERRNO | with_errno)


def _argument(index: int) -> bytes:
    # The low half is enough: every argument looked at here is an int or a flag word of 32 bits.
    return _instruction(_LOAD, _ARGUMENTS_OFFSET + 8 * index)


def _when_call(number: int, body: bytes) -> bytes:
    """`body` runs for this call only; every path through it must return."""
    return _instruction(_EQUAL, number, 0, len(body) // 8) + body


def _only_if_argument_in(index: int, accepted: tuple[int, ...]) -> bytes:
    program = _argument(index)
    for value in accepted:
        program += _instruction(_EQUAL, value, 0, 1) + _instruction(_RETURN, _ALLOW)
    return program + _refuse()


def _unless_argument_in(index: int, refused: tuple[int, ...]) -> bytes:
    program = _argument(index)
    for value in refused:
        program += _instruction(_EQUAL, value, 0, 1) + _refuse()
    return program + _instruction(_RETURN, _ALLOW)


def _threads_only() -> bytes:
    return (
        _argument(0)
        + _instruction(_ANY_BIT, _CLONE_NEW_NAMESPACE, 0, 1)
        + _refuse()
        + _instruction(_ANY_BIT, _CLONE_THREAD, 0, 1)
        + _instruction(_RETURN, _ALLOW)
        + _refuse()
    )


def build_filter(machine: str, own_pid: int) -> bytes:
    """The filter program for one process; raises KernelRefused for an architecture without a table."""
    if machine not in ("x86_64", "aarch64"):
        raise KernelRefused("seccomp", f"no table of system calls for {machine}")
    column = 0 if machine == "x86_64" else 1
    program = _instruction(_LOAD, _ARCH_OFFSET)
    program += _instruction(_EQUAL, (_X86_64, _AARCH64)[column], 1, 0)
    program += _instruction(_RETURN, _KILL_PROCESS)
    program += _instruction(_LOAD, _NUMBER_OFFSET)
    if machine == "x86_64":
        # The x32 numbers reach the same calls under other names.
        program += _instruction(_AT_LEAST, _X32_CALLS, 0, 1) + _refuse()
    for numbers in _REFUSED.values():
        number = numbers[column]
        if number is not None:
            program += _when_call(number, _refuse())
    program += _when_call(_CLONE3[column], _refuse(errno.ENOSYS))
    program += _when_call(_CLONE[column], _threads_only())
    # abort() signals its own process; nobody else may be signalled.
    program += _when_call(_KILL[column], _only_if_argument_in(0, (own_pid,)))
    program += _when_call(_TGKILL[column], _only_if_argument_in(0, (own_pid,)))
    # A processor limit of zero set on the parent would kill it.
    program += _when_call(_PRLIMIT[column], _only_if_argument_in(0, (0, own_pid)))
    program += _when_call(_SCHED_SETAFFINITY[column], _only_if_argument_in(0, (0, own_pid)))
    program += _when_call(_PRCTL[column], _unless_argument_in(0, (_PR_SET_PDEATHSIG,)))
    program += _when_call(_IOCTL[column], _unless_argument_in(1, (_TIOCSTI, _TIOCLINUX)))
    return program + _instruction(_RETURN, _ALLOW)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def refuse_dangerous_calls() -> None:
    """Put the filter in force for this thread and all that it will start; raises KernelRefused."""
    program = build_filter(platform.machine(), os.getpid())
    buffer = ctypes.create_string_buffer(program, len(program))
    descriptor = _Program(len(program) // 8, ctypes.addressof(buffer))
    set_seccomp, mode_filter = 22, 2
    if LIBC.prctl(set_seccomp, mode_filter, ctypes.byref(descriptor), 0, 0) != 0:
        raise KernelRefused("seccomp", os.strerror(ctypes.get_errno()))
