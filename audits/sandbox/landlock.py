"""How is a process confined to the few files it was given?

Contract
--------
After `confine_files` the process opens nothing but what was named, for good; neither it nor its threads can
undo that.  Landlock does not govern changing the rights, owners or times of a file: the seccomp filter does.
Landlock binds the calling thread and those that it starts later, so it MUST be set while there is one thread.
"""

import ctypes
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from audits.sandbox.kernel import LIBC, KernelRefused

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIRECTORY = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE, _DEVICE_IOCTL = 1 << 13, 1 << 14, 1 << 15
_FIRST_VERSION_RIGHTS = (1 << 13) - 1
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _DEVICE_IOCTL
_TCP_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


class _RulesetAttributes(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def landlock_version() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    return max(0, int(LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)))


def _rights_of(version: int) -> int:
    rights = _FIRST_VERSION_RIGHTS
    if version >= 2:
        rights |= _REFER
    if version >= 3:
        rights |= _TRUNCATE
    if version >= 5:
        rights |= _DEVICE_IOCTL
    return rights


def _attributes_of(version: int) -> tuple[_RulesetAttributes, int]:
    """What to take away, and how many bytes of the structure this kernel knows."""
    attributes = _RulesetAttributes(_rights_of(version), 0, 0)
    if version >= 4:
        attributes.network = _TCP_BIND_AND_CONNECT
    if version >= 6:
        attributes.scoped = _ABSTRACT_SOCKETS_AND_SIGNALS
        return attributes, 24
    return attributes, 16 if version >= 4 else 8


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _FILE_RIGHTS
        rule = _PathBeneath(rights, descriptor)
        if LIBC.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0) != 0:
            raise KernelRefused("landlock", os.strerror(ctypes.get_errno()))
    finally:
        os.close(descriptor)


def confine_files(readable: Sequence[Path], writable: Sequence[Path]) -> None:
    """From now on only `readable` can be read and only `writable` written; raises KernelRefused.

    A path that does not exist is skipped.  Nothing can be executed, not even what can be read.
    """
    version = landlock_version()
    if version == 0:
        raise KernelRefused("landlock", "this kernel does not offer Landlock")
    attributes, size = _attributes_of(version)
    ruleset = int(LIBC.syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0))
    if ruleset < 0:
        raise KernelRefused("landlock", os.strerror(ctypes.get_errno()))
    try:
        # REFER and devices stay refused: nothing needs to be moved between directories.
        everything = _rights_of(version) & ~(_EXECUTE | _REFER | _DEVICE_IOCTL)
        for path in readable:
            _allow(ruleset, path, _READ_FILE | _READ_DIRECTORY)
        for path in writable:
            _allow(ruleset, path, everything)
        if LIBC.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
            raise KernelRefused("landlock", os.strerror(ctypes.get_errno()))
    finally:
        os.close(ruleset)
