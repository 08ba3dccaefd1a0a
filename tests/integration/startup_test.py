#!/usr/bin/env python3
"""Daemons that cannot start say why in a sentence, with exit status 64 (flags) or 78 (the machine or
the disk), and leave everything as it was."""
import contextlib
import os
import shutil
import socket
import tempfile

from support import cluster, expect, main, run_daemon


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="meseta-test-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def expect_refusal(code, words, name, *flags, env=None):
    """Ends with `code`, and its output names all `words`."""
    got, output = run_daemon(name, *flags, env=env)
    expect(got == code, name, flags, "ended with", got, "not", code, ":", output[-500:])
    for word in words:
        expect(word in output, name, flags, "does not mention", repr(word), ":", output[-500:])
    expect("Check failed" not in output and "terminate called" not in output, output[-2000:])


def wrong_flags():
    with folder() as d:
        work = f"--work_dir={d}/w"
        for flags, words in [
                ([work, "--no_such_flag=1"], ["no_such_flag"]), ([work, "--prot=5050"], ["prot", "--port"]),
                ([work, "--port=x"], ["--port", "x"]), ([work, "--port=70000"], ["--port", "65535"]),
                ([work, "--port=1", "--port=2"], ["--port"]), ([], ["--work_dir"]), ([work, "stray"], ["stray"]),
                ([work, "--allocation_interval=1"], ["--allocation_interval"]),
                ([work, "--allocation_interval=0secs"], ["--allocation_interval", "above zero"]),
                ([work, "--agent_ping_timeout=-1secs"], ["--agent_ping_timeout"]),
                ([work, "--max_agent_ping_timeouts=0"], ["--max_agent_ping_timeouts"]),
                ([work, "--min_allocatable_resources=cpus"], ["--min_allocatable_resources"]),
                ([work, "--root_submissions=maybe"], ["--root_submissions"]),
                ([work, "--zk=zk://a:2181/mesos"], ["--zk", "--peers"]), ([work, "--peers=a:b:c"], ["--peers"]),
                ([work, "--peers=zk://a:2181/mesos"], ["--peers", "ZooKeeper"]),
                ([work, "--peers="], ["--peers", "empty"]), ([work, "--peers=,"], ["--peers", "empty"]),
                ([work, "--peers=a:1,b:2,a:1"], ["--peers", "'a:1'", "twice"]),
                ([work, "--peers=a:0,b:2"], ["--peers", "'a:0'", "port 0"]),
                ([work, "--election_timeout=1ms"], ["--election_timeout", "100ms"]),
                ([work, f"--flags_file={d}/none"], ["none"])]:
            expect_refusal(64, words, "meseta-master", *flags)
        expect_refusal(64, ["MESETA_PORT"], "meseta-master", work, env={"MESETA_PORT": "many"})
        expect_refusal(64, ["MESETA_PEERS", "empty"], "meseta-master", work, env={"MESETA_PEERS": ""})
        master = "--master=127.0.0.1:5050"
        for flags, words in [
                ([work], ["--master"]), ([master], ["--work_dir"]),
                ([work, "--master=zk://a:2181/mesos"], ["--master", "ZooKeeper"]),
                ([work, "--master=a:b:c"], ["--master"]), ([work, "--master="], ["--master"]),
                ([work, master, "--resources=cpus:many"], ["--resources"]),
                ([work, master, "--resources=[{]"], ["--resources"]),
                ([work, master, "--resources=cpus:-1"], ["--resources"]),
                ([work, master, "--attributes=novalue"], ["--attributes"]),
                ([work, master, "--isolation=magic"], ["--isolation", "magic"]),
                ([work, master, "--gc_delay=-1weeks"], ["--gc_delay"]),
                ([work, master, "--reconfiguration_policy=any"], ["--reconfiguration_policy"])]:
            expect_refusal(64, words, "meseta-agent", *flags)
        expect(not os.listdir(d), "a refused start left", os.listdir(d))


def wrong_folders():
    with folder() as d:
        with open(f"{d}/file", "w") as f:
            f.write("not a folder")
        for work in (f"{d}/file", f"{d}/file/below", "/proc/meseta", "/dev/null/x"):
            expect_refusal(78, ["work_dir"], "meseta-master", "--port=0", f"--work_dir={work}")
            expect_refusal(78, ["work_dir"], "meseta-agent", "--port=0", f"--work_dir={work}",
                           "--master=127.0.0.1:1")
        expect_refusal(78, ["meseta-shim", "launcher_dir"], "meseta-agent", "--port=0",
                       f"--work_dir={d}/w", "--master=127.0.0.1:1", f"--launcher_dir={d}")


