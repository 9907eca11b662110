"""A scripted SMTP and LMTP server, and the small DNS server that leads to it.

The server refuses what its rules name and accepts the rest. A rule says at
which stage it acts, what it looks at, and the reply lines it sends, word for
word. Every refusal is recorded, so that the lab knows what it did without
reading a log.

Stages: connect, ehlo, starttls, auth, mail_from, rcpt_to, data, end_of_data.
"""

import re
import socket
import socketserver
import ssl
import struct
import threading
import time

ESC = re.compile(r"^[245]\d\d[ -]([245]\.\d{1,3}\.\d{1,3})\b")


class Rule:
    """One scripted answer. `times` limits how often it acts per recipient (greylisting)."""

    def __init__(self, stage, reply, host=None, rcpt=None, sender=None, header_from=None, ip=None,
                 subject=None, times=None, drop=False):
        self.stage = stage
        self.reply = [reply] if isinstance(reply, str) else list(reply)
        self.host, self.rcpt, self.sender, self.ip, self.subject = host, rcpt, sender, ip, subject
        self.header_from = header_from
        self.times, self.drop = times, drop
        self.used = {}

    @property
    def code(self):
        return int(self.reply[0][:3])

    @property
    def enhanced(self):
        found = ESC.match(self.reply[0])
        return found.group(1) if found else None

    def fits(self, stage, host, ip, sender, rcpt, subject, header_from):
        if stage != self.stage:
            return False
        for want, value in ((self.host, host), (self.ip, ip), (self.sender, sender),
                            (self.rcpt, rcpt), (self.subject, subject),
                            (self.header_from, header_from)):
            if want is not None and not re.search(want, value or "", re.I):
                return False
        if self.times is not None:
            key = (sender, rcpt)
            if self.used.get(key, 0) >= self.times:
                return False
            self.used[key] = self.used.get(key, 0) + 1
        return True


class Book:
    """Rules in force and the record of what was refused or accepted."""

    def __init__(self):
        self.lock = threading.Lock()
        self.rules = []
        self.record = []
        self.serial = 0x4D4A1F

    def find(self, *what):
        with self.lock:
            for rule in self.rules:
                if rule.fits(*what):
                    return rule
        return None

    def note(self, **what):
        with self.lock:
            self.record.append(what)

    def queue_id(self):
        with self.lock:
            self.serial += 7919
            return "4b%XzZ" % self.serial


