"""Malformed requests: for every endpoint a table of (name, bytes to send, what must come back)."""
import random
import struct

# What must come back: a set of allowed statuses, where None stands for a close without an answer.
CLOSE = None
CLIENT_ERROR = set(range(400, 500))
REFUSED = CLIENT_ERROR | {501, 505, CLOSE}  # By the HTTP layer: never understood, never acted upon.
HARMLESS = CLIENT_ERROR | {200, 202, 307, 501}  # Understood as a request, and asks for nothing bad.

READS = ["/health", "/version", "/flags", "/state", "/metrics/snapshot", "/metrics",
         "/system/stats.json", "/files/browse", "/files/read", "/files/download", "/files/debug"]
MASTER_READS = READS + ["/state.json", "/state-summary", "/slaves", "/frameworks", "/tasks",
                        "/redirect", "/master/state", "/master/slaves", "/master/tasks",
                        "/master/frameworks", "/master/health", "/link", "/", "/no-such-thing"]
MASTER_CALLS = ["/api/v1", "/api/v1/scheduler", "/master/api/v1", "/master/api/v1/scheduler"]
MASTER_FORMS = ["/teardown", "/master/teardown"]
AGENT_READS = READS + ["/containers", "/monitor/statistics", "/slave(1)/state",
                       "/slave(1)/monitor/statistics", "/link", "/", "/no-such-thing"]
AGENT_CALLS = ["/api/v1", "/slave(1)/api/v1"]


