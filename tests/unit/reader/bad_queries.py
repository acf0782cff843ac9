"""Questions that have no answer as they stand: what is asked, with which fields, the code, and the field at fault."""

from typing import Any

BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("orders", {"limit": 10**9}, "INVALID_FIELD", "limit"),
    ("orders", {"limit": 0}, "INVALID_FIELD", "limit"),
    ("orders", {"limit": 10**40}, "INVALID_FIELD", "limit"),
    ("orders", {"cursor": "garbage"}, "INVALID_FIELD", "cursor"),
    ("orders", {"cursor": f"{10**17}.{'-' * 36}"}, "INVALID_FIELD", "cursor"),
    ("orders", {"cursor": "1.1"}, "INVALID_FIELD", "cursor"),
    ("fills", {"cursor": f"1.{10**25}"}, "INVALID_FIELD", "cursor"),
    ("instruments", {"text": "x" * 65}, "INVALID_FIELD", "text"),
    ("instruments", {"text": "a\n"}, "INVALID_FIELD", "text"),
    ("instruments", {"account": "A"}, "INVALID_FIELD", "account"),
    ("instruments", {"cursor": "garbage"}, "INVALID_FIELD", "cursor"),
    ("positions", {"cursor": "a b c"}, "INVALID_FIELD", "cursor"),
    ("orders", {"limt": 10}, "UNKNOWN_FIELD", "limt"),
    ("orders", {"account": "'; drop table read.orders; --"}, "INVALID_FIELD", "account"),
    ("orders", {"account": "a\0"}, "INVALID_FIELD", "account"),
    ("orders", {"status": "bogus"}, "INVALID_FIELD", "status"),
    ("orders", {"since": -1}, "INVALID_FIELD", "since"),
    ("orders", {"since": 2**63}, "INVALID_FIELD", "since"),
    ("orders", {"open": "yes"}, "INVALID_FIELD", "open"),
    ("order", {}, "MISSING_FIELD", "id"),
    ("order", {"id": ""}, "INVALID_FIELD", "id"),
    ("order", {"id": "a b"}, "INVALID_FIELD", "id"),
    ("order", {"id": "x" * 65}, "INVALID_FIELD", "id"),
    ("fills", {"order": "not-an-id"}, "INVALID_FIELD", "order"),
    ("positions", {"prices": {"AAPL": "NaN"}}, "INVALID_FIELD", "prices"),
    ("positions", {"prices": {"AAPL": 1.5}}, "INVALID_FIELD", "prices"),
    ("events", {"type": "OrderTeleported"}, "INVALID_FIELD", "type"),
    ("events", {"before": 2**64}, "INVALID_FIELD", "before"),
    ("events", {"stream": "a b"}, "INVALID_FIELD", "stream"),
    ("frames", {"limit": 1000}, "INVALID_FIELD", "limit"),
    ("status", {"x": 1}, "UNKNOWN_FIELD", "x"),
    ("nonsense", {}, "UNKNOWN_QUERY", ""),
]

NOT_JSON: list[bytes] = [b"nope", b"[]", b"\xff\xfe", b"{", b"[" * 50_000, b'{"limit":1e400}', b"x" * 100_000]
