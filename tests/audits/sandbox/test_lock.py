"""What can code that got loose in a locked child still do? Each attack is tried for real, in a real child."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from audits.sandbox.lock import GUARDS, LANDLOCK, SECCOMP, Limits, missing_guards

PROJECT = Path(__file__).resolve().parents[3]
MIB = 1024 * 1024

LOCK = """
from pathlib import Path
from audits.sandbox.lock import Limits, lock_down
lock_down([Path({readable!r})], [Path({writable!r})], Limits(**{limits!r}))
"""


def run_child(code, *, lock=True, readable="/nowhere", writable="/nowhere", **limits):
    """Run `code` in a child of its own, locked or not, and return the finished process."""
    limits = {"memory_bytes": 512 * MIB, "cpu_seconds": 5, **limits}
    program = LOCK.format(readable=str(readable), writable=str(writable), limits=limits) if lock else ""
    return subprocess.run(
        [sys.executable, "-c", program + textwrap.dedent(code)],
        cwd=PROJECT,
        env={"PYTHONPATH": str(PROJECT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        start_new_session=True,
    )


@pytest.fixture
def outside(tmp_path):
    """A file that the child was not given."""
    path = tmp_path / "outside" / "secret.txt"
    path.parent.mkdir()
    path.write_text("the secret")
    return path


def test_every_guard_is_in_force_here():
    code = "from audits.sandbox.lock import Limits, lock_down\nprint(*lock_down([], [], Limits()))"
    result = run_child(code, lock=False)
    assert tuple(result.stdout.split()) == GUARDS, result.stderr


def test_missing_guards_are_named():
    assert missing_guards(GUARDS) == ()
    assert missing_guards([guard for guard in GUARDS if guard not in (LANDLOCK, SECCOMP)]) == (
        LANDLOCK,
        SECCOMP,
    )


def test_what_was_given_can_be_read(tmp_path):
    given = tmp_path / "given.txt"
    given.write_text("evidence")
    result = run_child(f"print(open({str(given)!r}).read())", readable=given)
    assert result.stdout == "evidence\n", result.stderr


def test_a_scratch_directory_can_be_written(tmp_path):
    result = run_child(f"open({str(tmp_path / 'made')!r}, 'w').write('x')", writable=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "made").read_text() == "x"


def test_a_given_file_cannot_be_changed(tmp_path):
    given = tmp_path / "given.txt"
    given.write_text("evidence")
    for attack in (
        "open(path, 'w')",
        "os.truncate(path, 0)",
        "os.unlink(path)",
        "os.chmod(path, 0o777)",
        "os.utime(path)",
    ):
        result = run_child(f"import os\npath = {str(given)!r}\n{attack}", readable=given)
        assert "PermissionError" in result.stderr, attack
    assert given.read_text() == "evidence"


FILE_ATTACKS = {
    "read": "open(secret).read()",
    "list": "os.listdir(os.path.dirname(secret))",
    "write": "open(secret, 'w').write('forged')",
    "create": "open(secret + '.new', 'w')",
    "delete": "os.unlink(secret)",
    "rename": "os.rename(secret, secret + '.moved')",
    "link": "os.link(secret, secret + '.link')",
    "change rights": "os.chmod(secret, 0o777)",
    "read by way of its own root": "open('/proc/self/root' + secret).read()",
}


@pytest.mark.parametrize("attack", FILE_ATTACKS.values(), ids=FILE_ATTACKS)
def test_files_outside_are_out_of_reach(attack, outside):
    code = f"import os\nsecret = {str(outside)!r}\n{attack}\nprint('reached')"
    assert "PermissionError" in run_child(code).stderr
    assert outside.read_text() == "the secret"
    assert run_child(code, lock=False).stdout == "reached\n", "the attack itself is broken"


def test_the_environment_of_the_parent_cannot_be_read():
    code = "print(len(open('/proc/{}/environ'.format(__import__('os').getppid())).read()))"
    assert "PermissionError" in run_child(code).stderr
    assert run_child(code, lock=False).returncode == 0


def test_no_network_is_reachable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        tcp = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)\nprint('reached')"
        assert "PermissionError" in run_child(tcp).stderr
        assert run_child(tcp, lock=False).stdout == "reached\n"
    for family in (
        "AF_INET, socket.SOCK_DGRAM",
        "AF_UNIX, socket.SOCK_STREAM",
        "AF_NETLINK, socket.SOCK_RAW",
    ):
        assert "PermissionError" in run_child(f"import socket\nsocket.socket(socket.{family})").stderr


PROGRAM_ATTACKS = {
    "exec": "os.execv('/bin/true', ['true'])",
    "system": "assert os.system('true') == 0, 'PermissionError: the shell did not start'",
    "subprocess": "__import__('subprocess').run([sys.executable, '-c', ''], check=True)",
    "spawn": "os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)",
    "fork": "os._exit(0) if os.fork() == 0 else os.wait()",
}


@pytest.mark.parametrize("attack", PROGRAM_ATTACKS.values(), ids=PROGRAM_ATTACKS)
def test_no_other_program_or_process_can_be_started(attack):
    code = f"import os, sys\n{attack}"
    assert "PermissionError" in run_child(code).stderr
    assert run_child(code, lock=False).returncode == 0


def test_a_fork_bomb_does_not_get_its_first_fork():
    bomb = """
        import os
        forks = 0
        for _ in range(1000):
            try:
                if os.fork() == 0:
                    os._exit(0)
                forks += 1
            except PermissionError:
                pass
        print(forks)
    """
    assert run_child(bomb).stdout == "0\n"


def test_threads_can_be_started_but_not_without_end():
    code = """
        import threading
        done = threading.Event()
        try:
            for number in range(5000):
                threading.Thread(target=done.wait, daemon=True).start()
        except RuntimeError:
            pass
        print(number)
        done.set()
    """
    started = int(run_child(code, memory_bytes=256 * MIB).stdout)
    assert 1 < started < 5000


def test_memory_ends_at_the_limit():
    assert "MemoryError" in run_child("bytearray(8 * 1024 ** 3)").stderr
    shared = "import mmap\nmmap.mmap(-1, 8 * 1024 ** 3)"
    assert "Cannot allocate memory" in run_child(shared).stderr
    assert run_child("bytearray(64 * 1024 ** 2)").returncode == 0


def test_a_file_in_the_scratch_directory_ends_at_the_limit(tmp_path):
    code = f"open({str(tmp_path / 'big')!r}, 'wb').write(bytes(2 * 1024 ** 2))"
    assert "File too large" in run_child(code, writable=tmp_path, file_bytes=MIB).stderr


def test_a_spinning_processor_is_stopped():
    stubborn = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    started = time.monotonic()
    assert run_child(stubborn, cpu_seconds=1).returncode == -signal.SIGKILL
    assert time.monotonic() - started < 20


KILLS = {
    "kill the parent": "os.kill(parent, 9)",
    # Signal 0 asks for the same right and harms nobody, should the guard ever be missing.
    "kill everything": "os.kill(-1, 0)",
    "kill its group": "os.kill(0, 9)",
    "take the parent's processor time": "resource.prlimit(parent, resource.RLIMIT_CPU, (0, 0))",
    "send by descriptor": "signal.pidfd_send_signal(os.pidfd_open(parent), 9)",
    "trace the parent": "trace(parent)",
}


@pytest.mark.parametrize("attack", KILLS.values(), ids=KILLS)
def test_the_parent_survives(attack):
    # The outer process plays the parent, so that a failure of this test does not end the test run.
    inner = LOCK.format(readable="/nowhere", writable="/nowhere", limits={}) + textwrap.dedent(f"""
        import ctypes, os, resource, signal
        def trace(pid):
            if ctypes.CDLL(None, use_errno=True).ptrace(16, pid, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), 'trace refused')
        parent = os.getppid()
        try:
            {attack}
        except PermissionError:
            print('refused')
    """)
    parent = f"""
        import subprocess, sys
        child = subprocess.run([sys.executable, '-c', {inner!r}], capture_output=True, text=True)
        print(child.stdout, child.stderr, 'alive')
    """
    result = run_child(parent, lock=False)
    assert result.stdout.split() == ["refused", "alive"], result.stderr


def test_the_child_can_still_abort_itself():
    assert run_child("import os; os.abort()").returncode == -signal.SIGABRT


def test_the_child_ends_with_its_parent():
    parent = f"""
        import subprocess, sys
        code = {LOCK.format(readable="/nowhere", writable="/nowhere", limits={})!r} + '''
        print(__import__('os').getpid(), flush=True)
        __import__('time').sleep(60)
        '''.replace('        ', '')
        child = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, text=True)
        print(child.stdout.readline().strip(), flush=True)
        __import__('os')._exit(0)
    """
    pid = int(run_child(parent, lock=False).stdout)
    deadline = time.monotonic() + 5
    while _is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _is_running(pid)


def _is_running(pid):
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def test_what_is_locked_stays_locked():
    code = """
        import ctypes, errno, resource
        libc = ctypes.CDLL(None, use_errno=True)
        for name, arguments in {"unshare": (0x40000000,), "mount": (0, 0, 0, 0, 0), "setns": (0, 0)}.items():
            assert getattr(libc, name)(*arguments) == -1 and ctypes.get_errno() == errno.EPERM, name
        assert libc.prctl(1, 0, 0, 0, 0) == -1, "the parent-death signal was taken back"
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (1000, 1000))
        except ValueError:
            print("locked")
    """
    assert run_child(code).stdout == "locked\n"


def test_a_second_thread_is_a_reason_to_refuse():
    thread = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    lock = LOCK.format(readable="/nowhere", writable="/nowhere", limits={})
    result = run_child(thread + lock, lock=False)
    assert "SandboxUnavailable: 2 threads are running" in result.stderr


def test_limits_are_a_plain_document():
    assert Limits(**Limits(cpu_seconds=7).to_document()) == Limits(cpu_seconds=7)


def test_a_child_whose_parent_has_ended_already_does_not_start():
    code = (
        "from audits.sandbox.lock import Limits, SandboxUnavailable, lock_down\n"
        "try:\n    lock_down([], [], Limits(), parent=999_999_999)\n"
        "except SandboxUnavailable as refused:\n    print(refused)"
    )
    assert "ended before the child was locked down" in run_child(code, lock=False).stdout
