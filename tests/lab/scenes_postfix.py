"""Scenes with Postfix."""

import os
import shutil
import smtplib
import time

import kit
import scripted_mx
import world
from scripted_mx import Rule

SCENES = {}


def scene(function):
    SCENES[function.__name__] = function
    return function


def _cases(postfix, book, cases, start, gap=340, mix=True):
    """Sends every case, with accepted mail in between."""
    kit.at(start)
    for number, case in enumerate(cases):
        if mix:
            good = world.GOOD[number % len(world.GOOD)]
            kit.submit(postfix.address, case.sender, [good], source="192.0.2.31" if number % 3 else "192.0.2.30", scene=book)
        kit.submit(postfix.address, case.sender, [case.rcpt], subject=case.subject, scene=book)
        postfix.idle()
        book.settle()
        kit.later(gap + 17 * (number % 5))


@scene
def postfix_all_rows():
    name = "postfix/all-rows.log"
    book = kit.Scene(name)
    cases = world.every_row()
    book.rules([case.rule for case in cases] + [
        # a mailbox that stays full until the message is given up
        Rule("rcpt_to", "452 4.2.2 <{rcpt}>: Mailbox full", rcpt="^brimful@"),
        # LMTP: one answer per recipient after the final dot
        Rule("end_of_data", "550 5.1.1 <{rcpt}> User doesn't exist: {rcpt}", rcpt="^nobody@lmtp"),
        Rule("end_of_data", "552 5.2.2 <{rcpt}> Quota exceeded (mailbox for user is full)", rcpt="^stuffed@lmtp"),
    ])
    postfix = kit.Postfix("/var/log/lab.log", maximal_queue_lifetime="2d", bounce_queue_lifetime="2d",
                          transport_maps="inline:{ {lmtp.example.org = lmtp:inet:127.0.0.24:24} }",
                          virtual_mailbox_domains="members.example.org",
                          virtual_mailbox_maps="inline:{ {known@members.example.org = known/} }",
                          virtual_mailbox_base="/var/mail/vhosts", virtual_uid_maps="static:5000",
                          virtual_gid_maps="static:5000",
                          smtpd_relay_restrictions="permit_mynetworks, reject",
                          smtpd_reject_unlisted_recipient="no")
    os.makedirs("/var/mail/vhosts", exist_ok=True)
    os.chown("/var/mail/vhosts", 5000, 5000)
    lmtp = scripted_mx.serve(kit.BOOK, "127.0.0.24", "store.example.org", port=24, lmtp=True,
                             banner="220 store.example.org LMTP server ready", accept="250 2.0.0 <{rcpt}> {id} Saved")
    world.MX["lmtp.example.org"] = ["store.example.org"]
    _keep_notices(postfix)
    kit.at("2026-11-18 06:01:58")
    postfix.start()
    _cases(postfix, book, cases, "2026-11-18 06:02:11")
    # one message, several recipients, several verdicts
    for rcpts in (["j.doe@example.net", "contact@example.net", "jon.smth@example.net"],
                  ["ana.ruiz@studio.example.net", "full@studio.example.net", "marta.vidal@studio.example.net"],
                  ["roses@garden.example.com", "club@town.example.com", "mayor@town.example.com", "tickets@museum.example.com"]):
        kit.submit(postfix.address, "list@example.org", rcpts, source="192.0.2.32", scene=book)
        postfix.idle()
        book.settle()
        kit.later(611)
    # an alias that leads to two people, one of whom is gone
    kit.submit(postfix.address, "boss@example.org", ["team@out1.example.org"], scene=book,
               truth_rcpts=["j.doe@example.net", "marta.vidal@studio.example.net"])
    postfix.idle()
    book.settle()
    kit.later(420)
    # LMTP
    kit.submit(postfix.address, "office@example.org", ["nobody@lmtp.example.org", "anyone@lmtp.example.org", "stuffed@lmtp.example.org"], scene=book)
    postfix.idle()
    book.settle()
    kit.later(300)
    # our own unknown users: nobody answered over SMTP, Postfix itself says no
    kit.submit(postfix.address, "office@example.org", ["gone@out1.example.org"], scene=book, truth_rcpts=[])
    book.local("gone@out1.example.org", "5.1.1", sender="office@example.org")
    kit.submit(postfix.address, "office@example.org", ["typo@members.example.org", "known@members.example.org"], scene=book, truth_rcpts=[])
    book.local("typo@members.example.org", "5.1.1", sender="office@example.org")
    postfix.idle()
    book.settle()
    # a full mailbox: tried again and again, then given up
    kit.submit(postfix.address, "office@example.org", ["brimful@clinic.example.net"], scene=book)
    postfix.idle()
    book.settle()
    for wait in (900, 1800, 3600, 7200, 6 * 3600, 14 * 3600):
        kit.later(wait)
        postfix.flush(book)
    before = postfix.queued()
    kit.later(30 * 3600)
    postfix.flush(book)
    after = postfix.queued()
    postfix.stop()
    postfix.keep(name)
    _collect_notices("postfix")
    book.finish(still_queued=after, given_up=before - after)
    lmtp.shutdown()