def request(method, target, headers=(), body=b"", version=b"HTTP/1.1", length=True):
    if isinstance(method, str):
        method = method.encode("latin-1")
    if isinstance(target, str):
        target = target.encode("latin-1")
    lines = [method + b" " + target + b" " + version, b"Host: test", b"Connection: close"]
    lines += [h.encode("latin-1") if isinstance(h, str) else h for h in headers]
    if length and (body or method == b"POST"):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def broken_http(method, path):
    """Not HTTP, or not as it must be: the same on every path."""
    p, m = path.encode(), method.encode()
    ok = request(method, path)
    yield "empty lines only", b"\r\n" * 100, REFUSED
    yield "no version", m + b" " + p + b"\r\n\r\n", REFUSED
    yield "HTTP/0.9", m + b" " + p + b" HTTP/0.9\r\n\r\n", REFUSED
    yield "HTTP/2.0", m + b" " + p + b" HTTP/2.0\r\nHost: a\r\n\r\n", REFUSED
    yield "HTTP/9.9", m + b" " + p + b" HTTP/9.9\r\nHost: a\r\n\r\n", REFUSED
    yield "HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", REFUSED
    yield "no method", b" " + p + b" HTTP/1.1\r\nHost: a\r\n\r\n", REFUSED
    yield "method with control character", b"G\x01T " + p + b" HTTP/1.1\r\nHost: a\r\n\r\n", REFUSED
    yield "method with a colon in braces", b"{G} " + p + b" HTTP/1.1\r\nHost: a\r\n\r\n", REFUSED
    yield "method of 40 kB", b"A" * 40_000 + b" " + p + b" HTTP/1.1\r\n\r\n", REFUSED
    yield "target with NUL", m + b" " + p + b"\x00x HTTP/1.1\r\nHost: a\r\n\r\n", REFUSED
    yield "target with space", m + b" " + p + b" x HTTP/1.1\r\nHost: a\r\n\r\n", REFUSED
    yield "target of 40 kB", request(method, path + "?" + "a" * 40_000), REFUSED
    yield "bad escape", request(method, path + "?path=%zz"), REFUSED
    yield "half an escape", request(method, path + "?path=%4"), REFUSED
    yield "escaped path, bad", request(method, path + "%"), REFUSED
    yield "star", m + b" * HTTP/1.1\r\nHost: a\r\n\r\n", REFUSED | HARMLESS
    yield "absolute target", m + b" http://evil.example" + p + b" HTTP/1.1\r\nHost: a\r\n" \
        b"Connection: close\r\n\r\n", REFUSED | HARMLESS
    yield "no colon in header", request(method, path, ["nonsense"]), REFUSED
    yield "space before colon", request(method, path, ["Accept : */*"]), REFUSED
    yield "folded header", request(method, path, ["A: b\r\n c"]), REFUSED | HARMLESS
    yield "header name with NUL", request(method, path, [b"A\x00: b"]), REFUSED
    yield "header value with NUL", request(method, path, [b"A: b\x00c"]), REFUSED
    yield "empty header name", request(method, path, [": b"]), REFUSED
    yield "300 headers", request(method, path, [f"X-{i}: y" for i in range(300)]), REFUSED
    yield "header of 40 kB", request(method, path, ["X: " + "y" * 40_000]), REFUSED
    yield "two hosts", request(method, path, ["Host: b"]), REFUSED
    yield "negative length", request(method, path, ["Content-Length: -1"], length=False), REFUSED
    yield "length of words", request(method, path, ["Content-Length: many"], length=False), REFUSED
    yield "length in hex", request(method, path, ["Content-Length: 0x10"], length=False), REFUSED
    yield "two lengths", request(method, path, ["Content-Length: 1", "Content-Length: 2"],
                                 length=False) + b"ab", REFUSED
    yield "length over 64 bits", request(method, path, ["Content-Length: " + "9" * 30],
                                         length=False), REFUSED
    yield "oversize: 1 TB announced", request(method, path, ["Content-Length: 1000000000000"],
                                              length=False), REFUSED
    yield "oversize: 5 MB sent", request(method, path, [], b"x" * 5_000_000), REFUSED
    chunked = request(method, path, ["Transfer-Encoding: chunked"], length=False)
    yield "chunk size not a number", chunked + b"zz\r\nabc\r\n0\r\n\r\n", REFUSED
    yield "negative chunk", chunked + b"-1\r\n\r\n", REFUSED
    yield "chunk of 2^64", chunked + b"ffffffffffffffff\r\nabc", REFUSED
    yield "chunk of 2^80", chunked + b"f" * 20 + b"\r\nabc", REFUSED
    yield "chunk without end", chunked + b"3\r\nabcXX0\r\n\r\n", REFUSED
    yield "chunks beyond the limit", chunked + (b"100000\r\n" + b"x" * 0x100000 + b"\r\n") * 5, REFUSED
    yield "chunk extension of 40 kB", chunked + b"1;" + b"e" * 40_000 + b"\r\nx\r\n0\r\n\r\n", \
        REFUSED | HARMLESS
    yield "encoding and length", request(method, path, [
        "Transfer-Encoding: chunked", "Content-Length: 3"], length=False) + b"0\r\n\r\n", \
        REFUSED | HARMLESS
    yield "unknown transfer encoding", request(method, path, ["Transfer-Encoding: bogus"],
                                               length=False) + b"x", REFUSED
    yield "chunked in HTTP/1.0", request(method, path, ["Transfer-Encoding: chunked"],
                                         version=b"HTTP/1.0", length=False) + b"0\r\n\r\n", REFUSED
    yield "unknown expectation", request(method, path, ["Expect: a miracle"]), REFUSED
    yield "unknown content encoding", request(method, path, ["Content-Encoding: br"], b"abc"), \
        REFUSED | HARMLESS
    yield "gzip that is none", request(method, path, ["Content-Encoding: gzip"], b"not gzip"), \
        REFUSED | HARMLESS
    yield "gzip header only", request(method, path, ["Content-Encoding: gzip"],
                                      b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), REFUSED | HARMLESS
    yield "TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), REFUSED
    yield "binary", bytes(random.Random(path).randbytes(3000)) + b"\r\n\r\n", REFUSED
    yield "upgrade to nothing known", request(method, path, ["Connection: Upgrade",
                                                             "Upgrade: websocket"]), REFUSED | HARMLESS
    yield "bad authorization", request(method, path, ["Authorization: Basic !!!!"]), \
        REFUSED | HARMLESS
    yield "request behind garbage", b"garbage\r\n\r\n" + ok, REFUSED


