"""Commands of a person, each over a connection of its own."""

import msgspec

from tests.chaos.run import Run
from tests.chaos.system import PERSON
from tradewire.messages import control
from tradewire.subjects import control as control_subject

_ANSWER_SECONDS = 10


async def ask(run: Run, verb: str, *, name: str = "", **fields: str) -> control.ControlReply:
    """Gives a command. For the whole run it is the same request as another of its name, which is the verb's own if none
    is given."""
    person = await run.system.bus(f"person-{PERSON}")
    try:
        payload = msgspec.json.encode({"request": f"{run.prefix}-{name or verb}", **fields})
        answer = await person.request(control_subject(verb, PERSON), payload, timeout=_ANSWER_SECONDS)
    finally:
        await person.close()
    return control.decode_reply(answer.data)


async def command(run: Run, verb: str, *, name: str = "", **fields: str) -> None:
    """Gives a command that must be carried out."""
    reply = await ask(run, verb, name=name, **fields)
    if not reply.ok:
        run.notes.append(f"{verb} was answered {reply.code}: {reply.message}")
