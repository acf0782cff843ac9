"""The page about brokers is what the adapters declare."""

from pathlib import Path

from msgspec import json, structs

from tradewire.settings import Account
from tradewire_router.brokers.opening import installed
from tradewire_router.brokers.options import OF_EVERY_BROKER
from tradewire_router.brokers.reference import BROKERS, render

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "brokers.md"


def test_the_page_is_what_the_adapters_declare() -> None:
    assert render() == PAGE.read_text(), (
        "run `python -m tradewire_router.brokers.reference > docs/reference/brokers.md`"
    )


def test_what_is_offered_for_every_broker_is_what_the_settings_of_accounts_have() -> None:
    known = {field.name: field.default for field in structs.fields(Account)}
    offered = {field.name: field.default for field in OF_EVERY_BROKER}
    assert offered == {"dry_run": "false"}
    assert {name: json.encode(known[name]).decode() for name in offered} == offered


def test_every_adapter_of_ours_is_on_the_page() -> None:
    ours = {name for name, point in installed().items() if point.value.startswith("tradewire_router.")}
    assert ours == set(BROKERS)
