"""Scenes with Exim."""

import os
import re

import kit
import world
from scripted_mx import Rule

SCENES = {}


def scene(function):
    SCENES[function.__name__] = function
    return function


CONFIG = r"""
primary_hostname = mail.example.org
qualify_domain = example.org
domainlist local_domains = example.org
domainlist relay_to_domains =
hostlist relay_from_hosts = 127.0.0.1 : 192.0.2.0/27 : 192.0.2.30 : 192.0.2.31 : 192.0.2.32
keep_environment = ^FAKETIME
acl_smtp_connect = acl_connect
acl_smtp_helo = acl_helo
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
tls_advertise_hosts =
never_users = root
host_lookup = *
rfc1413_query_timeout = 0s
ignore_bounce_errors_after = 2d
timeout_frozen_after = 7d
delay_warning =
smtp_enforce_sync = false
disable_ipv6 = true
bounce_return_size_limit = 4K
@MORE@

begin acl
acl_connect:
  deny hosts = 203.0.113.200
       message = Your network is not welcome here
  accept
acl_helo:
  deny condition = ${if eq{$sender_helo_name}{mail.example.org}}
       message = That is my name
  accept
acl_mail:
  deny senders = spam@elsewhere.example.com
       message = Sender is on our local list
  accept
acl_rcpt:
  accept hosts = +relay_from_hosts
         control = submission/sender_retain
  deny   local_parts = ^[.] : ^.*[@%!/|]
         message = restricted characters in address
  require message = relay not permitted
          domains = +local_domains : +relay_to_domains
  require verify = recipient
  require verify = sender
  deny   dnslists = zen.spamhaus.org
         message = $sender_host_address is listed at $dnslist_domain: $dnslist_text
  defer  local_parts = later
         message = Not now
  accept
acl_data:
  deny condition = ${if match{$h_subject:}{lottery}}
       message = Subject is on our list
  accept

begin routers
dnslookup:
  driver = dnslookup
  domains = ! +local_domains
  transport = remote_smtp
  ignore_target_hosts = 0.0.0.0 : 127.0.0.0/8
  no_more
alias:
  driver = redirect
  data = ${lookup{$local_part}lsearch{/etc/exim4/aliases}}
  allow_fail
people:
  driver = accept
  local_parts = @PEOPLE@
  transport = maildir

begin transports
remote_smtp:
  driver = smtp
  interface = ${if match_domain{$sender_address_domain}{shop.example.org}{192.0.2.77}{@ADDRESS@}}
  hosts_try_chunking =
  hosts_try_prdr =
maildir:
  driver = appendfile
  maildir_format
  directory = /lab/maildir/@BOX@
  create_directory
  user = Debian-exim

begin retry
* * F,2h,15m; G,16h,1h,1.5; F,@GIVEUP@,6h
"""


def config(more="", people="office : info : list : news : later : bulk : offers : robot : scanner : batch : billing : orders : postmaster : boss",
           box="exim", giveup="2d", address="192.0.2.25"):
    kit.write("/etc/exim4/aliases", "team: marta.vidal@studio.example.net, j.doe@example.net\n")
    text = CONFIG
    for key, value in (("MORE", more), ("PEOPLE", people), ("BOX", box), ("GIVEUP", giveup), ("ADDRESS", address)):
        text = text.replace("@%s@" % key, value)
    return text


def _all_rows(exim, book, start):
    cases = world.every_row()
    book.rules([case.rule for case in cases] + [Rule("rcpt_to", "452 4.2.2 <{rcpt}>: Mailbox full", rcpt="^brimful@")])
    kit.at(start)
    for number, case in enumerate(cases):
        good = world.GOOD[number % len(world.GOOD)]
        if case.rule.stage not in ("mail_from", "data"):
            kit.submit(exim.address, case.sender, [good], source="192.0.2.31" if number % 3 else "192.0.2.30", scene=book)
        kit.submit(exim.address, case.sender, [case.rcpt], subject=case.subject, scene=book)
        exim.idle()
        book.settle()
        kit.later(331 + 19 * (number % 5))