class Session(socketserver.StreamRequestHandler):
    host = "mx.example.net"
    banner = "220 {host} ESMTP"
    accept = "250 2.0.0 Ok: queued as {id}"
    lmtp = False
    caps = ("PIPELINING", "SIZE 35882577", "8BITMIME", "ENHANCEDSTATUSCODES")
    context = None
    auth_ok = False
    book = None
    wrapped = False

    def say(self, lines):
        if isinstance(lines, str):
            lines = [lines]
        text = "".join(self.fill(line) + "\r\n" for line in lines)
        self.connection.sendall(text.encode("utf-8"))

    def fill(self, line):
        for key, value in (("host", self.host), ("rcpt", self.rcpt or ""), ("from", self.sender or ""),
                           ("ip", self.client_address[0]), ("id", self.qid),
                           ("domain", (self.rcpt or "@").rpartition("@")[2]),
                           ("fromdomain", (self.sender or "@").rpartition("@")[2]),
                           ("helo", self.helo or "")):
            line = line.replace("{%s}" % key, value)
        return line

    def refuse(self, stage, rcpt=None):
        """Sends the refusal a rule has for this stage; true if there was one."""
        rule = self.book.find(stage, self.host, self.client_address[0], self.sender, rcpt,
                              self.subject, self.header_from)
        if not rule:
            return None
        self.rcpt = rcpt or (self.rcpts[0] if self.rcpts else self.rcpt)
        self.book.note(stage=stage, host=self.host, ip=self.client_address[0], sender=self.sender,
                       rcpts=[rcpt] if rcpt else list(self.rcpts), reply_code=rule.code,
                       enhanced_status=rule.enhanced, message_id=self.message_id,
                       reply=[self.fill(line) for line in rule.reply])
        self.say(rule.reply)
        return rule

    def reset(self):
        self.sender, self.rcpts, self.rcpt = None, [], None
        self.subject = self.message_id = self.header_from = None
        self.qid = self.book.queue_id()

    def handle(self):
        self.helo = None
        self.tls = self.wrapped
        self.logged_in = False
        self.reset()
        try:
            if self.refuse("connect"):
                # The client may still say QUIT.
                self.connection.settimeout(5)
                self.rfile.readline()
                return
            self.say(self.banner)
            while True:
                line = self.rfile.readline(4096)
                if not line:
                    return
                line = line.decode("utf-8", "replace").rstrip("\r\n")
                if self.command(line) == "close":
                    return
        except (ConnectionError, socket.timeout, ssl.SSLError):
            return

    def command(self, line):
        verb = line.split(" ")[0].upper()
        address = re.search(r"<([^>]*)>", line)
        if verb in ("EHLO", "HELO", "LHLO"):
            self.helo = line.partition(" ")[2]
            self.reset()
            rule = self.refuse("ehlo")
            if rule:
                return "close" if rule.drop else None
            if verb == "HELO":
                return self.say("250 {host}")
            caps = list(self.caps)
            if self.context and not self.tls:
                caps.append("STARTTLS")
            if self.auth_ok or self.context:
                caps.append("AUTH PLAIN LOGIN")
            lines = ["250-{host}"] + ["250-" + c for c in caps]
            lines[-1] = lines[-1].replace("250-", "250 ", 1)
            return self.say(lines)
        if verb == "STARTTLS":
            if self.refuse("starttls"):
                return None
            if not self.context:
                return self.say("502 5.5.1 Error: command not implemented")
            self.say("220 2.0.0 Ready to start TLS")
            self.connection = self.context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.tls = True
            return None
        if verb == "AUTH":
            parts = line.split(" ")
            if len(parts) < 3 and parts[1].upper() == "PLAIN":
                self.say("334 ")
                self.rfile.readline()
            elif parts[1].upper() == "LOGIN":
                if len(parts) < 3:
                    self.say("334 VXNlcm5hbWU6")
                    self.rfile.readline()
                self.say("334 UGFzc3dvcmQ6")
                self.rfile.readline()
            if self.refuse("auth"):
                return None
            self.logged_in = True
            return self.say("235 2.7.0 Authentication successful")
        if verb == "MAIL":
            self.reset()
            self.sender = address.group(1) if address else ""
            rule = self.refuse("mail_from")
            if rule:
                self.failed_mail = True
                return None
            self.failed_mail = False
            return self.say("250 2.1.0 Ok")
        if verb == "RCPT":
            rcpt = address.group(1) if address else ""
            if getattr(self, "failed_mail", False):
                return self.say("503 5.5.1 Error: need MAIL command")
            if self.refuse("rcpt_to", rcpt):
                return None
            self.rcpts.append(rcpt)
            self.rcpt = rcpt
            return self.say("250 2.1.5 Ok")
        if verb == "DATA":
            if not self.rcpts:
                return self.say("554 5.5.1 Error: no valid recipients")
            if self.refuse("data"):
                return None
            self.say("354 End data with <CR><LF>.<CR><LF>")
            return self.body()
        if verb in ("RSET", "NOOP"):
            if verb == "RSET":
                self.reset()
            return self.say("250 2.0.0 Ok")
        if verb == "QUIT":
            self.say("221 2.0.0 Bye")
            return "close"
        return self.say("502 5.5.2 Error: command not recognized")

    def body(self):
        head = True
        while True:
            line = self.rfile.readline(65536)
            if not line:
                return "close"
            if line in (b".\r\n", b".\n"):
                break
            text = line.decode("utf-8", "replace").strip()
            if not text:
                head = False
            if head and text.lower().startswith("subject:"):
                self.subject = text[8:].strip()
            if head and text.lower().startswith("message-id:"):
                self.message_id = text[11:].strip()
            if head and text.lower().startswith("from:"):
                self.header_from = text[5:].strip()
        rcpts = list(self.rcpts)
        if self.lmtp:
            for rcpt in rcpts:
                if not self.refuse("end_of_data", rcpt):
                    self.rcpt = rcpt
                    self.say(self.accept)
                    self.took([rcpt])
        else:
            # One verdict for all recipients: the first rule that fits any of them.
            for rcpt in rcpts:
                self.rcpt = rcpt
                rule = self.book.find("end_of_data", self.host, self.client_address[0], self.sender,
                                      rcpt, self.subject, self.header_from)
                if rule:
                    self.book.note(stage="end_of_data", host=self.host, ip=self.client_address[0],
                                   sender=self.sender, rcpts=rcpts, reply_code=rule.code,
                                   enhanced_status=rule.enhanced, message_id=self.message_id,
                                   reply=[self.fill(line) for line in rule.reply])
                    self.say(rule.reply)
                    break
            else:
                self.say(self.accept)
                self.took(rcpts)
        self.reset()
        return None

    def took(self, rcpts):
        self.book.note(stage="accepted", host=self.host, ip=self.client_address[0], sender=self.sender,
                       rcpts=rcpts, reply_code=250, enhanced_status=None, message_id=self.message_id,
                       reply=[self.fill(self.accept)])


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, where, session, context=None):
        super().__init__(where, session)
        self.context = context

    def get_request(self):
        connection, where = super().get_request()
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True)
        return connection, where

    def handle_error(self, request, client_address):
        pass


