"""A running system's metrics, read where Prometheus would: what is told is what happened."""

import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.cli.system import Up, started_up, tradewire
from tradewire_cli.exits import Exit
from tradewire_cli.metrics_reference import rows

SLIPPAGE = 50
"""Basis points by which the paper broker's fills are worse."""
SETTINGS = f"""
[paper]
slippage_bps = {SLIPPAGE}
commission_per_share = "0.01"
"""
TRADES = (("buy", "10", "100"), ("buy", "4", "110"), ("sell", "5", "105"))
_LIMIT_SECONDS = 60.0
_TESTED = ("L0", "L1", "L2", "L3", "O1", "O2", "O9", "F1", "M1", "M2", "S6")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
Series = dict[str, float]


class Pages:
    """What every process tells, by process; a series by its name and sorted labels."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def targets(self) -> dict[str, str]:
        """The addresses by process, as `tradewire up` writes them for Prometheus."""
        found = msgspec.json.decode((self._data / "prometheus" / "targets.json").read_bytes())
        return {each["labels"]["process"]: each["targets"][0] for each in found}

    def text(self, process: str) -> str:
        with urllib.request.urlopen(f"http://{self.targets()[process]}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    def of(self, process: str) -> Series:
        return {
            sample.name + _labels(sample.labels): sample.value
            for family in text_string_to_metric_families(self.text(process))
            for sample in family.samples
        }

    def until(self, process: str, holds: Callable[[Series], bool]) -> Series:
        """The page once something holds of it; the reader's figures come a moment after the fill."""
        end = time.monotonic() + _LIMIT_SECONDS
        while not holds(page := self.of(process)):
            assert time.monotonic() < end, "\n".join(f"{name} {value}" for name, value in page.items())
            time.sleep(0.2)
        return page


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}" if labels else ""


@pytest.fixture(scope="module")
def system(data: Path) -> Iterator[Up]:
    with started_up(data, SETTINGS) as running:
        for side, quantity, price in TRADES:
            said = tradewire(data, "send", side, "AAPL", quantity, "--price", price, "--wait")
            assert said.code == Exit.DONE, said.out + said.err
        refused = tradewire(data, "send", "buy", "AAPL", "100000", "--price", "100", "--wait")
        assert refused.code == Exit.REFUSED
        yield running


@pytest.fixture(scope="module")
def pages(data: Path, system: Up) -> Pages:
    assert system.run.pid
    return Pages(data)


def test_every_process_tells_its_metrics_at_its_target(pages: Pages, system: Up) -> None:
    addresses = {name: url for name, url in system.run.urls.items() if name not in {"nats", "nats_monitor"}}
    assert {name: f"http://{address}" for name, address in pages.targets().items()} == addresses
    known = {row.name for row in rows()}
    for process in pages.targets():
        families = list(text_string_to_metric_families(pages.text(process)))
        told = {f.name + ("_total" if f.type == "counter" else "") for f in families if f.name.startswith("tradewire")}
        assert told - known == set(), "what a process tells is on the page of metrics"
        assert {"tradewire_ready", "tradewire_build_info"} <= told
        page = pages.of(process)
        assert page["tradewire_ready"] == page["tradewire_nats_connected"] == 1
        assert page["process_resident_memory_bytes"] > 0


def test_fills_and_what_they_cost_are_counted(pages: Pages) -> None:
    fills = 'tradewire_fills_total{account="paper",kind="fill",strategy="manual"}'
    page = pages.until("reader", lambda page: page.get(fills) == len(TRADES))

    assert page['tradewire_signals_total{strategy="manual"}'] == len(TRADES) + 1
    part = SLIPPAGE / 10_000
    for side in ("buy", "sell"):
        worse = 1 + part if side == "buy" else 1 - part
        value = sum(float(quantity) * float(price) * worse for s, quantity, price in TRADES if s == side)
        name = f'tradewire_filled_value_total{{account="paper",currency="USD",side="{side}",strategy="manual"}}'
        assert page[name] == pytest.approx(value, abs=0.2)  # prices are cut to the tick
    cost = sum(float(quantity) * float(price) * part for _, quantity, price in TRADES)
    assert page['tradewire_slippage_cost{account="paper",currency="USD",strategy="manual"}'] == pytest.approx(
        cost, abs=0.2
    )
    assert page['tradewire_slippage_ratio_bucket{account="paper",le="0.002"}'] == 0
    assert page['tradewire_slippage_ratio_bucket{account="paper",le="0.01"}'] == len(TRADES)
    assert page['tradewire_fees{account="paper",currency="USD"}'] == pytest.approx(0.01 * 19)
    assert page['tradewire_order_states_total{account="paper",status="filled"}'] == len(TRADES)
    assert page['tradewire_order_states_total{account="paper",status="denied"}'] == 1
    [(name, count)] = [(n, v) for n, v in page.items() if n.startswith("tradewire_decisions_total") and "denied" in n]
    assert count == 1, name


def test_every_hop_was_measured(pages: Pages) -> None:
    page = pages.until("reader", lambda page: page.get(_hop("accepted_filled"), 0) == len(TRADES))
    assert page[_hop("requested_approved")] == len(TRADES)
    for hop in ("approved_submit_started", "submit_started_accepted", "received_submit_started"):
        assert page[_hop(hop)] == len(TRADES)
        assert page[_hop(hop, "sum")] > 0
    router = pages.of("router")
    assert router['tradewire_router_submit_seconds_count{account="paper",outcome="accepted"}'] == len(TRADES)
    assert router['tradewire_router_unknown_oldest_age_seconds{account="paper"}'] == 0
    assert router['tradewire_router_broker_info{account="paper",broker="paper"}'] == 1