def wrong_network():
    with folder() as d, socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        more = {"meseta-master": [], "meseta-agent": ["--master=127.0.0.1:1"]}
        with open(f"{d}/bad.pem", "w") as f:
            f.write("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        with open(f"{d}/bad.json", "w") as f:
            f.write('{"credentials": [{"principal": "a"}')
        for name, flags in more.items():
            flags = [f"--work_dir={d}/{name}", *flags]
            expect_refusal(78, [str(port)], name, *flags, f"--port={port}")
            for ip in ("0.0.0.0", "::"):
                expect_refusal(78, ["insecure_listen"], name, *flags, "--port=0", f"--ip={ip}")
            if name == "meseta-master":
                # None of them is this master; nothing is left behind that would make it one.
                for _ in range(2):
                    expect_refusal(78, ["--peers", "192.0.2.1:5050", "127.0.0.1:", "add it"], name,
                                   *flags, "--port=0", "--peers=192.0.2.1:5050,192.0.2.2:5050")
            expect_refusal(78, ["192.0.2.1"], name, *flags, "--port=0", "--ip=192.0.2.1",
                           "--insecure_listen")
            expect_refusal(78, ["tls_key_file"], name, *flags, "--port=0",
                           f"--tls_cert_file={d}/bad.pem")
            expect_refusal(78, ["bad.pem"], name, *flags, "--port=0",
                           f"--tls_cert_file={d}/bad.pem", f"--tls_key_file={d}/bad.pem")
            expect_refusal(78, ["credentials", "bad.json"], name, *flags, "--port=0",
                           f"--credentials={d}/bad.json")
            expect_refusal(78, ["credential", "none.json"], name, *flags, "--port=0",
                           f"--credential={d}/none.json")
            expect_refusal(78, ["credentials"], name, *flags, "--port=0",
                           "--authenticate_http_readonly")


def snapshot(path):
    found = {}
    for where, _, names in os.walk(path):
        for name in names:
            if name not in ("LOG", "LOG.old", "LOCK"):  # LevelDB's own notes.
                with open(os.path.join(where, name), "rb") as f:
                    found[os.path.join(where, name)] = f.read()
    return found


def damage(path, kind):
    """Damages a LevelDB in one of the ways that disks and people do."""
    names = sorted(os.listdir(path))
    manifest = next(n for n in names if n.startswith("MANIFEST"))
    log = next(n for n in names if n.endswith(".log"))
    if kind == "garbage CURRENT":
        write(f"{path}/CURRENT", b"\xff\x00garbage\n")
    elif kind == "truncated CURRENT":
        write(f"{path}/CURRENT", b"")
    elif kind == "truncated MANIFEST":
        write(f"{path}/{manifest}", b"")
    elif kind == "garbage MANIFEST":
        write(f"{path}/{manifest}", os.urandom(4096))
    elif kind == "missing MANIFEST":
        os.unlink(f"{path}/{manifest}")
    elif kind == "garbage log":
        with open(f"{path}/{log}", "r+b") as f:
            content = bytearray(f.read())
            content[10:30] = b"\xa5" * 20  # Within the first record: a flipped sector, not a torn end.
            f.seek(0)
            f.write(content)


def write(path, content):
    with open(path, "wb") as f:
        f.write(content)


DAMAGES = ["garbage CURRENT", "truncated CURRENT", "truncated MANIFEST", "garbage MANIFEST",
           "missing MANIFEST", "garbage log"]


def agent_id(c):
    return cluster.get_json(c.master, "/slaves")["slaves"][0]["id"]


def damaged_disks():
    """Each damage is refused with status 78 and a sentence that names the path, changes nothing on the
    disk, and a restored copy goes on as before."""
    with cluster.Cluster() as c:
        first = agent_id(c)
        for daemon, path in ((c.master_daemon, f"{c.dir}/master/log"),
                             (c.agent_daemon, f"{c.dir}/agent/meta/checkpoint")):
            daemon.kill()
            shutil.copytree(path, f"{path}.good")
            for kind in DAMAGES:
                damage(path, kind)
                before = snapshot(path)
                name, flags = daemon.name, daemon.arguments[1:]
                code, output = run_daemon(name, *flags)
                expect(code == 78, name, "with", kind, "ended with", code, output[-600:])
                expect(path in output, name, "with", kind, "does not name the path:", output[-600:])
                expect(snapshot(path) == before, name, "changed a damaged disk:", kind)
                shutil.rmtree(path)
                shutil.copytree(f"{path}.good", path)
            shutil.rmtree(f"{path}.good")
            daemon.start()
        cluster.wait_for("the agent to come back", lambda: agent_id(c) == first)


def foreign_disks():
    """A registry for a checkpoint and the other way round are told apart."""
    with cluster.Cluster() as c:
        registry, checkpoint = f"{c.dir}/master/log", f"{c.dir}/agent/meta/checkpoint"
        c.master_daemon.stop()
        c.agent_daemon.stop()
        for path, foreign, daemon in ((registry, checkpoint, c.master_daemon),
                                      (checkpoint, registry, c.agent_daemon)):
            shutil.move(path, f"{path}.own")
            shutil.copytree(foreign if os.path.exists(foreign) else f"{foreign}.own", path)
            code, output = run_daemon(daemon.name, *daemon.arguments[1:])
            expect(code == 78 and path in output, daemon.name, "on a foreign disk:", code, output[-600:])
            shutil.rmtree(path)
            shutil.move(f"{path}.own", path)


def torn_end():
    """What a power cut leaves, an unfinished record at the end, is no damage."""
    with cluster.Cluster() as c:
        first = agent_id(c)
        for daemon, path in ((c.master_daemon, f"{c.dir}/master/log"),
                             (c.agent_daemon, f"{c.dir}/agent/meta/checkpoint")):
            daemon.kill()
            log = next(n for n in sorted(os.listdir(path)) if n.endswith(".log"))
            with open(f"{path}/{log}", "ab") as f:
                f.write(b"\x12\x34\x56\x78\xff\x00\x01")  # A header that promises more than there is.
            daemon.start()
        cluster.wait_for("the agent to come back", lambda: agent_id(c) == first)


def in_use():
    """A second daemon on the same work_dir is refused, and the first goes on."""
    with cluster.Cluster() as c:
        for daemon in (c.master_daemon, c.agent_daemon):
            flags = [f for f in daemon.arguments[1:] if not f.startswith("--port")]
            code, output = run_daemon(daemon.name, *flags, "--port=0")
            expect(code == 78 and "another " in output.lower() and c.dir in output, daemon.name, code, output[-600:])
        expect(cluster.get_json(c.master, "/slaves")["slaves"][0]["active"], "the agent was disturbed")


if __name__ == "__main__":
    main({f.__name__: f for f in (wrong_flags, wrong_folders, wrong_network, damaged_disks,
                                  foreign_disks, torn_end, in_use)})
