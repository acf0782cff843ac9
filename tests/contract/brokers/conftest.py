"""Every test of this folder runs on each broker of BENCHES, or with `--bench MODULE` on the one of that module."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from importlib import import_module
from pathlib import Path

import pytest

from tests.contract.brokers.alpaca_bench import alpaca_bench
from tests.contract.brokers.bench import Bench, Trader, unforgiven
from tests.contract.brokers.paper_bench import paper_bench
from tests.contract.brokers.summary import BROKER, LACKS
from tradewire.errors import ConfigError
from tradewire_router.brokers.opening import adapter
from tradewire_router.brokers.values import Capabilities, Leg

Benches = dict[str, Callable[[Path], AbstractAsyncContextManager[Bench]]]
Join = Callable[..., Awaitable[Trader]]

BENCHES: Benches = {"alpaca": alpaca_bench, "paper": paper_bench}


def benches(config: pytest.Config) -> Benches:
    """The benches by the names of their brokers: ours, or the one of the module that the command line names."""
    named: str | None = config.getoption("--bench")
    if named is None:
        return BENCHES
    try:
        module = import_module(named)
        return {module.BROKER: module.bench}
    except ImportError as error:
        raise pytest.UsageError(f"--bench {named}: {error}; is its folder on PYTHONPATH?") from None
    except AttributeError as error:
        raise pytest.UsageError(f"--bench {named}: {error}; it has BROKER, a name, and bench(folder)") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Asks for a bench of each broker."""
    if "bench" in metafunc.fixturenames:
        metafunc.parametrize("bench", sorted(benches(metafunc.config)), indirect=True)


def capabilities(broker: str) -> Capabilities:
    """What an adapter declares that is found as those of accounts are."""
    try:
        return adapter(broker).capabilities
    except ConfigError as error:
        pytest.fail(f"{error}; an adapter is found by its entry point, so install its package", pytrace=False)


def shown(value: object) -> str:
    """A capability as people read it."""
    if isinstance(value, frozenset):
        return ", ".join(sorted(value)) or "none"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


@pytest.fixture
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A broker with a market in AAPL at 99.90 to 100.10.

    A test that is marked `needs(capability=value)` is about brokers that have it, and not applicable to others.
    """
    broker = request.param
    request.node.user_properties.append((BROKER, broker))
    can = capabilities(broker)
    for mark in request.node.iter_markers("needs"):
        for name, wanted in mark.kwargs.items():
            has = getattr(can, name)
            if (wanted not in has) if isinstance(has, frozenset) else (has != wanted):
                why = f"{name}: {shown(has)}"
                request.node.user_properties.append((LACKS, why))
                pytest.skip(f"not applicable: {broker} declares {why}")
    async with benches(request.config)[broker](tmp_path) as running:
        await running.price("AAPL", "99.90", "100.10")
        yield running
        assert unforgiven(running.violations(), running.forgiven) == []


@pytest.fixture
async def join(bench: Bench) -> AsyncIterator[Join]:
    """Makes traders, closed at the end."""
    async with AsyncExitStack() as stack:

        async def join(since: str | None = None, *, call_seconds: float = 3.0, legs: Collection[Leg] = ()) -> Trader:
            trader = Trader(bench, await bench.broker(since, call_seconds=call_seconds, legs=legs))
            stack.push_async_callback(trader.close)
            return trader

        yield join


@pytest.fixture
async def trader(join: Join) -> Trader:
    return await join()
