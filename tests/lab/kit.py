"""What the scenes share: the clock, the scripted hosts, the real programs, the truth."""

import calendar
import email.utils
import gzip
import json
import os
import pwd
import re
import shutil
import signal
import smtplib
import socket
import struct
import subprocess
import threading
import time

import scripted_mx
import world

OUT = "/lab/out/sample-logs"
BOOK = scripted_mx.Book()
TRUTH = []
ZONE = {}
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "TZ": "UTC",
       "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def run(*args, **more):
    more.setdefault("env", ENV)
    more.setdefault("check", True)
    return subprocess.run(list(args), **more)


def output(*args, **more):
    return run(*args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more).stdout.decode("utf-8", "replace")


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, mode)


# ----------------------------------------------------------------- the clock
# libfaketime shifts the clock of every program in the lab; the file says by how much.

_offset = 0.0


def at(stamp):
    """Moves the lab's clock to a time such as '2026-11-18 09:14:05'."""
    global _offset
    _offset = calendar.timegm(time.strptime(stamp, "%Y-%m-%d %H:%M:%S")) - time.time()
    _write_clock()


def later(seconds):
    global _offset
    _offset += seconds
    _write_clock()


def now():
    return time.time() + _offset


def _write_clock():
    with open("/etc/faketimerc.new", "w") as out:
        out.write("%+.3f\n" % _offset)
    os.rename("/etc/faketimerc.new", "/etc/faketimerc")


# ------------------------------------------------------------------- the net

def set_up():
    hosts = ["127.0.0.1 localhost"]
    for name, (address, _) in world.HOSTS.items():
        ZONE[name] = {"A": [address], "MX": []}
        _ptr(address, name)
        _address(address)
    for name, address in world.OURS.items():
        ZONE[name] = {"A": [address]}
        _ptr(address, name)
        _address(address)
        hosts.append("%s %s %s" % (address, name, name.split(".")[0]))
    for address in world.EXTRA_ADDRESSES:
        _address(address)
    for domain, servers in world.MX.items():
        ZONE.setdefault(domain, {})["MX"] = [(10 * (i + 1), s) for i, s in enumerate(servers)]
    ZONE["elsewhere.example.com"] = {"MX": [(10, "client.elsewhere.example.com")]}
    for domain in ("example.org", "news.example.org", "pay.example.org", "shop.example.org"):
        ZONE.setdefault(domain, {})["MX"] = [(10, "mail.example.org")]
    # A list that names one client.
    ZONE["66.113.0.203.zen.spamhaus.org"] = {
        "A": ["127.0.0.2"], "TXT": ["https://www.spamhaus.org/sbl/query/SBLCSS"]}
    scripted_mx.dns(ZONE)
    write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    write("/etc/hosts", "\n".join(hosts) + "\n")
    write("/etc/mailname", "example.org\n")
    for name, (address, more) in world.HOSTS.items():
        scripted_mx.serve(BOOK, address, name, **more)
    for user in ("keeper", "newsletter"):
        subprocess.run(["useradd", "-m", user], check=True)
    at("2026-11-16 06:00:00")
    write("/etc/ld.so.preload", FAKETIME + "\n")
    certificate()


def _ptr(address, name):
    reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    ZONE[reverse] = {"PTR": [name]}


def _address(address):
    subprocess.run(["ip", "addr", "add", address + "/32", "dev", "lo"], check=True)


def certificate():
    os.makedirs("/lab/tls", exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650",
                    "-keyout", "/lab/tls/key.pem", "-out", "/lab/tls/cert.pem",
                    "-subj", "/CN=smtp.example.com", "-addext", "subjectAltName=DNS:smtp.example.com"],
                   check=True, env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


# ------------------------------------------------------------------- messages

_count = [0]
SUBJECTS = ["Your order {n}", "Invoice {n}", "Minutes of the meeting", "Appointment on Thursday", "Ticket #{n}",
            "Password reset", "Newsletter, number {n}", "Delivery note {n}", "Quarterly figures", "Re: offer {n}"]


