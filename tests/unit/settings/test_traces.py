"""Where spans go is a base URL, ours or OpenTelemetry's own; whatever else is said is refused by the name it has."""

from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire.setting_reading import load
from tradewire.trace_rules import traces_url

BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"
KEY = "traces.otlp_endpoint"
VARIABLE = "TRADEWIRE_TRACES_OTLP_ENDPOINT"


def endpoint(**env: str) -> str:
    return load(None, env).traces.otlp_endpoint


def test_nothing_is_exported_unless_it_is_said_where_to() -> None:
    assert endpoint() == ""


def test_ours_comes_before_opentelemetrys_and_the_one_for_traces_before_the_common_one(tmp_path: Path) -> None:
    both = {BASE: "http://common:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://traces:4318/v1/traces"}
    assert endpoint(**{BASE: "http://common:4318"}) == "http://common:4318"
    assert endpoint(**both) == "http://traces:4318/v1/traces"
    assert endpoint(**both, TRADEWIRE_TRACES_OTLP_ENDPOINT="http://ours:1") == "http://ours:1"
    (tmp_path / "tradewire.toml").write_text('[traces]\notlp_endpoint = "https://file"\nsample = 0.5\n')
    assert load(str(tmp_path / "tradewire.toml"), both).traces.otlp_endpoint == "https://file"


@pytest.mark.parametrize(
    "env",
    [
        {"OTEL_SDK_DISABLED": "true"},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
    ],
)
def test_opentelemetrys_variables_are_left_alone_where_they_mean_something_else(env: dict[str, str]) -> None:
    assert endpoint(**{BASE: "http://common:4317"}, **env) == ""


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("localhost:4318", "no http or https URL"),
        ("grpc://collector:4317", "no http or https URL"),
        ("http://", "no http or https URL"),
        ("http://a b:1", "no http or https URL"),
        ("http://collector:99999", "is no URL"),
        ("http://[::1", "is no URL"),
        ("http://collector:0", "more than host, port and path"),
        ("http://collector:4318/?token=x", "more than host, port and path"),
    ],
)
@pytest.mark.parametrize("name", [VARIABLE, BASE])
def test_a_wrong_address_is_refused_by_its_name_with_an_example(name: str, value: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        endpoint(**{name: value})
    assert refused.value.key == (KEY if name == VARIABLE else BASE)
    assert problem in str(refused.value)
    assert "http://127.0.0.1:4318" in str(refused.value)


@pytest.mark.parametrize("name", [VARIABLE, BASE])
def test_credentials_have_no_place_in_an_address_and_are_not_repeated(name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        endpoint(**{name: "https://anna:hunter2@collector"})
    assert "hunter2" not in str(refused.value)
    assert "OTEL_EXPORTER_OTLP_HEADERS" in str(refused.value)


@pytest.mark.parametrize("sample", ["-0.1", "1.1", "x", "NaN"])
def test_a_sample_is_a_part_of_one(sample: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(None, {"TRADEWIRE_TRACES_SAMPLE": sample})
    assert refused.value.key == "traces.sample"


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("http://c:4318", "http://c:4318/v1/traces"),
        ("http://c:4318/", "http://c:4318/v1/traces"),
        ("http://c/otlp", "http://c/otlp/v1/traces"),
        ("http://c/v1/traces", "http://c/v1/traces"),
        ("http://c/v1/traces/", "http://c/v1/traces"),
    ],
)
def test_a_base_url_or_a_whole_one_is_the_same(given: str, whole: str) -> None:
    assert traces_url(given) == whole