def _keep_notices(postfix):
    """Notices for our senders go to one maildir, whoever the sender was."""
    shutil.rmtree("/var/mail/notices", ignore_errors=True)
    os.makedirs("/var/mail/notices")
    os.chown("/var/mail/notices", 5000, 5000)
    domains = ["example.org", "news.example.org", "pay.example.org", "shop.example.org", "intranet.example.org"]
    with open("/etc/postfix/main.cf") as source:
        text = source.read()
    old = ""
    for line in text.splitlines():
        if line.startswith("virtual_mailbox_"):
            old += line + "\n"
    text = "".join(line + "\n" for line in text.splitlines() if not line.startswith(("virtual_mailbox_", "virtual_uid", "virtual_gid")))
    maps = "".join("@%s notices/\n" % d for d in domains) + "known@members.example.org known/\n"
    kit.write("/etc/postfix/vmailbox", maps)
    kit.run("postmap", "/etc/postfix/vmailbox")
    text += ("virtual_mailbox_domains = %s members.example.org\nvirtual_mailbox_maps = hash:/etc/postfix/vmailbox\n"
             "virtual_mailbox_base = /var/mail\nvirtual_uid_maps = static:5000\nvirtual_gid_maps = static:5000\n"
             % " ".join(domains))
    os.makedirs("/var/mail/known", exist_ok=True)
    os.chown("/var/mail/known", 5000, 5000)
    kit.write("/etc/postfix/main.cf", text)


NOTICES = {}


def _collect_notices(kind):
    folder = "/var/mail/notices/new"
    found = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as source:
            found.append((name, source.read()))
    NOTICES[kind] = found


@scene
def postfix_relay_denied():
    """A mail relay moved: the new one wants a login, one application does not have it."""
    name = "postfix/relay-denied.log"
    book = kit.Scene(name)
    relay = "198.51.100.62"
    postfix = kit.Postfix("/var/log/lab.log", hostname="app1", address="192.0.2.33", relayhost="[relay.example.com]:25",
                          myorigin="example.org")
    _keep_notices(postfix)
    kit.at("2026-11-17 05:58:02")
    postfix.start()
    people = ["marta.vidal@studio.example.net", "contact@example.net", "desk@library.example.org", "lea@photo.example.org",
              "mayor@town.example.com", "j.doe@example.net", "teacher@school.example.net", "oven@bakery.example.com"]
    inside = ["accounts@example.com", "warehouse@example.com"]
    senders = ["orders@shop.example.org", "invoices@example.org", "orders@shop.example.org", "cron@app1.example.org"]
    denied = Rule("rcpt_to", "554 5.7.1 <{rcpt}>: Relay access denied", host="^relay", rcpt=r"@(?!example\.com$)", ip="192.0.2.33")
    kit.at("2026-11-17 06:02:40")
    for n in range(52):
        if n == 20:  # the move, at about ten in the morning of the second day
            kit.at("2026-11-18 10:04:12")
            book.rules([denied])
        rcpts = [inside[n % 2]] if n % 4 == 3 else [people[(n * 3) % len(people)]]
        if n % 11 == 5:
            rcpts = rcpts + [inside[0]]
        kit.submit(postfix.address, senders[n % 4], rcpts, source="192.0.2.33", scene=book)
        book.sent[-1]["hosts"] = ["relay.example.com"]
        if n % 5 == 2:
            kit.later(2)
            continue
        postfix.idle()
        book.settle()
        kit.later(1490 + 313 * (n % 6))
    postfix.idle()
    book.settle()
    postfix.stop()
    postfix.keep(name)
    book.finish()