def wrong_methods(path, allowed):
    """Of calls: every method but POST is 405. Of documents: any method reads, none changes."""
    expected = {405, 400} if allowed else HARMLESS
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "post", "Get",
                   "X" * 300):
        if method == "GET" and not allowed:
            continue
        yield f"method {method[:20]}", request(method, path), expected
    yield "method CONNECT", request("CONNECT", path), REFUSED | expected
    yield "method HEAD", request("HEAD", path), expected


PATHS = ["../../../../etc/passwd", "/../../../../etc/passwd", "/etc/passwd", "/etc/shadow", "..",
         "/proc/self/environ", "/proc/self/mem", "//", "/", ".", "a/../../..", "%2e%2e%2fetc%2fpasswd",
         "%00", "/slave/log/../../etc/passwd", "/master/log/../../../etc/passwd", "~root", "x" * 5000,
         "%ff%fe", "%0d%0aX-Evil:%20yes", "file:///etc/passwd", "\\..\\..\\windows"]


def bad_queries(method, path):
    for text in PATHS:
        yield f"path={text[:30]}", request(method, f"{path}?path={text}"), HARMLESS
        yield f"sub-path {text[:30]}", request(method, f"{path}/{text}"), HARMLESS
    for query in ("offset=-5&path=/x", "offset=99999999999999999999&path=/x", "offset=a&path=/x",
                  "length=-9&path=/x", "length=1e9&path=/x", "limit=-1", "limit=x", "limit=" + "9" * 40,
                  "offset=18446744073709551616", "order=sideways", "timeout=forever", "timeout=-1secs",
                  "jsonp=<script>", "jsonp=" + "j" * 9000, "framework_id=a/b", "slave_id=%01%02",
                  "task_id=%00", "container_id=..%2f..", "&&&===&", "=x", "path", "a=b&" * 2000):
        yield f"query {query[:30]}", request(method, f"{path}?{query}"), HARMLESS


IDS = ["a/b", "../..", ".", "..", "", "\x00", "\x01\x1f", "a\nb", "\u202e", "\ud83d\ude00" * 50, "x" * 9000,
       "%2e%2e", "null", "*", "' OR 1=1"]