def message(sender, rcpts, subject=None, msgid=None, body=None, from_header=None):
    _count[0] += 1
    n = 40100 + _count[0] * 7
    subject = (subject or SUBJECTS[_count[0] % len(SUBJECTS)]).format(n=n)
    msgid = msgid or "<%s.%d@%s>" % (time.strftime("%Y%m%d%H%M%S", time.gmtime(now())), n,
                                     sender.rpartition("@")[2] or "example.org")
    text = ("From: %s\r\nTo: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: %s\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n"
            % (from_header or sender, ", ".join(rcpts), subject, email.utils.formatdate(now()), msgid,
               body or "Hello,\r\n\r\nthis is a message of the lab.\r\n"))
    return msgid, text


class Scene:
    """Messages given to one program, and what became of each recipient."""

    def __init__(self, file):
        self.file = file
        self.sent = []          # dicts: sender, rcpts, msgid, window [from, to)
        self.windows = []       # record ranges of queue runs
        self.expired = False
        BOOK.record.clear()
        BOOK.rules = []

    def rules(self, rules):
        BOOK.rules = list(rules)

    def begin(self, sender, rcpts, msgid):
        self.sent.append(dict(sender=sender, rcpts=list(rcpts), msgid=msgid, start=len(BOOK.record), end=None))

    def settle(self):
        """Call when the program is idle: what was recorded belongs to the messages just sent."""
        for sent in self.sent:
            if sent["end"] is None:
                sent["end"] = len(BOOK.record)

    def queue_run(self, start):
        self.windows.append((start, len(BOOK.record)))

    def local(self, rcpt, enhanced, verdict="refused", **more):
        TRUTH.append(dict({"file": self.file, "reply_code": None, "enhanced_status": enhanced, "stage": None,
                           "final_recipient": rcpt, "sender": None, "verdict": verdict, "attempts": 1,
                           "by": "own program"}, **more))

    def finish(self, still_queued=(), given_up=()):
        """Adds the truth: one line per message and recipient that was not accepted."""
        for sent in self.sent:
            for rcpt in sent["rcpts"]:
                domain = rcpt.rpartition("@")[2]
                hosts = world.MX.get(domain, [])
                mine, tries = [], set()
                for index, rec in enumerate(BOOK.record):
                    windows = [(sent["start"], sent["end"])] + self.windows
                    inside = [window for window in windows if window[0] <= index < window[1]]
                    if not inside:
                        continue
                    if rec["stage"] in ("accepted", "end_of_data"):
                        hit = rec["message_id"] == sent["msgid"] and rcpt in rec["rcpts"]
                    elif rec["stage"] in ("rcpt_to",):
                        hit = rcpt in rec["rcpts"] and rec["sender"] == sent["sender"]
                    elif rec["stage"] in ("data", "mail_from"):
                        hit = rec["sender"] == sent["sender"] and rec["host"] in (sent.get("hosts") or hosts)
                    else:
                        hit = rec["host"] in (sent.get("hosts") or hosts)
                    if hit:
                        mine.append(rec)
                        tries.add(inside[0])
                if not mine or mine[-1]["stage"] == "accepted":
                    continue
                last = mine[-1]
                key = (sent["sender"], rcpt)
                if key in given_up:
                    verdict = "expired"
                elif key in still_queued or rcpt in still_queued:
                    verdict = "deferred"
                else:
                    verdict = "refused"
                TRUTH.append({"file": self.file, "reply_code": last["reply_code"],
                              "enhanced_status": last["enhanced_status"], "stage": last["stage"],
                              "final_recipient": rcpt, "sender": sent["sender"], "verdict": verdict,
                              "attempts": len(tries), "by": last["host"]})


