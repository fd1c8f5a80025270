"""What Linux can take away from a process for good: the file system, new programs and the network.

Landlock (Documentation/userspace-api/landlock.rst) and a seccomp filter (seccomp(2)), both without privileges; either
may be missing in a kernel or forbidden in a container, and is then left out.
"""

import ctypes
import platform
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

_NO_NEW_PRIVS, _PARENT_DEATH, _DUMPABLE = 38, 1, 4
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_LANDLOCK_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Rights on files that each version of Landlock knows, as a number of bits."""
_CLONE_THREAD, _CLONE3 = 0x10000, 435
_EPERM, _ENOSYS = 1, 38
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


@dataclass(frozen=True, slots=True)
class Machine:
    """The numbers of one processor's system calls."""

    arch: int
    seccomp: int
    clone: int
    forbidden: tuple[int, ...]


_X86_64 = Machine(
    arch=0xC000003E,
    seccomp=317,
    clone=56,
    forbidden=(
        57, 58, 59, 322,  # fork vfork execve execveat
        2, 85, 257, 304, 437,  # open creat openat open_by_handle_at openat2
        41, 42, 49, 53, 288, 43,  # socket connect bind socketpair accept4 accept
        62, 101, 200, 310, 311, 434, 438,  # kill ptrace tkill process_vm_readv process_vm_writev pidfd_open pidfd_getfd
        76, 82, 83, 84, 86, 87, 88, 133, 258, 259, 263, 264, 265, 266, 316,  # truncate, rename, mkdir, rmdir, links ...
        90, 91, 92, 93, 94, 260, 268, 452,  # modes and owners
        80, 81, 155, 161, 165, 166, 272, 308,  # chdir fchdir pivot_root chroot mount umount2 unshare setns
        175, 246, 298, 313, 319, 321, 323, 425, 426, 427,  # modules, kexec, perf, memfd, bpf, userfaultfd, io_uring
        248, 249, 250, 29, 30, 64, 68,  # keys, System V memory, semaphores and messages
    ),
)  # fmt: skip
_AARCH64 = Machine(
    arch=0xC00000B7,
    seccomp=277,
    clone=220,
    forbidden=(
        221, 281,
        56, 265, 437,
        198, 199, 200, 202, 203, 242,
        129, 117, 130, 270, 271, 434, 438,
        45, 38, 34, 35, 36, 37, 33, 276,
        52, 53, 54, 55, 452,
        49, 50, 41, 51, 40, 39, 97, 268,
        105, 104, 241, 273, 279, 280, 282, 425, 426, 427,
        217, 218, 219, 194, 196, 190, 186,
    ),
)  # fmt: skip
_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}


def mapped_bytes() -> int:
    """The size of this process's address space (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmSize:"):
            return int(line.split()[1]) << 10
    raise OSError("/proc/self/status has no VmSize")


def seal() -> list[str]:
    """Take what this system lets us take; returns the names of what is gone."""
    if sys.platform != "linux":
        return []
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PARENT_DEATH, 9, 0, 0, 0)
    libc.prctl(_DUMPABLE, 0, 0, 0, 0)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        return []
    walls = {"landlock": _landlock, "seccomp": _seccomp}
    return ["no_new_privs", *(name for name, wall in walls.items() if wall(libc))]


def _landlock(libc: ctypes.CDLL) -> bool:
    """No path can be reached any more: a rule set that handles every right and grants none."""
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    rights = (1 << _LANDLOCK_RIGHTS.get(version, max(_LANDLOCK_RIGHTS.values()))) - 1
    net = 0b11 if version >= 4 else 0
    handled = ctypes.create_string_buffer(struct.pack("<QQ", rights, net), 16)
    rules = libc.syscall(_LANDLOCK_CREATE, handled, ctypes.c_size_t(16 if version >= 4 else 8), 0)
    return rules >= 0 and not libc.syscall(_LANDLOCK_RESTRICT, rules, 0)


def _seccomp(libc: ctypes.CDLL) -> bool:
    """System calls that open, start or connect fail with EPERM, in all threads."""
    machine = _MACHINES.get(platform.machine())
    if machine is None or sys.maxsize < 2**32:
        return False
    code = ctypes.create_string_buffer(_filter(machine))
    program = struct.pack("@HP", (len(code) - 1) // 8, ctypes.addressof(code))
    return not libc.syscall(machine.seccomp, 1, 1, ctypes.create_string_buffer(program))


def _filter(machine: Machine) -> bytes:
    """The filter as classic BPF: load, compare, jump; the verdicts stand at its end."""
    body = [(_EQUAL, number, "deny", "next") for number in machine.forbidden]
    body += [(_EQUAL, _CLONE3, "missing", "next"), (_EQUAL, machine.clone, "next", "allow")]
    body += [(_LOAD, 16, "next", "next"), (_ANY_BIT, _CLONE_THREAD, "allow", "deny")]
    start = [(_LOAD, 4, "next", "next"), (_EQUAL, machine.arch, "next", "kill")]
    start += [(_LOAD, 0, "next", "next"), (_AT_LEAST, 0x40000000, "deny", "next")]
    steps = start + body
    verdicts = {"allow": _ALLOW, "deny": _ERRNO | _EPERM, "missing": _ERRNO | _ENOSYS, "kill": _KILL}
    places = {name: len(steps) + index for index, name in enumerate(verdicts)}
    code = b""
    for index, (operation, value, yes, no) in enumerate(steps):
        leaps = [0 if where == "next" else places[where] - index - 1 for where in (yes, no)]
        code += struct.pack("=HBBI", operation, *leaps, value)
    return code + b"".join(struct.pack("=HBBI", _RETURN, 0, 0, verdict) for verdict in verdicts.values())