@scene
def exim_all_rows():
    name = "exim/all-rows.mainlog"
    book = kit.Scene(name)
    exim = kit.Exim(config("local_interfaces = 192.0.2.25\nlog_selector = +smtp_confirmation +subject",
                           ).replace("domainlist local_domains = example.org",
                                     "domainlist local_domains = example.org : news.example.org : pay.example.org : shop.example.org : intranet.example.org"))
    kit.at("2026-11-18 05:58:11")
    exim.start()
    _all_rows(exim, book, "2026-11-18 06:00:02")
    for rcpts in (["j.doe@example.net", "contact@example.net", "jon.smth@example.net"],
                  ["roses@garden.example.com", "club@town.example.com", "mayor@town.example.com"]):
        kit.submit(exim.address, "list@example.org", rcpts, source="192.0.2.32", scene=book)
        exim.idle()
        book.settle()
        kit.later(433)
    # an alias with one dead member, and a local name that nobody has
    kit.submit(exim.address, "boss@example.org", ["team@example.org"], scene=book, truth_rcpts=["j.doe@example.net", "marta.vidal@studio.example.net"])
    exim.idle()
    book.settle()
    kit.later(120)
    kit.submit(exim.address, "office@example.org", ["gone@example.org"], scene=book, truth_rcpts=[])
    book.local("gone@example.org", None, sender="office@example.org")
    kit.submit(exim.address, "office@example.org", ["nobody@no-such-domain.example"], scene=book, truth_rcpts=[])
    book.local("nobody@no-such-domain.example", None, sender="office@example.org")
    kit.submit(exim.address, "office@example.org", ["brimful@clinic.example.net"], scene=book)
    exim.idle()
    book.settle()
    for wait in (900, 1800, 3600, 6 * 3600, 14 * 3600):
        kit.later(wait)
        exim.flush(book)
    before = exim.queued()
    kit.later(40 * 3600)
    exim.flush(book)
    after = exim.queued()
    exim.stop()
    kit.keep(exim.logs + "/mainlog", name)
    book.finish(still_queued=after, given_up=before - after)
    import scenes_postfix
    scenes_postfix.NOTICES["exim"] = read_maildir("/lab/maildir/exim")


def read_maildir(folder):
    found = []
    for name in sorted(os.listdir(folder + "/new")):
        with open(os.path.join(folder, "new", name), "rb") as source:
            found.append((name, source.read()))
    return found


@scene
def exim_blocklist():
    """The address that sends for the shop is listed for one afternoon; the other address is not."""
    name = "exim/blocklist.mainlog"
    book = kit.Scene(name)
    exim = kit.Exim(config("local_interfaces = 192.0.2.25\nlog_selector = +incoming_interface +outgoing_interface +smtp_confirmation").replace(
        "domainlist local_domains = example.org", "domainlist local_domains = example.org : shop.example.org"))
    kit.at("2026-11-20 09:00:00")
    exim.start()
    listed = r"^192\.0\.2\.77$"
    rules = [
        Rule("rcpt_to", world.ZEN, ip=listed, host="school|town|library"),
        Rule("mail_from", world.S3140, ip=listed, host="outlook"),
        Rule("rcpt_to", ["550-mail from {ip} is refused: the address is listed", "550 by zen.spamhaus.org, see https://check.spamhaus.org/listed/?searchterm={ip}"], ip=listed, host="hosting"),
        Rule("rcpt_to", "550 5.7.1 <{rcpt}>: Client host [{ip}] blocked using Spamhaus. To request removal from this list see https://www.spamhaus.org/query/ip/{ip}", ip=listed, host="mx1.example.net"),
    ]
    shop = ["teacher@school.example.net", "hugo@travel.example.net", "mayor@town.example.com", "contact@example.net",
            "desk@library.example.org", "sales@oldshop.example.org", "lea@photo.example.org", "inga@nordic.example.com",
            "tom@friends.example.net", "maya@travel.example.net", "pupil@school.example.net"]
    kit.at("2026-11-20 09:04:19")
    for n in range(84):
        if n == 24:
            kit.at("2026-11-20 13:02:44")
            book.rules(rules)
        if n == 66:
            kit.at("2026-11-20 18:20:03")
            book.rules([])
        if n % 4 == 1:
            kit.submit(exim.address, "office@example.org", [shop[(n * 5) % len(shop)]], scene=book, source="192.0.2.30")
        else:
            kit.submit(exim.address, "orders@shop.example.org", [shop[n % len(shop)]], scene=book, source="192.0.2.31")
        if n % 2:
            exim.idle()
            book.settle()
            kit.later(640 + 91 * (n % 4))
    exim.idle()
    book.settle()
    exim.stop()
    kit.keep(exim.logs + "/mainlog", name)
    book.finish()


