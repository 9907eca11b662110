"""A scene with OpenSMTPD, which logs through syslog only."""

import os
import subprocess
import time

import kit
import world

SCENES = {}

CONFIG = """
queue ttl 2d
table everyone { "@" = "keeper" }
listen on 192.0.2.27 port 25 hostname out2.example.org
action "in" maildir "/lab/maildir/opensmtpd" virtual <everyone>
action "out" relay src 192.0.2.27 helo out2.example.org
match from any for domain { "example.org", "*.example.org" } rcpt-to regex "^(office|news|list|billing|offers|robot|scanner|batch|bulk)@" action "in"
match from any for any action "out"
"""


def opensmtpd_all_rows():
    name = "opensmtpd/all-rows.log"
    book = kit.Scene(name)
    kit.run("hostname", "out2")
    kit.at("2026-11-19 05:59:00")
    kit.write("/etc/smtpd.conf", CONFIG)
    os.makedirs("/lab/maildir/opensmtpd", exist_ok=True)
    kit.run("chown", "keeper", "/lab/maildir/opensmtpd")
    rsyslog = kit.Rsyslog("/lab/rfc3339.log", "/lab/traditional.log")
    process = subprocess.Popen(["smtpd", "-F"], env=kit.ENV)
    kit.listening("192.0.2.27")
    cases = [case for case in world.every_row() if case.rule.times is None and not case.rcpt.startswith("slow@")]
    book.rules([case.rule for case in cases])
    kit.at("2026-11-19 06:01:30")
    for number, case in enumerate(cases):
        if case.rule.stage not in ("mail_from", "data"):
            kit.submit("192.0.2.27", case.sender, [world.GOOD[number % len(world.GOOD)]], source="192.0.2.31", scene=book)
        kit.submit("192.0.2.27", case.sender, [case.rcpt], subject=case.subject, scene=book)
        settle()
        book.settle()
        kit.later(377 + 13 * (number % 6))
    left = queued()
    process.terminate()
    process.wait()
    rsyslog.stop()
    kit.keep("/lab/traditional.log", name)
    book.finish(still_queued=left)


def queued():
    """What is still in the queue, from the program's own list."""
    found = set()
    for line in kit.output("smtpctl", "show", "queue").splitlines():
        fields = line.split("|")
        if len(fields) > 6 and fields[2] == "mta":
            found.add((fields[4], fields[6]))
    return found


def settle():
    """Waits until the record of the scripted server stands still and nothing is in flight."""
    last, calm = -1, 0
    for _ in range(200):
        size = os.path.getsize("/lab/traditional.log") + len(kit.BOOK.record)
        calm = calm + 1 if size == last else 0
        last = size
        if calm >= 6:
            return
        time.sleep(0.1)


SCENES["opensmtpd_all_rows"] = opensmtpd_all_rows
