"""`make image-test`: builds the image from a base that is made here, and shows in containers what it promises.

The base is Debian's own Python from debootstrap, so that no registry is needed; `--base NAME` takes one that an engine
has. Exits with 0 when everything holds, with 1 and the reason when something does not, and with 77 (skipped) where the
programs are missing: Debian's packages buildah, podman, runc and debootstrap, as root.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.deploy.containers import IMAGE, VOLUME, Images, Wrong, clear, expect, running, said
from tests.deploy.image_work import show_commands, show_outside
from tradewire_cli.engines.ports import free_port

ROOT = Path(__file__).parents[2]
SKIPPED = 77
_BASE = "localhost/tradewire-base:debian"
_SUITE = "bookworm"
_PROGRAMS = {
    "buildah": "buildah", "podman": "podman", "runc": "runc", "debootstrap": "debootstrap", "unshare": "util-linux",
}  # fmt: skip
_USER = "10001"
_BUILD_TOOLS = "pip pip3 setuptools wheel ensurepip gcc cc make ld hatchling uv virtualenv"
_TEST_TOOLS = "pytest hypothesis mypy ruff"
_COMMANDS = (
    "tradewire", "tradewire-ingest", "tradewire-risk", "tradewire-router", "tradewire-paper", "tradewire-sequencer",
    "tradewire-reader", "tradewire-ledger", "nats-server", "dbmate",
)  # fmt: skip


def make_base(images: Images) -> str:
    """Makes the base: Debian with its Python and nothing that builds; one that a kept store has is used again."""
    if images.buildah("images", "--quiet", "--filter", f"reference={_BASE}").strip():
        return _BASE
    root = images.scratch / "base"
    wanted = "--include=python3,python3-venv,ca-certificates"
    # In mounts of its own: broken off, it leaves no /proc behind in a folder that is about to be removed.
    said(["unshare", "--mount", "debootstrap", "--variant=minbase", wanted, _SUITE, str(root)])
    for cache in (root / "var/cache/apt", root / "var/lib/apt/lists"):
        shutil.rmtree(cache)
        cache.mkdir()
    container = images.buildah("from", "scratch").strip()
    images.buildah("add", container, str(root), "/")
    images.buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
    images.buildah("commit", "--rm", container, _BASE)
    shutil.rmtree(root)
    return _BASE


def lend_pip(folder: Path) -> list[str]:
    """What pip is told on this machine, as secrets of the build: where packages come from, and whom it trusts."""
    known: dict[str, str] = {}
    for line in said([sys.executable, "-m", "pip", "config", "list"]).splitlines():
        key, _, value = line.partition("=")
        known[re.split(r"[.:]", key)[-1].lstrip(".")] = value.strip("'\"")
    lines = [f"{key} = {known[key]}" for key in ("index-url", "trusted-host", "timeout") if key in known]
    secrets = []
    if certificates := known.get("cert"):
        lines.append("cert = /run/secrets/pip.ca")
        secrets += ["--secret", f"id=pip.ca,src={certificates}"]
    (folder / "pip.conf").write_text("\n".join(["[global]", *lines, ""]))
    return [*secrets, "--secret", f"id=pip.conf,src={folder / 'pip.conf'}"]


def build(images: Images, base: str) -> float:
    """Builds the image; returns the seconds that it took."""
    began = time.monotonic()
    lent = lend_pip(images.scratch)
    how = ["--isolation", "chroot", "--network", "host", "--layers=false", "--format", "oci"]
    images.buildah(
        "build",
        *how,
        *lent,
        "--build-arg",
        f"BASE={base}",
        "--build-arg",
        "REVISION=image-test",
        "-t",
        IMAGE,
        str(ROOT),
    )
    return time.monotonic() - began


def show_configuration(images: Images) -> int:
    """What the image says of itself; returns its size in bytes."""
    found = json.loads(said(images.podman("image", "inspect", IMAGE)))[0]
    config = found["Config"]
    expect("the user is a number that is not root", config["User"] == f"{_USER}:{_USER}", config["User"])
    expect("the default is `tradewire up`, and a name runs one process", config["Cmd"] == ["tradewire", "up"], config)
    labels = config["Labels"]
    prefix = "org.opencontainers.image."
    expect(
        "the labels are there", labels.get(f"{prefix}revision") == "image-test" and f"{prefix}version" in labels, labels
    )
    history = json.dumps(found.get("History", [])) + json.dumps(config)
    expect("nothing that was lent to the build is named in it", "pip.conf" not in history, history)
    return int(found["Size"])


def show_surroundings(images: Images) -> None:
    """Whom it runs as, and what is there for whoever breaks in."""
    who = said(images.contained("sh", "-c", "id -u; id -g; grep -E '^(Cap|NoNewPrivs)' /proc/self/status"))
    numbers = who.split()
    expect("it runs as 10001:10001", numbers[:2] == [_USER, _USER], who)
    capabilities = re.findall(r"Cap\w+:\s+(\w+)", who)
    expect("it has no capability and can get none", len(capabilities) == 5 and not int("".join(capabilities), 16), who)
    expect("it can gain no privilege", bool(re.search(r"NoNewPrivs:\s+1", who)), who)
    wrote = said(
        images.contained("sh", "-c", "touch /x /opt/tradewire/x /tmp/x 2>&1; echo; touch /data/x && echo wrote")
    )
    expect("the root is read-only", wrote.count("Read-only file system") == 3, wrote)
    expect("/data is its own", wrote.rstrip().endswith("wrote"), wrote)
    tools = f"for each in {_BUILD_TOOLS} {_TEST_TOOLS}; do command -v $each; done; true"
    found = said(images.contained("sh", "-c", tools))
    expect("no build tool and no test tool is on the path", not found, found)
    modules = f"""
