"""Bodies that are not what they claim to be, and values that look harmless until stored."""

MARKER = "zebra-crossing-4711"
"""Stands in every hostile body; no answer may ever repeat it."""
_DEEP = 65

BODIES: dict[str, bytes] = {
    "NaN": b'{"%s": NaN}' % MARKER.encode(),
    "Infinity": b'["%s", -Infinity]' % MARKER.encode(),
    "a key twice": b'{"a": 1, "a": "%s"}' % MARKER.encode(),
    "a lone surrogate": b'{"a": "%s \\ud800"}' % MARKER.encode(),
    "surrogates the wrong way round": b'{"a": "%s \\udc00\\ud800"}' % MARKER.encode(),
    "a lone surrogate as a key": b'{"\\uDfff": "%s"}' % MARKER.encode(),
    "not UTF-8": b'{"a": "%s \xff"}' % MARKER.encode(),
    "a surrogate in UTF-8": b'{"a": "%s \xed\xa0\x80"}' % MARKER.encode(),
    "UTF-16": f'{{"a": "{MARKER}"}}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a": "%s"}' % MARKER.encode(),
    "too many lists": b"[" * _DEEP + b"]" * _DEEP,
    "too many objects": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "lists that never end": b"[" * 100_000,
    "depth behind closed lists": b"]" * 200 + b"[" * 200,
    "cut short": b'{"a": "%s' % MARKER.encode(),
    "two values": b'{"a": 1} {"a": "%s"}' % MARKER.encode(),
    "a form": b"a=%s" % MARKER.encode(),
    "a number of 5,000 digits": b'{"%s": %s}' % (MARKER.encode(), b"9" * 5_000),
    "only spaces": b"   ",
}
"""Refused by the guard wherever a body is read, by name."""

VALUES: dict[str, str] = {
    "NUL": f'"{MARKER} \\u0000"',
    "infinity by size": "1e999",
    "a long text": f'"{MARKER * 5_000}"',
    "nothing": "null",
    "a number": "-1",
    "a huge number": "9" * 400,
    "a fraction": "0.1",
    "truth": "true",
    "a list": f'["{MARKER}"]',
    "an object": f'{{"{MARKER}": {{"{MARKER}": "{MARKER}"}}}}',
    "SQL": f'"\'; DROP TABLE runs; -- {MARKER}"',
    "right-to-left": f'"{MARKER} \\u202e\\ufeff\\ud83d\\ude00"',
}
"""Plain JSON, as JSON text: the guard lets all of it through."""