@scene
def postfix_gmail():
    """One of three sending domains lost its SPF and DKIM records; only Gmail refuses it."""
    name = "postfix/gmail-unauthenticated.log"
    book = kit.Scene(name)
    postfix = kit.Postfix("/var/log/lab.log")
    _keep_notices(postfix)
    kit.at("2026-11-19 07:11:30")
    postfix.start()
    gmail = ["tom@friends.example.net", "mia@friends.example.net", "leo@friends.example.net", "marta.vidal@studio.example.net",
             "noor@friends.example.net", "ivo@friends.example.net", "ana@friends.example.net"]
    others = ["contact@example.net", "inga@nordic.example.com", "lea@photo.example.org", "vorstand@verein.example.org",
              "mayor@town.example.com", "desk@library.example.org", "hugo@travel.example.net"]
    senders = ["news@news.example.org", "office@example.org", "orders@shop.example.org"]
    refusal = Rule("end_of_data", world.UNAUTHENTICATED, host="google", sender="@news.example.org$")
    kit.at("2026-11-19 07:14:09")
    for n in range(66):
        if n == 21:
            kit.at("2026-11-19 14:31:07")
            book.rules([refusal])
        sender = senders[(n * 2) % 3]
        rcpt = gmail[n % 7] if n % 5 in (0, 2, 3) else others[n % 7]
        kit.submit(postfix.address, sender, [rcpt], source="192.0.2.31" if sender.endswith("shop.example.org") else "192.0.2.30", scene=book)
        if n % 3 == 2:
            postfix.idle()
            book.settle()
            kit.later(900 + 127 * (n % 5))
        else:
            kit.later(2)
    postfix.idle()
    book.settle()
    postfix.stop()
    postfix.keep(name)
    book.finish()


@scene
def postfix_syslog():
    """The same daemon through rsyslog, once with each kind of time stamp."""
    name = "postfix/rfc3339.log"
    book = kit.Scene(name)
    cases = [case for n, case in enumerate(world.every_row()) if n % 2 == 0]
    book.rules([case.rule for case in cases])
    kit.at("2026-11-20 21:40:00")
    rsyslog = kit.Rsyslog("/lab/rfc3339.log", "/lab/traditional.log")
    postfix = kit.Postfix("/var/log/lab.log", hostname="out1", syslog=True)
    _keep_notices(postfix)
    postfix.start()
    _cases(postfix, book, cases, "2026-11-20 21:44:30", gap=700)
    left = postfix.queued()
    postfix.stop()
    rsyslog.stop()
    kit.keep("/lab/rfc3339.log", name)
    book.finish(still_queued=left)
    kit.keep("/lab/traditional.log", "postfix/mail.log.1")
    kit.same_truth(name, "postfix/mail.log.1")
    kit.compress("postfix/mail.log.1", "postfix/mail.log.1.gz")


