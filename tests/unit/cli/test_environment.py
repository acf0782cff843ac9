"""Each service gets what it needs, and no other's secrets."""

from tradewire.settings import Account, Settings
from tradewire_cli.up.environment import Surroundings, environment_of
from tradewire_cli.up.services import services_of
from tradewire_router.brokers.opening import secret_variables


def test_the_keys_of_a_broker_go_to_routers_alone() -> None:
    settings = Settings(accounts={"paper": Account(), "main": Account(broker="alpaca", environment="paper")})
    variables = secret_variables(settings)
    assert variables == {"ALPACA_API_KEY", "ALPACA_API_SECRET"}
    inherited = {"ALPACA_API_KEY": "key", "ALPACA_API_SECRET": "secret", "PATH": "/bin"}
    around = Surroundings(inherited, {}, {}, {"sequencer": {}, "reader": {}}, {}, variables)
    given = {
        service.name: environment_of(service, around, host="127.0.0.1", port=1) for service in services_of(settings)
    }
    assert {name for name, environment in given.items() if "ALPACA_API_SECRET" in environment} == {
        "router-paper",
        "router-main",
    }
    assert all(environment["PATH"] == "/bin" for environment in given.values())
    assert secret_variables(Settings()) == frozenset()
