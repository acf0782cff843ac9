"""Where spans go: what `traces.otlp_endpoint` and OpenTelemetry's own variables may say."""

from collections.abc import Mapping
from typing import Final

from tradewire.address_rules import verify_address

KEY: Final = "traces.otlp_endpoint"
TRACES_VARIABLE: Final = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
BASE_VARIABLE: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PATH: Final = "/v1/traces"
_FIX: Final = "Write the collector's base URL, such as http://127.0.0.1:4318."
_CREDENTIALS: Final = "Give them as OTEL_EXPORTER_OTLP_HEADERS, such as authorization=Bearer%20..."
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def verify_traces(endpoint: str, key: str = KEY) -> None:
    """Passes an address to which spans can be sent, or none.

    Raises:
        ConfigError: it is no http URL with a host, or holds credentials, which may not stand there.
    """
    verify_address(key, endpoint, _FIX, _CREDENTIALS)


def traces_url(endpoint: str) -> str:
    """The whole URL to which spans are posted, from a base URL or a whole one."""
    bare = endpoint.rstrip("/")
    return bare if bare.endswith(_PATH) else bare + _PATH


def endpoint_of(env: Mapping[str, str]) -> str:
    """The collector that OpenTelemetry's own variables name, if they do and mean OTLP over HTTP.

    Raises:
        ConfigError: the address is none.
    """
    if env.get("OTEL_SDK_DISABLED", "").lower() == "true" or env.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp":
        return ""
    protocol = next((env[name] for name in _PROTOCOLS if env.get(name)), "http/protobuf")
    name = next((name for name in (TRACES_VARIABLE, BASE_VARIABLE) if env.get(name)), "")
    if not name or protocol != "http/protobuf":
        return ""
    verify_traces(env[name], name)
    return env[name]