def bad_bodies(path):
    """Of calls: content types, JSON, protobuf and RecordIO that no call is made of."""
    json_type, proto_type = "Content-Type: application/json", "Content-Type: application/x-protobuf"
    good = b'{"type":"GET_HEALTH"}' if path.endswith("/v1") else b'{"type":"SUBSCRIBE"}'
    refused = {400, 403, 404, 406, 413, 415, 501}
    for value in ("", "text/plain", "application/xml", "application/jsonx", "application", "/", "*/*",
                  "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
                  "json", "\xff\xfe", "application/grpc"):
        yield f"type {value[:20]!r}", request("POST", path, [f"Content-Type: {value}"], good), {400, 415}
    yield "no type", request("POST", path, [], good), {400}
    for value in ("application/recordio", "application/recordio; x=y"):
        yield f"type {value}", request("POST", path, [f"Content-Type: {value}"], b"5\nabcde"), {400, 415}
        yield f"type {value} with message type", request(
            "POST", path, [f"Content-Type: {value}", "Message-Content-Type: application/json"],
            b"999999999999\n" + good), {400, 415}
    for accept in ("text/html", "application/recordio", "image/*"):
        yield f"accept {accept}", request("POST", path, [json_type, f"Accept: {accept}"], good), \
            {400, 406}
    bodies = [b"", b" ", b"{", b"}", b"[]", b"null", b"1", b'"x"', b"{}", b"{'type':'x'}", b'{"type":',
              b'{"type":"NO_SUCH_TYPE"}', b'{"type":null}', b'{"type":99999}', b'{"type":-1}',
              b'{"type":{}}', b'{"type":["SUBSCRIBE"]}', b'{"type":"SUBSCRIBE","subscribe":7}',
              b'{"type":"UNKNOWN"}', b'{"type":"SUBSCRIBE","subscribe":{"framework_info":[]}}',
              b'{"type":"READ_FILE"}', b'{"type":"READ_FILE","read_file":{"path":1}}', b"\x00" * 100,
              b"\xff\xfe{}", b'{"type":"\xff"}', b'{"type":"\\ud800"}', b"[" * 100_000,
              b'{"a":' * 50_000, b'{"type":"ACCEPT"' + b" " * 200_000, b"1e999999", b"-",
              b'{"type":"TEARDOWN","teardown":{}}', b'{"type":"KILL_CONTAINER","kill_container":{}}',
              b'{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"u"}}}',
              b'{"type":"READ_FILE","read_file":{"path":"../../etc/passwd","offset":0}}',
              b'{"type":"READ_FILE","read_file":{"path":"/etc/passwd","offset":-1}}',
              b'{"type":"LIST_FILES","list_files":{"path":"/../../"}}',
              b'{"type":"ACCEPT","accept":{"offer_ids":[{"value":7}]}}',
              b'{"type":"GET_HEALTH"}garbage', b'{"type":"GET_HEALTH"' + b',"x":1' * 10_000]
    for body in bodies:
        yield f"JSON {body[:40]!r}", request("POST", path, [json_type], body), refused
        yield f"JSON as protobuf {body[:40]!r}", request("POST", path, [proto_type], body), refused
    for i, text in enumerate(IDS):
        quoted = "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else "?" for c in text)
        for call, field in (("TEARDOWN", "framework_id"), ("KILL", "task_id")):
            body = (f'{{"type":"{call}","framework_id":{{"value":"{quoted}"}},'
                    f'"{call.lower()}":{{"{field}":{{"value":"{quoted}"}}}}}}')
            yield f"{call} of odd id {i}", request("POST", path, [json_type], body.encode()), refused
    rng = random.Random(path)
    for i in range(25):
        body = rng.randbytes(rng.choice([1, 3, 10, 100, 5000]))
        yield f"protobuf noise {i}", request("POST", path, [proto_type], body), refused
    deep = b""
    for _ in range(2000):
        deep = b"\x0a" + varint(len(deep)) + deep
    yield "protobuf nested 2000 deep", request("POST", path, [proto_type], deep), refused
    yield "protobuf field longer than the body", request("POST", path, [proto_type],
                                                         b"\x0a\xff\xff\xff\xff\x0f"), refused
    yield "protobuf unending varint", request("POST", path, [proto_type], b"\x08" + b"\xff" * 50), refused
    yield "protobuf unknown type number", request("POST", path, [proto_type], b"\x10\xe7\x07"), refused
    yield "protobuf fixed64 cut", request("POST", path, [proto_type], struct.pack("<BI", 9, 7)), refused


def bad_forms(path):
    for body in (b"", b"x", b"frameworkId", b"frameworkId=", b"frameworkId=a/b", b"frameworkId=%00",
                 b"frameworkId=%zz", b"=", b"&" * 1000, b"frameworkId=" + b"x" * 100_000,
                 b"frameworkId=none&frameworkId=other", b"\xff\xfe", b'{"frameworkId":"x"}'):
        yield f"form {body[:30]!r}", request("POST", path, [], body), {400, 403, 404, 409}


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7F | 0x80])
        n >>= 7
    return out + bytes([n])


def table(path, kind):
    """At least 100 malformed requests to `path`; kind: read, call or form."""
    method = "GET" if kind == "read" else "POST"
    rows = list(broken_http(method, path))
    rows += wrong_methods(path, kind != "read")
    if kind == "call":
        rows += bad_bodies(path)
    elif kind == "form":
        rows += bad_forms(path)
        rows += bad_queries(method, path)
    else:
        rows += bad_queries(method, path)
    assert len(rows) >= 100, (path, len(rows))
    return rows
