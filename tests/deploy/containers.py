"""Images and containers of a store of their own, and what is expected of them: what `make image-test` is made of."""

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

IMAGE = "localhost/tradewire:image-test"
VOLUME = "tradewire-image-test"
_START_SECONDS = 300.0


class Wrong(Exception):  # noqa: N818 - what it says
    """Something does not hold."""


class Images:
    """buildah and podman over a store of their own; `scratch` is for files, and gone afterwards."""

    def __init__(self, store: Path, scratch: Path) -> None:
        self.scratch = scratch
        driver = "overlay" if overlays(scratch) else "vfs"
        where = store / driver
        self._where = ["--root", str(where / "store"), "--runroot", str(where / "run"), "--storage-driver", driver]

    def buildah(self, *arguments: str) -> str:
        """Runs buildah; returns what it says. Raises Wrong with the end of it when it fails."""
        return said(["buildah", *self._where, *arguments])

    def podman(self, *arguments: str) -> list[str]:
        """The command of podman."""
        return ["podman", *self._where, "--cgroup-manager", "cgroupfs", "--runtime", "runc", *arguments]

    def contained(self, *command: str, data: str = "", name: str = "") -> list[str]:
        """A command in a container as production runs it: read-only root, no capability, none to be had."""
        options = ["--read-only", "--read-only-tmpfs=false", "--cap-drop", "all", "--security-opt", "no-new-privileges"]
        # Without a bridge, and within what this machine may give; neither loosens what is shown.
        options += ["--network", "host", "--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096"]
        options += ["--volume", f"{data}:/data"] if data else []
        options += ["--name", name] if name else ["--rm"]
        return self.podman("run", *options, IMAGE, *command)


def overlays(scratch: Path) -> bool:
    """Whether the kernel lays one folder over another here; where not, each container is a copy of the whole image."""
    lower, upper, work, merged = (scratch / name for name in ("lower", "upper", "work", "merged"))
    for each in (lower, upper, work, merged):
        each.mkdir()
    laid = f"lowerdir={lower},upperdir={upper},workdir={work}"
    # In mounts of its own, which end with it.
    command = ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", laid, str(merged)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def said(command: list[str], cwd: Path | None = None) -> str:
    """What a command prints. Raises Wrong with the end of what it says when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if done.returncode != 0:
        end = "\n".join([*done.stdout.splitlines(), *done.stderr.splitlines()][-15:])
        raise Wrong(f"{' '.join(command[:1])} ended with {done.returncode}:\n{end}")
    return done.stdout


def expect(what: str, held: bool, seen: object) -> None:
    """Says that something holds. Raises Wrong with what was seen when it does not."""
    if not held:
        raise Wrong(f"{what}: {seen}")
    print(f"  ok  {what}", flush=True)


@contextmanager
def running(images: Images, name: str) -> Iterator[Callable[..., str]]:
    """A container with `tradewire up` on the volume, from when it is up; gives what runs a command in it."""
    command = images.contained(data=VOLUME, name=name)
    with (
        (images.scratch / f"{name}.log").open("w+") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as process,
    ):
        try:
            end = time.monotonic() + _START_SECONDS
            while "Tradewire is up" not in (told := (images.scratch / f"{name}.log").read_text()):
                if process.poll() is not None or time.monotonic() > end:
                    raise Wrong(f"`tradewire up` does not come up:\n{told[-2000:]}")
                time.sleep(0.2)
            yield lambda *inner: said(images.podman("exec", name, *inner))
        finally:
            subprocess.run(images.podman("rm", "--force", name), capture_output=True, check=False)
            process.wait()


@contextmanager
def kept(images: Images, name: str) -> Iterator[Callable[..., subprocess.CompletedProcess[str]]]:
    """A container that does nothing; gives what runs a command in it. Copying the root once is most of a container."""
    words = images.contained("sleep", "infinity", name=name)
    words.insert(words.index("run") + 1, "--detach")
    said(words)
    try:
        yield lambda *inner: subprocess.run(
            images.podman("exec", name, *inner), capture_output=True, text=True, check=False
        )
    finally:
        subprocess.run(images.podman("rm", "--force", name), capture_output=True, check=False)


def clear(images: Images) -> None:
    """Removes every container and volume of the store, and no image."""
    subprocess.run(images.podman("rm", "--force", "--all"), capture_output=True, check=False)
    subprocess.run(images.podman("volume", "rm", "--all", "--force"), capture_output=True, check=False)
