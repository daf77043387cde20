"""Read /proc (proc(5)): what Linux says of its processes. No other module reads there.

Every function reads anew, and raises OSError where there is no such file: on other systems, in a bare chroot, of a
process that has ended.
"""

from __future__ import annotations

import os

PROC = "/proc"
_STATE, _PARENT, _GROUP, _TERMINAL, _FOREGROUND, _STARTED = 0, 1, 2, 4, 5, 19
"""Fields of /proc/PID/stat behind the name, which may hold blanks."""

_LOCAL, _STATE_OF_SOCKET, _INODE = 1, 3, 9
"""Fields of a line in /proc/net/tcp."""
_LISTENS = b"0A"


def exists() -> bool:
    """Return whether there is a /proc at all."""
    return os.path.exists(f"{PROC}/self")


def words(pid: int) -> list[bytes]:
    """Return the command line of PID; one empty word where it has none."""
    return _read(f"{pid}/cmdline").rstrip(b"\0").split(b"\0")


def parent(pid: int) -> int:
    """Return the parent of PID."""
    return int(_fields(pid)[_PARENT])


def state(pid: int) -> bytes:
    """Return the letter of PID's state, such as `T` for a stopped process."""
    return _fields(pid)[_STATE]


def group(pid: int) -> int:
    """Return the process group of PID."""
    return int(_fields(pid)[_GROUP])


def children(pid: int) -> list[int]:
    """Return the processes that PID has started and that have not ended, from whichever of its threads."""
    threads = os.listdir(f"{PROC}/{pid}/task")
    return [int(each) for thread in threads for each in _read(f"{pid}/task/{thread}/children").split()]


def started(pid: int) -> float:
    """Return when PID was started, in seconds since the epoch, rounded down."""
    booted = next(line for line in _read("stat").splitlines() if line.startswith(b"btime "))
    return int(booted.split()[1]) + started_ticks(pid) // os.sysconf("SC_CLK_TCK")


def started_ticks(pid: int) -> int:
    """Return when PID was started, in clock ticks since the boot: no two processes with one id have this in common."""
    return int(_fields(pid)[_STARTED])


def terminal(pid: int) -> int:
    """Return the device number of PID's controlling terminal; 0 if it has none."""
    number = int(_fields(pid)[_TERMINAL])
    return os.makedev(number >> 8 & 0xFFF, number >> 12 & 0xFFF00 | number & 0xFF)


def foreground(pid: int) -> int:
    """Return the process group that reads from PID's controlling terminal; -1 if it has none."""
    return int(_fields(pid)[_FOREGROUND])


def owner(pid: int) -> int:
    """Return the effective user of PID. The owner of its directory is root while it may not be traced."""
    line = next(line for line in _read(f"{pid}/status").splitlines() if line.startswith(b"Uid:"))
    return int(line.split()[2])


def directory(pid: int) -> str:
    """Return the working directory of PID; its name ends in ` (deleted)` if it has been removed."""
    return os.readlink(f"{PROC}/{pid}/cwd")


def environment(process: int | str) -> list[bytes]:
    """Return the environment that PROCESS was started with, as entries `NAME=VALUE`."""
    return _read(f"{process}/environ").split(b"\0")


def open_files(pid: int) -> list[str]:
    """Return what PID has open: the paths of files, and a name such as `socket:[7]` for all else."""
    from contextlib import suppress  # only here: in the C locale each command comes to this module

    place = f"{PROC}/{pid}/fd"
    found = []
    for name in os.listdir(place):
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(os.readlink(f"{place}/{name}"))
    return found


def mount_namespace(process: int | str = "self") -> str:
    """Return the name of PROCESS's mount namespace: in another one, a path may be another file."""
    return os.readlink(f"{PROC}/{process}/ns/mnt")


def has_flock(pid: int, inode: int) -> bool:
    """Return whether PID, as this process numbers it, holds an flock on the file INODE.

    The device is not compared: btrfs and overlays name another one there.
    """
    held = (line.split()[1:] for line in _read("locks").splitlines() if b"->" not in line)
    return any(
        kind == b"FLOCK" and int(holder) == pid and int(place.rpartition(b":")[2]) == inode
        for kind, _, _, holder, place, *_ in held
    )


def given_environment() -> list[bytes]:
    """Return the environment that this process was started with, as entries `NAME=VALUE`."""
    return environment("self")


def open_descriptors() -> list[int]:
    """Return the open descriptors of this process; one of them is that of the listing."""
    return [int(name) for name in os.listdir(f"{PROC}/self/fd")]


def has_capability(number: int) -> bool:
    """Return whether the capability NUMBER (capabilities(7)) is in effect; False where the kernel does not say."""
    for line in _read("self/status").splitlines():
        name, _, value = line.partition(b":")
        if name == b"CapEff":
            return bool(int(value, 16) >> number & 1)
    return False


def forbids_tiocsti() -> bool:
    """Return whether TIOCSTI needs CAP_SYS_ADMIN. Raises OSError before Linux 6.2, where it never does."""
    return _read("sys/dev/tty/legacy_tiocsti").strip() == b"0"


def mounts() -> str:
    """Return the table of mounts, a line each."""
    return _read("mounts").decode("utf-8", "surrogateescape")


def network(process: int | str = "self") -> str:
    """Return the name of PROCESS's network namespace; one that has ended is in none."""
    return os.readlink(f"{PROC}/{process}/ns/net")


def processes() -> list[int]:
    """Return every process."""
    return [int(name) for name in os.listdir(PROC) if name.isdecimal()]


def in_network(name: str) -> list[int]:
    """Return every process but this one in the network namespace NAME."""
    found = []
    for process in processes():
        try:
            is_in_it = network(process) == name
        except OSError:
            continue
        if is_in_it and process != os.getpid():
            found.append(process)
    return found


def listeners(port: int) -> list[int]:
    """Return the processes that listen on the TCP PORT in this network; not those of other users, unless for root."""
    sockets = {
        f"socket:[{fields[_INODE].decode()}]"
        for family in ("tcp", "tcp6")
        for fields in map(bytes.split, _read(f"net/{family}").splitlines()[1:])
        if fields[_STATE_OF_SOCKET] == _LISTENS and int(fields[_LOCAL].rpartition(b":")[2], 16) == port
    }
    found = []
    for process in processes():
        try:
            if not sockets.isdisjoint(open_files(process)):
                found.append(process)
        except OSError:  # it has ended, or is another user's
            continue
    return found


def map_user(uid: int, gid: int) -> None:
    """Let this process, which has just entered a user namespace, be in it who it was: UID and GID."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        descriptor = os.open(f"{PROC}/self/{name}", os.O_WRONLY)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)


def hides_root() -> bool:
    """Return whether this process is in a user namespace without root: the files of others then all look alike."""
    ids = [[int(number) for number in line.split()] for line in _read("self/uid_map").splitlines()]
    return not any(outside == 0 and count for _, outside, count in ids)


def unmapped_user() -> int:
    """Return the number of the owner whom a user namespace does not know."""
    return int(_read("sys/kernel/overflowuid"))


def _fields(pid: int) -> list[bytes]:
    return _read(f"{pid}/stat").rpartition(b")")[2].split()


def _read(name: str) -> bytes:
    with open(f"{PROC}/{name}", "rb") as file:
        return file.read()