@scene
def exim_incoming():
    """Our own Exim refuses others."""
    name = "exim/rejectlog"
    book = kit.Scene(name)
    exim = kit.Exim(config("local_interfaces = 192.0.2.25"))
    kit.at("2026-11-21 09:00:00")
    exim.start()
    el, dyn = "203.0.113.9", "203.0.113.44"
    tries = [
        (el, None, "anna@elsewhere.example.com", ["office@example.org"], None, None),
        (dyn, None, "who@elsewhere.example.com", ["someone@elsewhere.example.com"], None, None),
        ("203.0.113.130", "friend", "a@elsewhere.example.com", ["victim@example.net"], None, None),
        (el, None, "anna@elsewhere.example.com", ["offcie@example.org"], None, None),
        (el, None, "anna@nowhere.example", ["office@example.org"], None, None),
        (el, None, "spam@elsewhere.example.com", ["info@example.org"], None, None),
        ("203.0.113.66", "mx66.elsewhere.example.com", "c@elsewhere.example.com", ["info@example.org"], None, None),
        (dyn, "mail.example.org", "d@elsewhere.example.com", ["info@example.org"], None, None),
        (el, None, "anna@elsewhere.example.com", ["office@example.org"], "You won the lottery", None),
        (el, None, "anna@elsewhere.example.com", ["later@example.org"], None, None),
        (el, None, "anna@elsewhere.example.com", ["office@example.org", "offcie@example.org"], "Re: offer", None),
    ]
    for turn in range(2):
        for source, helo, sender, rcpts, subject, body in tries:
            kit.client(exim.address, sender, rcpts, subject, source, helo, body, book)
            exim.idle()
            kit.later(401 + 59 * turn + len(sender) * 11)
    # refused before a word was said
    kit.knock(exim.address, "203.0.113.200", book)
    exim.stop()
    kit.keep(exim.logs + "/rejectlog", name)
    kit.keep(exim.logs + "/mainlog", "exim/incoming.mainlog")
    kit.same_truth(name, "exim/incoming.mainlog")


@scene
def exim_syslog():
    """Exim through syslog, as many distributions and appliances keep it."""
    name = "exim/syslog.log"
    book = kit.Scene(name)
    kit.at("2026-11-23 06:00:00")
    rsyslog = kit.Rsyslog("/lab/rfc3339.log", "/lab/traditional.log")
    exim = kit.Exim(config("local_interfaces = 192.0.2.25\nlog_file_path = syslog\nsyslog_timestamp = false\nsyslog_duplication = false", address="192.0.2.25").replace(
        "domainlist local_domains = example.org",
        "domainlist local_domains = example.org : news.example.org : pay.example.org : shop.example.org : intranet.example.org"))
    exim.start()
    cases = [case for n, case in enumerate(world.every_row()) if n % 3 != 1 and case.rule.times is None and case.rule.stage != "mail_from"]
    book.rules([case.rule for case in cases])
    for n, case in enumerate(cases):
        if case.rule.stage != "data":
            kit.submit(exim.address, case.sender, [world.GOOD[n % len(world.GOOD)]], source="192.0.2.31", scene=book)
        kit.submit(exim.address, case.sender, [case.rcpt], subject=case.subject, scene=book)
        exim.idle()
        book.settle()
        kit.later(510 + 23 * (n % 7))
    left = exim.queued()
    exim.stop()
    rsyslog.stop()
    kit.keep("/lab/traditional.log", name)
    book.finish(still_queued=left)