def serve(book, address, host, port=25, implicit_tls=None, **more):
    """Starts one scripted host in a thread of its own."""
    kind = type("Session", (Session,), dict(more, host=host, book=book, wrapped=bool(implicit_tls)))
    server = Server((address, port), kind, implicit_tls)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


# ------------------------------------------------------------------- DNS

TYPES = {1: "A", 2: "NS", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA"}


def _name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        if label:
            out += bytes([len(label)]) + label.encode("ascii")
    return out + b"\0"


def _rdata(kind, value):
    if kind == "A":
        return socket.inet_aton(value)
    if kind == "MX":
        return struct.pack("!H", value[0]) + _name(value[1])
    if kind == "TXT":
        raw = value.encode("utf-8")
        return bytes([len(raw)]) + raw
    return _name(value)


def dns(zone, address="127.0.0.1"):
    """A name server for the lab: zone is {name: {"A": [...], "MX": [(10, host)], ...}}."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((address, 53))
    numbers = {name: number for number, name in TYPES.items()}

    def loop():
        while True:
            packet, client = udp.recvfrom(4096)
            try:
                at, labels = 12, []
                while packet[at]:
                    labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii", "replace"))
                    at += packet[at] + 1
                number = struct.unpack("!H", packet[at + 1:at + 3])[0]
                question = packet[12:at + 5]
                name = ".".join(labels).lower()
                known = zone.get(name)
                answers = [(number, value) for value in (known or {}).get(TYPES.get(number, ""), [])]
                code = 0 if known is not None or any(n.endswith("." + name) for n in zone) else 3
                reply = packet[:2] + struct.pack("!HHHHH", 0x8580 | code, 1, len(answers), 0, 0) + question
                for kind, value in answers:
                    data = _rdata(TYPES[kind], value)
                    reply += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 300, len(data)) + data
                udp.sendto(reply, client)
            except (IndexError, struct.error, OSError):
                time.sleep(0)

    threading.Thread(target=loop, daemon=True).start()
    return numbers
