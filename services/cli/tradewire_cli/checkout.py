"""A checkout of the repository, which has what no installed package has: the brokers' twins and the contract suite."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from tradewire_cli.exits import Exit, Failed


def checkout(wanted: str, given: Path | None = None) -> Path:
    """The root of the repository that has `wanted`: the one given, else around this folder, else around this code.

    Raises:
        Failed: none is found.
    """
    if given is not None:
        if not (given / wanted).exists():
            raise Failed(Exit.WRONG_USE, f"--checkout: {given} has no {wanted}; name a clone of the repository")
        return given.absolute()
    here = Path.cwd().absolute()
    for root in (here, *here.parents, *Path(__file__).parents):
        if (root / wanted).exists() and (root / "pyproject.toml").exists():
            return root
    raise Failed(
        Exit.WRONG_USE,
        f"{wanted} is part of the repository and of no installed package: "
        "run this in a clone of the repository, or name one with --checkout",
    )


def needs(modules: Iterable[str], what: str) -> None:
    """Passes when this Python has the modules.

    Raises:
        Failed: it lacks one.
    """
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise Failed(
            Exit.WRONG_USE,
            f"{what} needs {' and '.join(missing)}, which this Python lacks: "
            f"pip install {' '.join(missing)}, or use the environment that `make setup` makes",
        )