import importlib.util, os, stat
print([name for name in "{_BUILD_TOOLS} {_TEST_TOOLS}".split() if importlib.util.find_spec(name)])
print([os.path.join(at, name) for at, folders, names in os.walk("/") for name in names
       if not at.startswith(("/proc", "/sys")) and name.startswith("pip-") and name.endswith(".whl")])
print([os.path.join(at, name) for at, _, names in os.walk("/") for name in names if not at.startswith(("/proc", "/sys"))
       and os.lstat(os.path.join(at, name)).st_mode & (stat.S_ISUID | stat.S_ISGID)])
"""
    for python in ("python3", "/usr/bin/python3"):
        left = said(images.contained(python, "-c", modules)).split()
        expect(f"{python} has no pip, no build backend, no test tool; nothing is setuid", left == ["[]"] * 3, left)
    there = said(images.contained("sh", "-c", " && ".join(f"command -v {name}" for name in _COMMANDS)))
    expect("each process is a command", all(line.startswith("/opt/tradewire/bin/") for line in there.split()), there)
    script = "import ssl; print(ssl.create_default_context().cert_store_stats()['x509_ca'])"
    trusted = said(images.contained("python", "-c", script))
    expect("it knows whom to trust when it calls a broker", int(trusted) > 0, trusted)
    written = images.contained("sh", "-c", "find /opt/tradewire /src /build /run/secrets -writable 2>/dev/null; true")
    expect("nothing of the program can be changed by it", not said(written), written)
    private = "find / -xdev \\( -name tradewire.toml -o -name '*.nk' -o -name .git \\) 2>/dev/null; true"
    lines = said(images.contained("sh", "-c", private))
    expect("no key and no setting of this machine came along", not lines, lines)


def show_demo(images: Images) -> None:
    """The demo: thirteen years of prices through everything, and the check at its end."""
    page = said(images.contained("tradewire", "demo"))
    checked = re.search(r"check: (\d+) invariants tested ([\d,]+) times over ([\d,]+) events: clean", page)
    expect("the whole demo completes, and its check is clean", checked is not None, page[-2000:])
    print(f"      {checked[0] if checked else ''}", flush=True)


def show_up(images: Images) -> None:
    """`tradewire up` on a volume: an order, a kill without warning, the same log afterwards, an orderly stop."""
    port = free_port()
    written = f"""echo '{{"nats": {port}}}' > /data/ports.json"""
    said(images.contained("sh", "-c", written, data=VOLUME))
    with running(images, "first") as inside:
        run = json.loads(inside("cat", "/data/run.json"))
        expect("NATS has the port that it was given", run["urls"]["nats"].endswith(f":{port}"), run["urls"])
        inside("tradewire", "send", "buy", "AAPL", "10", "--price", "187.25", "--wait")
        expect("an order is filled", "AAPL" in (seen := inside("tradewire", "positions")), seen)
        said(images.podman("kill", "--signal", "KILL", "first"))
    for name in ("second", "third"):
        with running(images, name) as inside:
            seen = inside("tradewire", "positions")
            expect("after a kill the next container has what was filled", "AAPL" in seen, seen)
            inside("tradewire", "check")
            expect("`tradewire check` is clean beside it", True, "")
            if name == "second":
                said(images.podman("kill", "--signal", "KILL", name))
            else:
                said(images.podman("stop", "--time", "120", name))
                state = json.loads(said(images.podman("container", "inspect", name)))[0]["State"]
                expect("it stops in order", state["ExitCode"] == 0, state)
    alone = images.contained("tradewire", "check", "--settled", data=VOLUME)
    expect("`tradewire check` is clean while it is down", "clean" in (seen := said(alone)), seen)


def show_unwritable(images: Images) -> None:
    """A folder of the host's root as /data."""
    folder = images.scratch / "of-root"
    folder.mkdir(mode=0o755)
    done = subprocess.run(images.contained(data=str(folder)), capture_output=True, text=True, check=False)
    line = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
    expect("a folder that it cannot write ends it with 2", done.returncode == 2, (done.returncode, done.stderr))
    mending = f"sudo chown -R {_USER}:{_USER} /data"
    expect(
        "and one line says whose it must be, and how", mending in line and f"user {_USER} cannot write" in line, line
    )
    print(f"      {line}", flush=True)
    said(["chown", "-R", f"{_USER}:{_USER}", str(folder)])
    wrote = said(images.contained("sh", "-c", "touch /data/x && echo wrote", data=str(folder)))
    expect("after which it can be written", wrote.strip() == "wrote", wrote)


