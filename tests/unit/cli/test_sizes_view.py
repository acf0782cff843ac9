"""Sizes that risk works out, as people read them."""

from decimal import Decimal

import pytest

from tests.builders import approved, requested
from tests.unit.cli.builders import NOW, order, seen, told
from tradewire.messages.signal_sizes import METHODS
from tradewire.messages.vocabulary import SizeAsked, SizeInput, SizeTerms
from tradewire_cli.views import events, why


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_its_words(method: str) -> None:
    words = events.asked(SizeAsked(method, Decimal("2.50")))
    assert words.startswith("2.5 ")
    assert "_" not in words


def test_a_plug_in_is_called_by_its_name() -> None:
    assert events.asked(SizeAsked("custom:equal_weight", Decimal(10))) == "custom:equal_weight 10 of"


def test_a_story_says_what_was_asked_and_what_the_size_comes_from() -> None:
    size = SizeAsked("risk_percent", Decimal(2), SizeTerms(stop=Decimal(145)))
    working = (SizeInput("percent", "2"), SizeInput("stop", "145"), SizeInput("distance", "5"), SizeInput("step", "1"))
    steps = [told(requested(quantity=None, size=size)), told(approved(sizing=working), pos=2)]

    page = seen(why.story(order(), steps, 120, NOW))

    assert "buy 2 % of equity at risk in AAPL" in page
    assert "size from percent 2, stop 145, distance 5, step 1" in page
