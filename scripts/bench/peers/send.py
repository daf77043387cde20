"""The floor of a durable send in Python: the system calls of a send to one recipient, and nothing else.

    send.py QUEUE FROM TO COUNT FILE

It takes the arguments of `send.c`, and makes the same system calls. So what lies between the two is the interpreter's
part. What lies between this and amq is amq's own work: ids, header, checks. A test holds the system calls of all three
against each other.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time

SAFE = os.O_NOFOLLOW | os.O_NONBLOCK
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
PASSED = getattr(os, "O_PATH", 0) | DIRECTORY


def directory(root: str, *names: str) -> int:
    """Return a descriptor of the directory NAMES below ROOT, reached name by name, each looked at."""
    fd = os.open(root, PASSED)
    os.fstat(fd)
    for name in names:
        below = os.open(name, (DIRECTORY if name is names[-1] else PASSED) | os.O_NOFOLLOW, dir_fd=fd)
        os.close(fd)
        fd = below
        os.fstat(fd)
    return fd


def flush(fd: int) -> None:
    """Return when the file is on the disk."""
    if sys.platform == "darwin":
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def look(root: str, recipient: str) -> None:
    """Look at who is registered, and whether the recipient has a mailbox."""
    meta = directory(root, "meta")
    fd = os.open("config.json", os.O_RDONLY | SAFE, dir_fd=meta)
    os.read(fd, os.fstat(fd).st_size)
    os.close(fd)
    os.close(meta)
    inbox = directory(root, "agents", recipient, "inbox")
    for name in ("new", "tmp"):
        os.stat(name, dir_fd=inbox, follow_symlinks=False)
    os.close(inbox)


def deliver(root: str, sender: str, recipient: str, temporary: str, name: str, data: bytes) -> None:
    """Write one message, to the disk, and give it its names."""
    inbox = ("agents", recipient, "inbox")
    tmp, new = directory(root, *inbox, "tmp"), directory(root, *inbox, "new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | SAFE, 0o600, dir_fd=tmp)
    os.chmod(fd, 0o600)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.write(fd, data)
    flush(fd)
    os.link(temporary, name, src_dir_fd=tmp, dst_dir_fd=new, follow_symlinks=False)
    sent = directory(root, "agents", sender, "outbox", "sent")
    os.link(temporary, name, src_dir_fd=tmp, dst_dir_fd=sent, follow_symlinks=False)
    os.close(sent)
    os.unlink(temporary, dir_fd=tmp)
    flush(new)
    for each in (fd, new, tmp):
        os.close(each)


def main(root: str, sender: str, recipient: str, count: str, file: str) -> None:
    with open(file, "rb") as opened:
        data = opened.read()
    pid = os.getpid()
    begun = time.perf_counter()
    for number in range(int(count)):
        look(root, recipient)
        deliver(root, sender, recipient, f"p_{number:026}_{pid}", f"p_{number:031}_pid{pid}.md", data)
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    main(*sys.argv[1:])
