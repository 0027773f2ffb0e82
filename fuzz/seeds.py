"""Where the fuzzer begins: what the tests hold against each side, and talks that repeat and bend what was read before."""

from pathlib import Path

from tests.relay.test_answer import MALFORMED, OK
from tests.server.test_smuggling import BROKEN_BODIES, CHUNKED, HOSTILE, post

LANES = (b"/v1/x", b"/later", b"/over", b"/parts", b"/unsure", b"/none", b"/early")


def whole(path: bytes, body: bytes = b"abc", *lines: bytes) -> bytes:
    """Write a request as official clients do."""
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    return b"POST " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + b"".join(lines) + length + body


GET = b"GET /a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n"
PIECES = b"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3;e=x\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n"


def inbound() -> list[bytes]:
    """Return seeds of the inbound side."""
    seeds = [raw for _, raw in HOSTILE.values()]
    seeds += [post(CHUNKED, body=body) for body in BROKEN_BODIES.values()]
    seeds += [GET + GET, PIECES + GET, PIECES + b"\xfd\xfd", GET + b"\xfe" + PIECES]
    for path in LANES:
        one = whole(path)
        seeds += [
            one + b"\xfd\xfb\xfd",
            one + b"\xfe" + one[:40] + b"\xfe" + one[40:],
            one + b"\xfe" + one + one + b"\xfd\xff" + one + b"\xfb\xfb",
            one + b"\xf9\xfd\xfb\xf9\xfd",
            one + b"\xfc\x04a\xff" + one + b"\xfc\x20 ",
            one + b"\xfe" + one[:-1] + b"\xfa",
        ]
        seeds.append(one + b"\xfe" + whole(path, b"abc", b"Connection: close\r\n") + b"\xfe" + one)
        seeds.append(whole(path, b"abc", b"Expect: 100-continue\r\n") + b"\xfd\xfe" + one)
        seeds.append(whole(path, b"abc", b"Upgrade: h2c\r\nConnection: upgrade\r\n") + b"\xfd\xfe" + one)
        seeds.append(whole(path, b"abc", b"Upgrade: websocket\r\nConnection: upgrade\r\n") + b"\xfd\xfe" + one)
        seeds.append(one.replace(b"HTTP/1.1", b"HTTP/1.0", 1) + b"\xfe" + one)
        seeds.append(one + b"\xfe" + one.replace(b": 3", b": 03") + b"\xfe" + one.replace(b": 3", b": 0"))
    return seeds


def upstream() -> list[bytes]:
    """Return seeds of the upstream side."""
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n3;e=x\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n"
    begun = OK + b"Transfer-Encoding: chunked\r\n\r\n\xfe3\r\nabc\r\n\xfe"
    known = OK + b"Content-Length: 3\r\n\r\nabc"
    until_close = OK + b"X: y\r\n\r\nabc"
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    return [
        *MALFORMED,
        known + b"\xff" + chunked + b"\xff" + until_close,
        interim + known + b"\xff" + interim + chunked,
        begun + b"4\r\na\r\nb\r\n\xfe05\r\nhello\r\n\xfeA\r\n0123456789\r\n\xfe1\r\nz\r\n\xfe0\r\n\r\n\xff" + known,
        begun + b"1\xfe5\r\nhello\r\n\xfe0123456789abcd\r\n\xfe1\r\nz\r\n0\r\n\r\n",
        begun + b"7\r\nab\r\n\xfe1\r\nc\r\n\xfe2\r\nde\r\n0\r\n\xfe1\r\nf\r\n",
        begun + b"2;x=\r\n\xfede\r\n\xfe1\r\nf\r\n\xfe\xf9",
        known[:-2] + b"\xfe" + known[-2:] + b"\xff",
        known + OK + b"\xff" + known,
        known + b"\r\n\xff" + known,
        until_close + b"\xf9",
        known.replace(b"\r\n\r\nabc", b"\r\n\r\n\xfa\xff") + known,
        OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n\xff" + known,
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na\xff" + known,
        b"HTTP/1.1 204 No Content\r\n\r\n\xffHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n\xff" + known,
        b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}\xff",
    ]