def submit(server, sender, rcpts, subject=None, source="192.0.2.30", scene=None, truth_rcpts=None, helo=None,
           from_header=None, body=None, port=25):
    """Hands one message to a real server as a client would."""
    msgid, text = message(sender, rcpts, subject, from_header=from_header, body=body)
    if scene:
        scene.begin(sender, truth_rcpts or rcpts, msgid)
    with smtplib.SMTP(server, port, local_hostname=helo or _name_of(source), source_address=(source, 0),
                      timeout=30) as client:
        client.sendmail(sender, rcpts, text.encode("utf-8"))
    return msgid


def client(server, sender, rcpts, subject, source, helo, body, scene):
    """As submit(), but one that notes what the real server refused, as its client saw it."""
    msgid, text = message(sender, rcpts, subject, body=body)

    def note(stage, rcpt, code, reply):
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
        found = scripted_mx.ESC.match("%d %s" % (code, text))
        TRUTH.append({"file": scene.file, "reply_code": code, "enhanced_status": found.group(1) if found else None,
                      "stage": stage, "final_recipient": rcpt, "sender": sender,
                      "verdict": "refused" if code >= 500 else "temporary", "attempts": 1, "by": "own server"})

    with smtplib.SMTP(server, 25, local_hostname=helo or _name_of(source), source_address=(source, 0), timeout=30) as smtp:
        code, reply = smtp.ehlo()
        if code >= 400:
            return note("ehlo", None, code, reply)
        code, reply = smtp.mail(sender)
        if code >= 400:
            for rcpt in rcpts:
                note("mail_from", None, code, reply)
            return None
        taken = []
        for rcpt in rcpts:
            code, reply = smtp.rcpt(rcpt)
            if code >= 400:
                note("rcpt_to", rcpt, code, reply)
            else:
                taken.append(rcpt)
        if not taken:
            return None
        try:
            code, reply = smtp.data(text.encode("utf-8"))
        except smtplib.SMTPDataError as refused:
            code, reply = refused.smtp_code, refused.smtp_error
            for rcpt in taken:
                note("data", rcpt, code, reply)
            return None
        if code >= 400:
            for rcpt in taken:
                note("end_of_data", rcpt, code, reply)
                if code == 552:
                    # Postfix refuses an oversized message without a reject line.
                    TRUTH[-1]["in_file"] = False
    return None


def knock(server, source, scene):
    """Connects and reads the greeting; notes it if it is a refusal."""
    with socket.create_connection((server, 25), 10, (source, 0)) as peer:
        reply = peer.makefile("rb").readline().decode("utf-8", "replace").strip()
    if reply[:1] in "45":
        found = scripted_mx.ESC.match(reply)
        TRUTH.append({"file": scene.file, "reply_code": int(reply[:3]), "enhanced_status": found.group(1) if found else None,
                      "stage": "connect", "final_recipient": None, "sender": None, "verdict": "refused",
                      "attempts": 1, "by": "own server"})


def same_truth(file, other):
    """A second file that shows the same events."""
    TRUTH.extend([dict(line, file=other) for line in TRUTH if line["file"] == file])


def compress(name, other):
    with open(os.path.join(OUT, name), "rb") as source, open(os.path.join(OUT, other), "wb") as target:
        with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as packed:
            packed.write(source.read())
    os.remove(os.path.join(OUT, name))
    for line in TRUTH:
        if line["file"] == name:
            line["file"] = other


