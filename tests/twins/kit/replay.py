"""A run again from its journal: the same frames at the same times on a new venue have to give the same answers, and
the same messages to streams in the same order, whatever faults then made of them on the wire."""

from collections.abc import Iterable
from typing import Any

from tests.twins.kit.journal import digest, told
from tests.twins.kit.venue import Call, Venue


def differences(journal: Iterable[dict[str, Any]], venue: Venue) -> list[str]:
    """What a fresh venue answers or pushes otherwise than the journal says; empty when the run is the same."""
    asked: dict[int, dict[str, Any]] = {}
    found = []
    for entry in journal:
        if entry["kind"] == "in":
            asked[entry["n"]] = entry
        elif entry["kind"] == "handled":
            frame = asked[entry["of"]]
            venue.clock.set(entry["time"])
            status, body = _again(frame, venue)
            what = f"entry {entry['n']}: {frame.get('path') or frame['verb']} now"
            if (status, digest(body)) != (entry["status"], entry["digest"]):
                found.append(f"{what} gives {status} {body}")
            pushes = venue.taken()
            if [told(push) for push in pushes] != entry["pushes"]:
                found.append(f"{what} pushes {pushes}, and then it was {entry['pushes']}")
    return found


def _again(frame: dict[str, Any], venue: Venue) -> tuple[int, Any]:
    """Status and body of a frame that is handled once more."""
    if "verb" in frame:
        try:
            return 200, venue.do(frame["verb"], frame["args"])
        except Exception as error:  # noqa: BLE001 - the end of a verb that failed, whatever it met
            return 400, str(error)
    try:
        answer = venue.handle(Call(**{name: frame[name] for name in ("method", "path", "query", "body")}))
    except Exception as error:  # noqa: BLE001 - as above
        return 500, str(error)
    return answer.status, answer.body