def bodies() -> list[bytes]:
    """Return seeds of what reads bodies."""
    usage = b'"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3,"prompt_tokens_details":{"cached_tokens":1}}'
    return [
        b'{"model":"a/b","stream":true,"messages":[{"role":"user","content":"model"}]}',
        b'{"x":{"model":"c"},"model" : "a\\u002fb","stream":false}',
        b'{"model":"a","model":"b"}',
        b'{"mod\\u0065l":"a"}',
        b'{"model":"a","previous_response_id":"resp_1","conversation":{"id":"conv_2"}}',
        b'{"requests":[{"model":"a"},{"model":"b"}],"generateContentRequest":{"model":"c"}}',
        b'{"model":"a","x":"\\ud800","n":1e999,"y":NaN}',
        b'data: {"choices":[{"finish_reason":"stop"}],' + usage + b"}\n\ndata: [DONE]\n\n",
        b'{"choices":[{"finish_reason":"stop"}],' + usage + b"}",
        (
            b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}}\n\n'
            b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}\n\n'
        ),
        (
            b'event: response.completed\r\ndata: {"type":"response.completed","response":{"status":"completed",'
            b'"usage":{"input_tokens":3,"output_tokens":1}}}\r\n\r\n'
        ),
        b'data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2}}\n\n',
    ]


WORDS = {
    "inbound": (
        "POST ", "GET ", "HEAD ", " HTTP/1.1\\r\\n", " HTTP/1.0\\r\\n", "Host: localhost\\r\\n", "Content-Length: ",
        "Transfer-Encoding: chunked\\r\\n", "Expect: 100-continue\\r\\n", "Connection: close\\r\\n",
        "Connection: keep-alive\\r\\n", "Connection: upgrade\\r\\n", "Upgrade: h2c\\r\\n", "Upgrade: websocket\\r\\n",
        "\\r\\n\\r\\n", "0\\r\\n\\r\\n", "/over", "/later", "/parts", "/unsure", "/none", "/early", "%2e", "%2f",
        "\\xf9", "\\xfa", "\\xfb", "\\xfc", "\\xfd", "\\xfe", "\\xff",
    ),
    "upstream": (
        "HTTP/1.1 200 OK\\r\\n", "HTTP/1.0 200 OK\\r\\n", "HTTP/1.1 100 \\r\\n\\r\\n", "HTTP/1.1 204 \\r\\n",
        "HTTP/1.1 304 \\r\\n", "HTTP/1.1 101 \\r\\n", "Content-Length: ", "Transfer-Encoding: chunked\\r\\n",
        "Connection: close\\r\\n", "Connection: keep-alive\\r\\n", "Upgrade: h2c\\r\\n", "\\r\\n\\r\\n", "0\\r\\n\\r\\n",
        "\\xf9", "\\xfa", "\\xfd", "\\xfe", "\\xff",
    ),
    "bodies": (
        "\\\"model\\\"", "\\\"stream\\\":true", "\\\\u006d", "\\\\ud800", "\\\"previous_response_id\\\"",
        "\\\"conversation\\\"", "\\\"requests\\\":[", "data: ", "event: ", "\\x0a\\x0a", "\\x0d\\x0a", "\\\"usage\\\"",
        "\\\"usageMetadata\\\"", "\\\"finish_reason\\\"", "\\\"stop_reason\\\"", "\\\"finishReason\\\"",
        "\\\"input_tokens\\\":1", "message_start", "message_delta", "response.completed",
    ),
}  # fmt: skip
"""What mutations are made of, as a libFuzzer dictionary spells it."""

SEEDS = {"inbound": inbound, "upstream": upstream, "bodies": bodies}


def write_seeds(side: str, folder: Path) -> None:
    """Write the seeds of a side into a folder, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[side]()):
        (folder / f"{number:03}").write_bytes(seed)


def write_words(side: str, file: Path) -> None:
    """Write the dictionary of a side."""
    lines = [word.replace("\\r", "\\x0d").replace("\\n", "\\x0a") for word in WORDS[side]]
    file.write_text("".join(f'"{line}"\n' for line in lines), encoding="utf-8")
