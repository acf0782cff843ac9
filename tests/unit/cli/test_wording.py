import pytest

from tradewire_cli.commands.wording import as_option


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('symbol: is missing; expected such as "symbol": "AAPL"', "symbol: is missing; expected such as --symbol AAPL"),
        ('expected such as "quantity": 10', "expected such as --quantity 10"),
        ('expected such as "limit_price": 187.5', "expected such as --limit-price 187.5"),
        ('expected such as "value": 5', 'expected such as "value": 5'),
        ('expected such as "size": {"method": "quantity"}', 'expected such as "size": {"method": "quantity"}'),
        ("expected buy or sell", "expected buy or sell"),
    ],
)
def test_what_is_missing_is_named_as_an_option(said: str, shown: str) -> None:
    assert as_option(said) == shown