@scene
def postfix_incoming():
    """Our own Postfix refuses others: relay, unknown users, senders, clients, HELO, content."""
    name = "postfix/incoming-rejects.log"
    book = kit.Scene(name)
    postfix = kit.Postfix(
        "/var/log/lab.log", hostname="mail", address="192.0.2.25",
        mynetworks="127.0.0.0/8, 192.0.2.25/32", mydestination="$myhostname",
        virtual_mailbox_domains="example.org", virtual_mailbox_base="/var/mail", virtual_uid_maps="static:5000",
        virtual_gid_maps="static:5000",
        virtual_mailbox_maps="inline:{ {office@example.org = notices/} {info@example.org = notices/} {later@example.org = notices/} }",
        smtpd_helo_required="yes",
        smtpd_client_restrictions="check_client_access inline:{ {203.0.113.200 = REJECT Your network is not welcome here} }",
        smtpd_helo_restrictions="reject_invalid_helo_hostname, check_helo_access inline:{ {mail.example.org = REJECT That is my name} }",
        smtpd_sender_restrictions="check_sender_access inline:{ {spam@elsewhere.example.com = REJECT Sender is on our local list} }, reject_non_fqdn_sender, reject_unknown_sender_domain",
        smtpd_relay_restrictions="permit_mynetworks, reject_unauth_destination",
        smtpd_recipient_restrictions="reject_unlisted_recipient, check_recipient_access inline:{ {later@example.org = 450 4.7.1 Not now} }, reject_rbl_client zen.spamhaus.org",
        header_checks="regexp:/etc/postfix/header_checks", body_checks="regexp:/etc/postfix/body_checks",
        message_size_limit="20000", unknown_address_reject_code="550", unknown_address_tempfail_action="defer_if_permit",
        smtpd_data_restrictions="reject_unauth_pipelining", smtpd_milters="inet:127.0.0.1:8899", milter_default_action="accept")
    kit.write("/etc/postfix/header_checks", "/^Subject:.*lottery/ REJECT Subject is on our list\n/^X-Lab-Quiet:/ DISCARD\n")
    kit.write("/etc/postfix/body_checks", "/free-prize\\.example/ REJECT Link is on our list\n")
    kit.milter(8899)
    kit.at("2026-11-21 03:00:05")
    postfix.start()
    kit.at("2026-11-21 03:12:44")
    el, dyn = "203.0.113.9", "203.0.113.44"
    tries = [
        # source, helo, sender, recipients, subject or body
        (el, None, "anna@elsewhere.example.com", ["office@example.org"], None, None),
        (el, None, "anna@elsewhere.example.com", ["offcie@example.org"], None, None),
        (dyn, None, "who@elsewhere.example.com", ["someone@elsewhere.example.com"], None, None),
        ("203.0.113.130", "friend", "a@elsewhere.example.com", ["victim@example.net"], None, None),
        (el, None, "anna@nowhere.example", ["office@example.org"], None, None),
        (el, None, "spam@elsewhere.example.com", ["info@example.org"], None, None),
        ("203.0.113.200", "mx.elsewhere.example.com", "b@elsewhere.example.com", ["info@example.org"], None, None),
        ("203.0.113.66", "mx66.elsewhere.example.com", "c@elsewhere.example.com", ["info@example.org"], None, None),
        (dyn, "mail.example.org", "d@elsewhere.example.com", ["info@example.org"], None, None),
        (dyn, "-bad-", "d@elsewhere.example.com", ["info@example.org"], None, None),
        (el, None, "anna@elsewhere.example.com", ["office@example.org"], "You won the lottery", None),
        (el, None, "anna@elsewhere.example.com", ["office@example.org"], None, "See http://free-prize.example/now\r\n"),
        (el, None, "anna@elsewhere.example.com", ["office@example.org"], "milter please refuse", None),
        (el, None, "anna@elsewhere.example.com", ["later@example.org"], None, None),
        (el, None, "anna@elsewhere.example.com", ["office@example.org", "offcie@example.org", "info@example.org"], None, None),
        (el, None, "anna", ["office@example.org"], None, None),
        (el, None, "anna@elsewhere.example.com", ["office@example.org"], "A long report", ("x" * 70 + "\r\n") * 400),
        (el, None, "", ["nobody@example.org"], "Undelivered Mail Returned to Sender", None),
        (el, None, "anna@elsewhere.example.com", ["info@example.org"], "Re: offer", None),
    ]
    for turn in range(2):
        for source, helo, sender, rcpts, subject, body in tries:
            kit.client(postfix.address, sender, rcpts, subject, source, helo, body, book)
            postfix.idle()
            kit.later(311 + 97 * turn + len(sender) * 7)
    postfix.stop()
    postfix.keep(name)


@scene
def notices_typo():
    """A sign-up form without a check: the welcome mail finds no mailbox, eighteen times."""
    name = "notices/typo-in-signup.mbox"
    book = kit.Scene(name)
    good = ["anna.berg", "tomas.lind", "maria.costa", "jens.holm", "carla.rossi", "peter.novak", "sofia.marin", "emil.olsen",
            "laura.weber"]
    bad = ["ana.berg", "tomas.lnd", "maria.csota", "jens.holmm", "carla.rosi", "peter.novka", "sofia.mrin", "emil.olsne",
           "laura.webr", "anna.beg", "thomas.lind", "maria.cost", "jens.holn", "karla.rossi", "petr.novak", "sofia.maren",
           "emil.olsem", "laura.wber"]
    book.rules([
        Rule("rcpt_to", "550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table",
             rcpt="^(%s)@example.net$" % "|".join(bad)),
        Rule("rcpt_to", world.NO_SUCH_USER, rcpt="^(%s)@studio.example.net$" % "|".join(bad))])
    # Notices go to a local user, so that Postfix itself writes the mbox.
    postfix = kit.Postfix("/var/log/lab.log", hostname="out1", mydestination="$myhostname, example.org", mail_spool_directory="/var/mail")
    if os.path.exists("/var/mail/newsletter"):
        os.remove("/var/mail/newsletter")
    kit.at("2026-11-22 08:00:01")
    postfix.start()
    for n, local in enumerate(bad):
        rcpt = local + ("@studio.example.net" if n % 3 == 2 else "@example.net")
        kit.submit(postfix.address, "newsletter@example.org", [rcpt], subject="Please confirm your subscription", scene=book)
        if n % 2:
            kit.submit(postfix.address, "newsletter@example.org", [good[n // 2] + "@example.net"], subject="Please confirm your subscription", scene=book)
        postfix.idle()
        book.settle()
        kit.later(1873 + 211 * (n % 4))
    postfix.stop()

    kit.keep("/var/mail/newsletter", name)
    book.finish()
