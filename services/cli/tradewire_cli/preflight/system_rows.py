"""The rows about what an account stands on: processes, NATS, Postgres, the log, the disk, the clock. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from tradewire.domain.times import SECOND
from tradewire.messages.chain import genesis, link
from tradewire.messages.log import Frame
from tradewire_cli.preflight.row import Row, fail, ok, warn
from tradewire_cli.views import text
from tradewire_cli.views.status import ProcessState

BACKUP_DAYS: Final = 7
DISK_FAILS: Final = 0.10
DISK_WARNS: Final = 0.20
CLOCK_SECONDS: Final = 2.0
_DAY: Final = 86_400 * SECOND


def processes(states: Sequence[ProcessState]) -> Row:
    """Does every process run, and is it ready?"""
    problems = [f"{state.name} {state.problem}" for state in states if state.problem]
    if problems:
        return fail("processes", "; ".join(problems), "`tradewire status` and `tradewire logs NAME` say more")
    return ok("processes", f"{len(states)} run and are ready")


def nats(problem: str, streams: Collection[str] | None, wanted: Collection[str], *, verified: bool) -> Row:
    """Is everything on disk before NATS acknowledges it, and does JetStream have our streams (None: unknown)?"""
    if problem:
        return fail("nats", problem, "set `jetstream { sync_interval: always }`, and nats.monitor_urls")
    if streams is None:
        return fail("nats", "JetStream does not answer at its monitor", "check nats.monitor_urls and NATS's own log")
    if missing := sorted(set(wanted) - set(streams)):
        return fail("nats", f"JetStream has no {' and no '.join(missing)}", "see the row processes")
    if not verified:
        return warn("nats", 'whether it syncs is not verified, because nats.sync is "unverified"', "set it to verified")
    return ok("nats", f"syncs every write, and has {' and '.join(sorted(wanted))}")


def postgres(problem: str, settings: Mapping[str, str]) -> Row:
    """Does Postgres answer, and does it keep what it has committed? `settings` are some of its own, by name."""
    if problem:
        return fail("postgres", problem, "`tradewire logs postgres` says more")
    if off := [name for name, value in settings.items() if value == "off"]:
        return fail("postgres", f"{', '.join(off)}: off", "switch it on in its configuration")
    return ok("postgres", f"answers; {', '.join(settings)}: on")


def log(head: int, behind: int, log_id: str, frames: Sequence[Frame]) -> Row:
    """Does the end of the log verify, link by link of its chain, and has the reader read it all?"""
    problem = broken_link(log_id, frames)
    if problem:
        return fail("log", problem, "stop, and run `tradewire check`")
    if not frames or frames[-1].last_pos < head:
        end = frames[-1].last_pos if frames else 0
        return fail("log", f"its last frame ends at {end}, and the log at {head}", "run this again; `tradewire check`")
    if behind:
        said = f"verifies, but the reader stays {behind} positions behind"
        return warn("log", said, "run this again when it has caught up; `tradewire logs reader`")
    count = frames[-1].last_pos - frames[0].first_pos + 1
    return ok("log", f"position {head:,}; the last {count:,} events verify")


def broken_link(log_id: str, frames: Sequence[Frame]) -> str:
    """The first place where consecutive frames do not chain; the hash before the first is taken from no event here."""
    before: Frame | None = None
    for frame in frames:
        if before is None and frame.first_pos > 1:
            before = frame
            continue
        end = before.last_pos if before else 0
        if frame.first_pos != end + 1:
            return f"frame {frame.frame} begins at position {frame.first_pos}, after {end}"
        value = bytes.fromhex(before.hash) if before else genesis(log_id)
        for event in frame.events:
            value = link(value, event)
        if value.hex() != frame.hash:
            return (
                f"frame {frame.frame}, positions {frame.first_pos} to {frame.last_pos}, was changed: its hash differs"
            )
        before = frame
    return ""


def backup(age: int | None) -> Row:
    """Was there a backup not long ago? `age` (µs) is that of the file `backup-made`, which each backup touches."""
    fix = "run `tradewire backup FOLDER`, or set backup.to"
    if age is None:
        return warn("backup", "no backup is known", fix)
    if age > BACKUP_DAYS * _DAY:
        return warn("backup", f"the last that is known is {text.span(age / SECOND)} old", fix)
    return ok("backup", f"the last that is known is {text.span(max(age, 0) / SECOND)} old")


def disk(free: Mapping[str, float]) -> Row:
    """Is there room on the disks? `free` are parts of one, by folder."""
    folder, least = min(free.items(), key=lambda found: found[1])
    words = f"{least:.0%} free on the disk of {folder}"
    if least < DISK_FAILS:
        return fail("disk", words, f"make room: {DISK_FAILS:.0%} at least")
    if least < DISK_WARNS:
        return warn("disk", words, f"make room: {DISK_WARNS:.0%} is comfortable")
    return ok("disk", words)


def clock(offsets: Mapping[str, float], *, synchronised: bool | None) -> Row:
    """Is this machine's clock right? `offsets`: by how many seconds others are ahead, as far as that is provable."""
    if not offsets:
        return fail("clock", "neither NATS nor Postgres told the time", "see the rows nats and postgres")
    words = ", ".join(f"{name} {offset:+.3f}s" for name, offset in offsets.items())
    if any(abs(offset) > CLOCK_SECONDS for offset in offsets.values()):
        return fail("clock", f"others differ by: {words}", f"set the clocks; {CLOCK_SECONDS:g}s at most")
    if synchronised is False:
        return warn("clock", f"{words}; no NTP keeps this clock", "run chrony or systemd-timesyncd")
    kept = "NTP keeps this clock" if synchronised else "whether NTP keeps this clock is not known"
    return ok("clock", f"{words}; {kept}")


def metrics(problems: Mapping[str, str]) -> Row:
    """Do all processes answer at /metrics? `problems` are by process, empty where there is none."""
    if wrong := [f"{name} {problem}" for name, problem in problems.items() if problem]:
        return fail("metrics", "; ".join(wrong), "`tradewire logs NAME` says more")
    return ok("metrics", f"{len(problems)} processes answer")


def versions(ours: str, running: Mapping[str, str]) -> Row:
    """Do all processes, and this command, run the same build?"""
    others = {name: version for name, version in running.items() if version != ours}
    if others:
        words = ", ".join(f"{name} {version or 'does not tell'}" for name, version in others.items())
        return fail("versions", f"this is {ours}; {words}", "stop `tradewire up` and start it again")
    return ok("versions", f"{ours} in all {len(running)} processes")