def _hop(hop: str, part: str = "count") -> str:
    return f'tradewire_order_hop_seconds_{part}{{account="paper",hop="{hop}"}}'


def test_money_is_what_the_queries_say(data: Path, pages: Pages) -> None:
    [account] = tradewire(data, "account", "--json").json["accounts"]
    positions = tradewire(data, "positions", "--json").json["positions"]
    money = '{account="paper",currency="USD"}'
    equity = pytest.approx(float(account["equity"]))
    page = pages.until("reader", lambda page: page.get(f"tradewire_equity{money}") == equity)
    assert page[f"tradewire_day_result{money}"] == pytest.approx(float(account["day_result"]))
    assert page[f"tradewire_cash{money}"] == pytest.approx(float(account["cash"][0]["cash"]))
    assert page[f"tradewire_unrealized_result{money}"] == pytest.approx(sum(float(p["unrealized"]) for p in positions))
    assert page['tradewire_positions{account="paper"}'] == len(positions) == 1
    # Nobody else traded, and the money that the account began with is no result.
    result = page['tradewire_strategy_result{account="paper",currency="USD",strategy="manual"}']
    assert result == pytest.approx(float(account["equity"]) - 100_000)


def _streams(page: Series) -> set[str]:
    return {found[1] for name in page if (found := re.search(r'nats_stream_messages\{.*stream="([^"]*)"', name))}


def test_the_ledger_its_leases_and_its_engines_are_told(pages: Pages) -> None:
    ledger = pages.of("sequencer")
    assert ledger["tradewire_ledger_events_total"] <= ledger["tradewire_ledger_head_position"]
    for name in ("commit", "append", "relay"):
        assert ledger[f"tradewire_ledger_{name}_seconds_count"] > 0
        assert ledger[f"tradewire_ledger_{name}_seconds_sum"] > 0
    assert ledger["tradewire_ledger_append_seconds_sum"] >= ledger["tradewire_ledger_commit_seconds_sum"]
    holders = [name for name, held in ledger.items() if name.startswith("tradewire_lease_holder") and held == 1]
    leases = sorted(re.findall(r'lease="([^"]*)"', " ".join(holders)))
    assert leases == ["ingest-main", "risk-main", "router-paper"]
    for lease in leases:
        assert ledger[f'tradewire_lease_epoch{{lease="{lease}"}}'] == 1
    reader = pages.until("reader", lambda page: page["tradewire_postgres_up"] == 1 and len(_streams(page)) > 2)
    assert reader["tradewire_postgres_database_bytes"] > 1_000_000
    assert 0 < reader["tradewire_postgres_connections"] <= reader["tradewire_postgres_max_connections"]
    assert reader['tradewire_postgres_table_bytes{table="ledger.event"}'] > 0
    [up] = [value for name, value in reader.items() if name.startswith("tradewire_nats_server_up")]
    assert up == 1
    assert _streams(reader) == {"SIGNALS", "LOG_main", "PROBE"}
    [limit] = [value for name, value in reader.items() if name.startswith("tradewire_nats_jetstream_max_storage_bytes")]
    [used] = [value for name, value in reader.items() if name.startswith("tradewire_nats_jetstream_storage_bytes")]
    assert 0 < used < limit


def test_invariants_are_put_to_the_test_and_hold(pages: Pages) -> None:
    tests = [f'tradewire_invariant_tests_total{{id="{invariant}"}}' for invariant in _TESTED]

    def tested(page: Series) -> bool:
        caught_up = page["tradewire_invariant_checked_position"] >= page["tradewire_reader_position"] > 0
        return caught_up and all(page[each] > 0 for each in tests)

    page = pages.until("reader", tested)
    violations = {name: value for name, value in page.items() if name.startswith("tradewire_invariant_violations")}
    assert set(violations.values()) == {0}


def test_labels_are_few_and_name_no_order_and_no_secret(data: Path, pages: Pages) -> None:
    written = [path.read_text().strip() for folder in ("secrets", "keys") for path in (data / folder).iterdir()]
    secrets = {text for text in written if text}
    assert len(secrets) > 5
    for process in pages.targets():
        text = pages.text(process)
        assert not [secret for secret in secrets if secret in text]
        series = [line for line in text.splitlines() if not line.startswith("#")]
        assert len(series) < 900, process
        assert not [line for line in series if _UUID.search(line)]
        assert not [line for line in series if "AAPL" in line]


def test_more_orders_make_no_more_series(data: Path, pages: Pages) -> None:
    before = {process: set(pages.of(process)) for process in pages.targets()}
    for symbol in ("MSFT", "IBM", "KO"):
        said = tradewire(data, "send", "buy", symbol, "1", "--price", "50", "--wait")
        assert said.code == Exit.DONE, said.out + said.err
    fills = 'tradewire_fills_total{account="paper",kind="fill",strategy="manual"}'
    pages.until("reader", lambda page: page[fills] == len(TRADES) + 3)
    for process, known in before.items():
        assert set(pages.of(process)) <= known, process
