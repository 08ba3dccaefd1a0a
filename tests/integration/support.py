"""What the integration tests share: paths, processes, raw sockets, a runner of named cases."""
import os
import socket
import ssl
import struct
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../conformance"))

import cluster  # noqa: E402  (found through the line above)

PATIENCE = 60  # Seconds for anything to happen; machines that run tests are loaded.


def expect(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(w) for w in what))


def raw(address, data, half_close=False, timeout=PATIENCE, tls=None, limit=1 << 20):
    """Sends bytes on a connection of their own; what came back until the end, and how it ended:
    'close', 'reset' or 'timeout'."""
    host, port = address.rsplit(":", 1)
    back = b""
    s = socket.create_connection((host, int(port)), timeout=timeout)
    try:
        if tls:
            s = tls.wrap_socket(s, server_hostname=host)
        try:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except ssl.SSLError:
            raise
        except OSError:
            pass  # It answered and closed before it had read all.
        while len(back) < limit:
            part = s.recv(65536)
            if not part:
                return back, "close"
            back += part
        return back, "close"
    except TimeoutError:
        return back, "timeout"
    except OSError:
        return back, "reset"
    finally:
        s.close()


def reset(s):
    """Closes with RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def status_of(back):
    """The status of a raw answer; None when nothing came; raises when it is no HTTP answer."""
    if not back:
        return None
    head = back.split(b"\r\n", 1)[0]
    parts = head.split(b" ", 2)
    expect(parts[0] in (b"HTTP/1.1", b"HTTP/1.0") and len(parts) >= 2 and parts[1].isdigit(),
           "no HTTP answer:", back[:200])
    return int(parts[1])


def usage(pid):
    """(open descriptors, resident KiB, threads) of a process."""
    with open(f"/proc/{pid}/status") as f:
        fields = dict(line.split(":", 1) for line in f if ":" in line)
    return (len(os.listdir(f"/proc/{pid}/fd")), int(fields["VmRSS"].split()[0]),
            int(fields["Threads"]))


def run_daemon(name, *flags, timeout=PATIENCE, env=None):
    """Runs a daemon that is expected to end by itself; (exit code, its output)."""
    done = subprocess.run([os.path.join(cluster.BIN, name), *flags], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout.decode(errors="replace")


def main(cases):
    """Runs the cases named on the command line, or all; exit status 1 when one fails."""
    chosen = sys.argv[1:] or list(cases)
    failed = []
    for name in chosen:
        begin = time.monotonic()
        try:
            cases[name]()
            verdict = "ok"
        except Exception:
            traceback.print_exc()
            failed.append(name)
            verdict = "FAILED"
        print(f"{verdict:7} {name} ({time.monotonic() - begin:.1f} s)", flush=True)
    sys.exit(f"failed: {' '.join(failed)}" if failed else 0)