def milter(port):
    """A mail filter, just enough of the protocol to refuse by subject at the end of a message."""

    def talk(peer):
        subject = ""
        stream = peer.makefile("rb")
        while True:
            head = stream.read(4)
            if len(head) < 4:
                return
            packet = stream.read(struct.unpack("!I", head)[0])
            kind, rest = packet[:1], packet[1:]

            def answer(data):
                peer.sendall(struct.pack("!I", len(data)) + data)

            if kind == b"O":
                answer(b"O" + struct.pack("!III", 6, 0, 0))
            elif kind == b"L":
                key, value = rest.split(b"\0")[:2]
                if key.lower() == b"subject":
                    subject = value.decode("utf-8", "replace")
                answer(b"c")
            elif kind == b"E":
                if "milter" in subject:
                    answer(b"y550 5.7.1 Rejected by the mail filter\0")
                else:
                    answer(b"c")
                subject = ""
            elif kind in b"CHMRTNB":
                answer(b"c")
            elif kind == b"Q":
                return

    listener = socket.create_server(("127.0.0.1", port))

    def loop():
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=talk, args=(peer,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def _name_of(address):
    for name, known in world.OURS.items():
        if known == address:
            return name
    return "localhost.localdomain"


def listening(address, port=25):
    """Waits for a server without connecting, which would leave lines in its log."""
    raw = socket.inet_aton(address)
    want = "%s:%04X" % (raw[::-1].hex().upper(), port)
    for _ in range(200):
        with open("/proc/net/tcp") as table:
            if any(line.split()[1] == want and line.split()[3] == "0A" for line in table):
                return
        time.sleep(0.05)
    raise RuntimeError("nothing listens at %s" % address)


# ------------------------------------------------------------------- Postfix

class Postfix:
    spool = "/var/spool/postfix"

    def __init__(self, log, hostname="out1", address="192.0.2.26", syslog=False, **settings):
        self.log = log
        self.address = address
        subprocess.run(["hostname", hostname], check=True)
        if os.path.exists(log):
            os.remove(log)
        for queue in ("deferred", "active", "incoming", "maildrop", "bounce", "defer", "hold"):
            for folder, _, files in os.walk(os.path.join(self.spool, queue)):
                for name in files:
                    os.remove(os.path.join(folder, name))
        shutil.copy("/etc/postfix/master.cf.proto", "/etc/postfix/master.cf")
        main = {
            "compatibility_level": "3.6", "myhostname": hostname + ".example.org", "mydomain": "example.org",
            "myorigin": "example.org", "mydestination": "$myhostname, localhost, bounces.example.org",
            "mynetworks": "127.0.0.0/8, 192.0.2.0/25", "inet_interfaces": address + ", 127.0.0.1", "inet_protocols": "ipv4",
            "smtp_bind_address": address, "smtp_address_preference": "ipv4", "biff": "no",
            "smtpd_banner": "$myhostname ESMTP Postfix", "alias_maps": "hash:/etc/aliases",
            "alias_database": "hash:/etc/aliases", "mailbox_size_limit": "0", "recipient_delimiter": "+",
            "import_environment": "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1",
            "smtp_connect_timeout": "5s", "smtp_helo_timeout": "10s", "queue_run_delay": "100d",
            "minimal_backoff_time": "1000s", "maximal_backoff_time": "4000s", "smtp_tls_security_level": "none",
            "smtpd_tls_security_level": "none", "smtputf8_enable": "no", "notify_classes": "",
            "smtp_connection_cache_on_demand": "no", "destination_concurrency_feedback_debug": "no",
            "default_destination_concurrency_failed_cohort_limit": "0",
        }
        if syslog:
            main["maillog_file"] = ""
        else:
            main["maillog_file"] = log
        main.update(settings)
        write("/etc/postfix/main.cf", "".join("%s = %s\n" % item for item in main.items()))
        write("/etc/aliases", "postmaster: root\nroot: keeper\nteam: marta.vidal@studio.example.net, j.doe@example.net\n")
        run("newaliases")
        run("postconf", "-F", "*/*/chroot = n")

    def start(self):
        run("postfix", "start", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        listening(self.address)
        time.sleep(0.3)

    def idle(self, quiet=0.12):
        """Waits until no message moves."""
        calm = 0
        for _ in range(600):
            busy = 0
            for queue in ("maildrop", "incoming", "active"):
                for _, _, files in os.walk(os.path.join(self.spool, queue)):
                    busy += len(files)
            calm = 0 if busy else calm + 1
            if calm >= 3:
                return
            time.sleep(quiet / 3)
        raise RuntimeError("Postfix does not come to rest")

    def queued(self):
        """(sender, recipient) of what is still in the queue, as Postfix says."""
        found = set()
        for line in output("postqueue", "-j").splitlines():
            if line.startswith("{"):
                item = json.loads(line)
                for rcpt in item["recipients"]:
                    found.add((item["sender"], rcpt["address"]))
        return found

    def flush(self, scene=None):
        start = len(BOOK.record)
        run("postqueue", "-f")
        time.sleep(0.4)
        self.idle()
        time.sleep(0.2)
        self.idle()
        if scene:
            scene.queue_run(start)

    def stop(self):
        time.sleep(0.3)
        run("postfix", "stop", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        time.sleep(0.3)

    def keep(self, name):
        keep(self.log, name)


def keep(source, name):
    target = os.path.join(OUT, name)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, 0o644)


def keep_text(text, name):
    write(os.path.join(OUT, name), text)


# ------------------------------------------------------------------- rsyslog

class Rsyslog:
    """A real rsyslogd that writes the same lines in two time formats."""

    def __init__(self, rfc3339, traditional):
        for path in (rfc3339, traditional):
            if os.path.exists(path):
                os.remove(path)
        write("/lab/rsyslog.conf", """
module(load="imuxsock" SysSock.Name="/dev/log" SysSock.UseSysTimeStamp="off")
global(workDirectory="/lab")
$FileCreateMode 0644
*.* action(type="omfile" file="%s" template="RSYSLOG_FileFormat")
*.* action(type="omfile" file="%s" template="RSYSLOG_TraditionalFileFormat")
""" % (rfc3339, traditional))
        self.process = subprocess.Popen(["rsyslogd", "-n", "-f", "/lab/rsyslog.conf", "-i", "/lab/rsyslog.pid"], env=ENV,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if os.path.exists("/dev/log"):
                return
            time.sleep(0.05)

    def stop(self):
        time.sleep(0.5)
        self.process.terminate()
        self.process.wait()


# ---------------------------------------------------------------------- Exim

class Exim:
    spool = "/var/spool/exim4"
    logs = "/var/log/exim4"

    def __init__(self, config, hostname="mail", address="192.0.2.25"):
        subprocess.run(["hostname", hostname], check=True)
        self.address = address
        user = pwd.getpwnam("Debian-exim")
        for folder in (self.spool, self.logs):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            os.chown(folder, user.pw_uid, user.pw_gid)
            os.chmod(folder, 0o750)
        write("/etc/exim4/exim4.conf", config)
        os.makedirs("/lab/maildir", exist_ok=True)
        os.chown("/lab/maildir", user.pw_uid, user.pw_gid)

    def start(self):
        # Exim takes message ids from the monotonic clock, which has to move with the other one.
        env = {key: value for key, value in ENV.items() if key != "FAKETIME_DONT_FAKE_MONOTONIC"}
        self.process = subprocess.Popen(["exim4", "-bdf", "-oX", "%s.25" % self.address], env=env)
        listening(self.address)

    def idle(self):
        calm = 0
        for _ in range(600):
            children = subprocess.run(["pgrep", "-c", "-x", "exim4"], stdout=subprocess.PIPE).stdout
            calm = calm + 1 if int(children or 0) <= 1 else 0
            if calm >= 3:
                return
            time.sleep(0.05)
        raise RuntimeError("Exim does not come to rest")

    def queued(self):
        found, sender = set(), ""
        for line in output("exim4", "-bp").splitlines():
            head = re.match(r"\s*\d+\w\s+\S+\s+\S+ <([^>]*)>", line)
            if head:
                sender = head.group(1)
            elif re.match(r"\s{8,}\S+@\S+$", line):
                found.add((sender, line.strip()))
        return found

    def flush(self, scene=None):
        start = len(BOOK.record)
        run("exim4", "-qff")
        self.idle()
        if scene:
            scene.queue_run(start)

    def stop(self):
        time.sleep(0.3)
        self.process.terminate()
        self.process.wait()
        time.sleep(0.2)
