"""Becomes a container's process: a root of its own that is read only, its volumes, its user, its environment.

Run as root in a mount namespace of its own, with nothing but the standard library: `launch.py SPECIFICATION.json`.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

_MS_RDONLY, _MS_NOSUID, _MS_REMOUNT, _MS_BIND, _MS_REC = 0x1, 0x2, 0x20, 0x1000, 0x4000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_libc = ctypes.CDLL(None, use_errno=True)


def _mount(source: str, target: Path, kind: str = "", flags: int = 0, data: str = "") -> None:
    done = _libc.mount(source.encode(), str(target).encode(), kind.encode(), ctypes.c_ulong(flags), data.encode())
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def _bind(source: str, target: Path, *, read_only: bool) -> None:
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(exist_ok=True)
    _mount(source, target, flags=_MS_BIND | _MS_REC)
    if read_only:
        _mount(source, target, flags=_MS_BIND | _MS_REMOUNT | _MS_RDONLY)


def _assemble(root: Path, spec: dict[str, Any]) -> None:
    _mount("image", root, "tmpfs", _MS_NOSUID, "mode=0755")
    for link in ("bin", "sbin", "lib", "lib64"):
        if (found := Path("/") / link).is_symlink():
            (root / link).symlink_to(found.readlink())
        elif found.is_dir():
            _bind(str(found), root / link, read_only=True)
    for path in ("/usr", "/etc/ssl", "/etc/ld.so.cache", "/etc/alternatives"):
        if Path(path).exists():
            _bind(path, root / path[1:], read_only=True)
    _bind("/dev", root / "dev", read_only=False)
    _bind("/proc", root / "proc", read_only=False)
    for name, text in spec["files"].items():
        (root / name[1:]).write_text(text)
    for source, target, read_only in spec["volumes"]:
        _bind(source, root / target[1:], read_only=read_only)
    for path in spec["image"]:  # after the volumes, because the image may lie where one of them is
        _bind(path, root / path[1:], read_only=True)
    for path in spec["folders"]:
        (root / path[1:]).mkdir(parents=True, exist_ok=True)
    _mount("image", root, flags=_MS_REMOUNT | _MS_BIND | _MS_RDONLY)


def main() -> None:
    """Replaces this process by the container's."""
    spec = json.loads(Path(sys.argv[1]).read_text())
    root = Path(spec["root"])
    _assemble(root, spec)
    os.chroot(root)
    os.chdir(spec["folder"])
    os.umask(0o022)
    os.setgroups(spec["groups"])
    os.setresgid(spec["group"], spec["group"], spec["group"])
    os.setresuid(spec["user"], spec["user"], spec["user"])
    _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))
    try:
        os.execvpe(spec["command"][0], spec["command"], spec["environment"])
    except OSError as error:
        sys.exit(f"{spec['command'][0]}: {error.strerror}")


if __name__ == "__main__":
    main()