def missing() -> list[str]:
    """The Debian packages that are not here."""
    return [package for program, package in _PROGRAMS.items() if shutil.which(program, path=_path()) is None]


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def main() -> int:
    """Runs everything in order; returns the exit code."""
    options = argparse.ArgumentParser(prog="image-test", description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--base", metavar="NAME", help="a base image to pull, instead of one made with debootstrap")
    options.add_argument(
        "--store", metavar="FOLDER", type=Path, help="keep the images here, and the base for next time"
    )
    given = options.parse_args()
    if os.geteuid() != 0:
        print("image-test: skipped: debootstrap and containers without a user namespace need root", file=sys.stderr)
        return SKIPPED
    if lacking := missing():
        print(
            f"image-test: skipped: install {' '.join(lacking)} (apt-get install {' '.join(lacking)})", file=sys.stderr
        )
        return SKIPPED
    os.environ["PATH"] = _path()
    with TemporaryDirectory(prefix="tradewire-image-") as temporary:
        images = Images(given.store.absolute() if given.store else Path(temporary), Path(temporary))
        clear(images)  # what a run that was broken off has left in a store that is kept
        try:
            seconds, size, base = show_all(images, given.base)
        except Wrong as wrong:
            print(f"image-test: FAILED: {wrong}", file=sys.stderr)
            return 1
        finally:
            clear(images)
    print(f"image-test: everything holds; image {size / 1e6:.0f} MB, built in {seconds:.0f} s on {base}")
    return 0


def show_all(images: Images, base: str | None) -> tuple[float, int, str]:
    """Builds and shows everything; returns the seconds of the build, the bytes of the image, and its base."""
    print("making the base", flush=True)
    used = base or make_base(images)
    print("building the image", flush=True)
    seconds = build(images, used)
    size = show_configuration(images)
    for show in (show_surroundings, show_commands, show_unwritable, show_up, show_outside, show_demo):
        show(images)
    return seconds, size, used


if __name__ == "__main__":
    sys.exit(main())
