"""What a look at an engine found: whether it is of use, and, if not, whether another start would mend that."""

import msgspec


class Verdict(msgspec.Struct, frozen=True):
    """`problem` is why the engine is of no use now, or nothing. `restart`: only another start of it may mend that."""

    problem: str = ""
    restart: bool = False


WELL = Verdict()
