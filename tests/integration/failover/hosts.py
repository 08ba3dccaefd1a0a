"""Hosts as network namespaces on a bridge, with ways to cut them off.

    10.99.0.254 (the test) ---- bridge ---- 10.99.0.1, .2, ... (one namespace each)

enter() runs the test again in namespaces of its own (network, mounts, processes): nothing it does is
seen outside, and when it ends, however it ends, the kernel ends every process it has started.
"""
import os
import signal
import subprocess
import sys

SUBNET = "10.99.0"
TEST = f"{SUBNET}.254"
SKIPPED = 77  # Exit status; tests/allowed_skips.txt names the tests that may.
INSIDE = "MESETA_TEST_INSIDE"


def run(*arguments):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout.decode(errors='replace').strip()}")


def enter():
    """Returns in namespaces of the test's own; leaves with SKIPPED where the kernel allows none."""
    if os.environ.get(INSIDE):
        return _reap_beside_the_test()
    spaces = ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        spaces.insert(1, "-Ur")
    if subprocess.run([*spaces, "ip", "link", "add", "probe", "type", "bridge"],
                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
        print("SKIPPED: needs the right to make network, mount and process namespaces")
        sys.exit(SKIPPED)
    os.environ[INSIDE] = "1"
    os.execvp(spaces[0], [*spaces, sys.executable, *sys.argv])


def _reap_beside_the_test():
    """The first process of a process namespace inherits orphans (the shims of killed agents) and must
    collect them, which would take away the test's own children: it is a process apart."""
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")
    test = os.fork()
    if test == 0:
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda n, _: os.kill(test, n))
    while True:
        pid, status = os.wait()
        if pid == test:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


class Host:
    """One namespace with eth0 = ip; its other end on the bridge is `port`."""

    def __init__(self, number):
        self.number, self.name, self.port = number, f"h{number}", f"v{number}"
        self.ip = f"{SUBNET}.{number}"
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", self.port, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "link", "set", self.port, "master", "bridge0", "up")
        run("ip", "-n", self.name, "addr", "add", f"{self.ip}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            run("ip", "-n", self.name, "link", "set", device, "up")

    def inside(self, arguments):
        """The command line that runs in this host. Not "ip netns exec", which hides the cgroups."""
        return ["nsenter", f"--net=/run/netns/{self.name}", *arguments]

    # Cuts are silent: what is sent vanishes, as with a pulled cable. A bucket too small for any
    # packet drops in one direction alone.

    def cut(self):
        run("ip", "link", "set", self.port, "down")

    def cut_out(self):
        """It hears the others, and they do not hear it."""
        run("tc", "-n", self.name, "qdisc", "add", "dev", "eth0", "root", *NOTHING_PASSES)

    def cut_in(self):
        """The others hear it, and it does not hear them."""
        run("tc", "qdisc", "add", "dev", self.port, "root", *NOTHING_PASSES)

    def cut_from(self, other):
        """These two do not hear each other; everybody else hears both."""
        for a, b in ((self, other), (other, self)):
            run("ip", "-n", a.name, "route", "replace", "blackhole", f"{b.ip}/32")

    def heal(self):
        run("ip", "link", "set", self.port, "up")
        for where, device in ((["-n", self.name], "eth0"), ([], self.port)):
            subprocess.run(["tc", *where, "qdisc", "del", "dev", device, "root"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def heal_from(self, other):
        for a, b in ((self, other), (other, self)):
            run("ip", "-n", a.name, "route", "del", "blackhole", f"{b.ip}/32")


NOTHING_PASSES = ["tbf", "rate", "8bit", "burst", "1", "limit", "1"]


_hosts = {}


def host(number):
    """The host of that number, made when it is first asked for; the bridge comes with the first."""
    if not _hosts:
        run("ip", "link", "add", "name", "bridge0", "type", "bridge")
        run("ip", "addr", "add", f"{TEST}/24", "dev", "bridge0")
        run("ip", "link", "set", "bridge0", "up")
    if number not in _hosts:
        _hosts[number] = Host(number)
    return _hosts[number]
