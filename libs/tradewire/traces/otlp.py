"""Our spans as OpenTelemetry's. Importing this needs its packages."""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from tradewire.runtime.logs import redacted
from tradewire.traces.context import TraceContext
from tradewire.traces.span import Span, Value

_KINDS = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_NANOSECONDS = 1_000


class Converter:
    """Makes their spans of ours, as of one process."""

    def __init__(self, service: str, instance: str, version: str) -> None:
        attributes = {"service.namespace": "tradewire", "service.name": f"tradewire-{service}"}
        attributes |= {"service.instance.id": instance, "service.version": version}
        self._resource = Resource.create(attributes)
        self._scope = InstrumentationScope("tradewire", version)

    def __call__(self, span: Span) -> ReadableSpan:
        return ReadableSpan(
            span.name,
            context=_context(TraceContext(span.trace, span.span), remote=False),
            parent=_context(TraceContext(span.trace, span.parent), remote=True) if span.parent else None,
            resource=self._resource,
            attributes={
                name: redacted(said) if isinstance(said, str) else said for name, said in span.attributes.items()
            },
            links=[Link(_context(link, remote=True)) for link in span.links],
            kind=_KINDS[span.kind],
            status=Status(StatusCode.ERROR, redacted(span.failed)) if span.failed else Status(),
            start_time=span.start * _NANOSECONDS,
            end_time=span.end * _NANOSECONDS,
            instrumentation_scope=self._scope,
        )


def _clean(said: Value) -> Value:
    return redacted(said) if isinstance(said, str) else said


def _context(context: TraceContext, *, remote: bool) -> SpanContext:
    flags = _SAMPLED if context.sampled else TraceFlags(TraceFlags.DEFAULT)
    return SpanContext(int(context.trace, 16), int(context.span, 16), is_remote=remote, trace_flags=flags)


def sender(url: str, seconds: float) -> OTLPSpanExporter:
    """What posts spans to a whole URL, within so many seconds, tries included.

    Headers, certificates and compression are OpenTelemetry's own variables: OTEL_EXPORTER_OTLP_HEADERS and its like.
    """
    return OTLPSpanExporter(endpoint=url, timeout=seconds)
