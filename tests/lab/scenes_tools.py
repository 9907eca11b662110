"""Scenes with clients that show the conversation, and the notices collected from the other scenes."""

import email
import os
import re
import ssl
import subprocess

import kit
import scenes_exim
import scenes_postfix
import scripted_mx
import world
from scripted_mx import Rule

SCENES = {}


def scene(function):
    SCENES[function.__name__] = function
    return function


class Transcripts:
    def __init__(self):
        kit.at("2026-11-24 09:00:00")

    def take(self, name, rules, *command, stdin=None, before_rcpt=False):
        """Runs one client, keeps what it printed, notes what the scripted host refused."""
        file = "transcripts/" + name
        kit.Scene(file).rules(rules)
        done = subprocess.run(list(command), env=kit.ENV, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        text = done.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        kit.keep_text(text, file)
        seen = set()
        for rec in kit.BOOK.record:
            if rec["stage"] == "accepted":
                continue
            late = rec["stage"] in ("rcpt_to", "data", "end_of_data")
            for rcpt in (rec["rcpts"] if late else [None]):
                key = (rec["stage"], rec["reply_code"], rcpt)
                if key not in seen:
                    seen.add(key)
                    kit.TRUTH.append({"file": file, "reply_code": rec["reply_code"], "enhanced_status": rec["enhanced_status"],
                                      "stage": rec["stage"], "final_recipient": rcpt, "sender": rec["sender"],
                                      "verdict": "refused", "attempts": 1, "by": rec["host"]})
        if not seen:
            raise RuntimeError("%s: nothing was refused:\n%s" % (name, text))
        kit.later(640)


PYTHON = '''
import smtplib, sys
s = smtplib.SMTP(%(host)r, 25, local_hostname="pc7.example.org", source_address=("192.0.2.107", 0))
s.set_debuglevel(%(level)d)
s.sendmail(%(sender)r, %(rcpts)r, """From: %(sender)s
To: undisclosed-recipients:;
Subject: Appointment on Thursday
Message-ID: <pc7.%(level)d@example.org>

Hello, see you on Thursday.
""")
s.quit()
'''

PERL = '''
use Net::SMTP;
my $s = Net::SMTP->new("mx.town.example.com", Hello => "pc7.example.org", LocalAddr => "192.0.2.107", Debug => 1) or die "no connection: $@";
$s->mail("batch\\@example.org");
$s->to("desk\\@town.example.com");
$s->data() or print "DATA failed: ", $s->code, " ", $s->message;
$s->quit;
'''

PHP = '''<?php
require "/usr/share/php/libphp-phpmailer/autoload.php";
$m = new PHPMailer\\PHPMailer\\PHPMailer();
$m->isSMTP();
$m->SMTPDebug = 2;
$m->Debugoutput = "echo";
$m->SMTPOptions = ["socket" => ["bindto" => "192.0.2.107:0"]];
$m->SMTPAutoTLS = false;
$m->Hostname = "pc7.example.org";
$m->Host = "mx.museum.example.com";
$m->setFrom("shop@example.org", "The shop");
$m->addAddress("post@museum.example.com");
$m->Subject = "Your order 40917";
$m->Body = "Thank you.";
if (!$m->send()) { echo "Mailer Error: " . $m->ErrorInfo . "\\n"; }
'''

NETCAT = '''
set timeout 10
log_user 1
spawn -noecho nc -C -s 192.0.2.107 mx.hosting.example.org 25
expect "220 "
send "EHLO pc7.example.org\\r"
expect "250 ENH*\\n"
send "MAIL FROM:<office@example.org>\\r"
expect "250 2.1.0*\\n"
send "RCPT TO:<sales@oldshop.example.org>\\r"
expect "550 *\\n"
send "QUIT\\r"
expect eof
'''

OPENSSL = '''
set timeout 10
log_user 1
spawn -noecho openssl s_client -connect smtp.example.com:587 -starttls smtp -crlf -quiet -CAfile /lab/tls/cert.pem
expect "250 *\\n"
send "ehlo pc7.example.org\\r"
expect "250 AUTH*\\n"
send "mail from:<office@example.org>\\r"
expect "250 2.1.0*\\n"
send "rcpt to:<friend@example.net>\\r"
expect "5*\\n"
send "quit\\r"
expect eof
'''


NODE = '''
const nodemailer = require("/opt/node/node_modules/nodemailer");
const transport = nodemailer.createTransport({ host: "mx.clinic.example.net", port: 25, name: "pc7.example.org",
  localAddress: "192.0.2.107", ignoreTLS: true, logger: true, debug: true });
transport.sendMail({ from: "robot@intranet.example.org", to: "ward@clinic.example.net", subject: "Appointment on Thursday",
  text: "Hello" }).catch(console.error);
'''


@scene
def transcripts():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/lab/tls/cert.pem", "/lab/tls/key.pem")
    address = world.HOSTS["smtp.example.com"][0]
    scripted_mx.serve(kit.BOOK, address, "smtp.example.com", port=587, context=context, banner="220 smtp.example.com ESMTP Postfix")
    kit.run("hostname", "pc7")
    os.makedirs("/lab/clients", exist_ok=True)
    kit.write("/lab/clients/mail.txt", "From: news@news.example.org\r\nTo: mia@friends.example.net\r\nSubject: Newsletter, number 48\r\n"
              "Message-ID: <news48@news.example.org>\r\n\r\nHello, here is the news.\r\n")
    take = Transcripts().take
    swaks = ("swaks", "--local-interface", "192.0.2.107", "--helo", "pc7.example.org")

    take("swaks-rcpt-unknown.txt",
         [Rule("rcpt_to", "550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table")],
         *swaks, "--server", "mx1.example.net", "--from", "office@example.org", "--to", "j.doe@example.net")
    take("swaks-ehlo.txt",
         [Rule("ehlo", "550 5.7.1 <{helo}>: Helo command rejected: Access denied")],
         *swaks, "--server", "mx.harbour.example.net", "--from", "office@example.org", "--to", "gate@harbour.example.net")
    take("swaks-mail-from.txt",
         [Rule("mail_from", world.S3140)],
         *swaks, "--server", "outlook-com.olc.protection.outlook.com", "--from", "offers@shop.example.org", "--to", "petra@travel.example.net")
    take("swaks-auth-535.txt",
         [Rule("auth", "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6")],
         *swaks, "--server", "smtp.example.com", "--port", "587", "--tls", "--auth", "PLAIN", "--auth-user", "demo",
         "--auth-password", "not-a-real-password", "--from", "office@example.org", "--to", "friend@example.net")
    take("swaks-auth-then-550.txt",
         [Rule("mail_from", "550 5.7.60 SMTP; Client does not have permissions to send as this sender")],
         *swaks, "--server", "smtp.example.com", "--port", "587", "--tls", "--auth", "LOGIN", "--auth-user", "demo",
         "--auth-password", "not-a-real-password", "--from", "boss@example.org", "--to", "friend@example.net")
    take("swaks-starttls.txt",
         [Rule("starttls", "554 5.7.3 Unable to initialize security subsystem")],
         *swaks, "--server", "smtp.example.com", "--port", "587", "--tls", "--from", "office@example.org", "--to", "friend@example.net")
    take("swaks-content.txt",
         [Rule("end_of_data", "554 5.7.1 Message rejected as spam by Content Filtering.")],
         *swaks, "--server", "mail.school.example.net", "--from", "offers@example.org", "--to", "head@school.example.net",
         "--header", "Subject: Last chance: 70 % off everything", "--add-header", "X-Lab: 1")
    take("curl-end-of-data.txt",
         [Rule("end_of_data", world.UNAUTHENTICATED)],
         "curl", "-v", "-sS", "--interface", "192.0.2.107", "smtp://gmail-smtp-in.l.google.com/pc7.example.org", "--mail-from", "news@news.example.org",
         "--mail-rcpt", "mia@friends.example.net", "--upload-file", "/lab/clients/mail.txt")
    take("curl-banner.txt",
         [Rule("connect", "554 Blocked - see https://ipcheck.proofpoint.com/?ip={ip}")],
         "curl", "-v", "-sS", "--interface", "192.0.2.107", "smtp://filter.example.com/pc7.example.org", "--mail-from", "office@example.org",
         "--mail-rcpt", "plant@factory.example.com", "--upload-file", "/lab/clients/mail.txt")
    for level, host, sender, rcpts, rules in (
            (1, "mx.garden.example.com", "office@example.org", ["roses@garden.example.com"],
             [Rule("rcpt_to", "550 mailbox unavailable", rcpt="^roses@")]),
            (2, "aspmx.l.google.com", "office@example.org", ["ana.ruiz@studio.example.net", "marta.vidal@studio.example.net"],
             [Rule("rcpt_to", world.NO_SUCH_USER, rcpt="^ana")])):
        script = "/lab/clients/debug%d.py" % level
        kit.write(script, PYTHON % {"host": host, "level": level, "sender": sender, "rcpts": rcpts})
        take("python-smtplib-debug%d.txt" % level, rules, "/usr/bin/python3", script)
    kit.write("/lab/clients/net_smtp.pl", PERL)
    take("perl-net-smtp.txt", [Rule("data", "554 5.5.0 No DATA from you today")], "perl", "/lab/clients/net_smtp.pl")
    kit.write("/lab/clients/mailer.php", PHP)
    take("phpmailer.txt", [Rule("rcpt_to", "554 5.7.1 <{rcpt}>: Relay access denied")], "php", "/lab/clients/mailer.php")
    with open("/lab/clients/mail.txt", "rb") as mail:
        take("msmtp-debug.txt", [Rule("rcpt_to", world.GMX)],
             "msmtp", "--debug", "--host=mx00.gmx.net", "--source-ip=192.0.2.107", "--domain=pc7.example.org", "--from=office@example.org", "kasse@verein.example.org", stdin=mail)
    if os.path.exists("/opt/node/node_modules/nodemailer"):
        kit.write("/lab/clients/mailer.js", NODE)
        take("nodemailer-debug.txt", [Rule("mail_from", "550 5.1.8 <{from}>: Sender address rejected: Domain not found")],
             "node", "/lab/clients/mailer.js")
    kit.write("/lab/clients/nc.exp", NETCAT)
    take("netcat.txt", [Rule("rcpt_to", "550 not local host {domain}, not a gateway")], "expect", "-f", "/lab/clients/nc.exp")
    kit.write("/lab/clients/openssl.exp", OPENSSL)
    take("openssl-s_client.txt", [Rule("rcpt_to", "554 5.7.1 <{rcpt}>: Relay access denied")], "expect", "-f", "/lab/clients/openssl.exp")


# ------------------------------------------------------------------- notices

POSTFIX_NOTICES = ["ana.ruiz@studio.example.net", "olav@nordic.example.com", "ghost@hobby.example.net", "post@museum.example.com",
                   "sales@oldshop.example.org", "mia@friends.example.net", "sven@travel.example.net", "petra@travel.example.net",
                   "roses@garden.example.com", "kasse@verein.example.org", "full@studio.example.net", "brimful@clinic.example.net",
                   "plant@factory.example.com", "gone@out1.example.org"]
EXIM_NOTICES = ["ana.ruiz@studio.example.net", "eva@bakery.example.com", "info@library.example.org", "leo@friends.example.net",
                "kim@photo.example.org", "lost@travel.example.net", "archive@clinic.example.net", "brimful@clinic.example.net",
                "gone@example.org"]
MAILDIR = ["reader404@library.example.org", "help@oldshop.example.org", "staff@school.example.net"]


def final_recipients(raw):
    return re.findall(r"^Final-Recipient: *rfc822; *(\S+)", raw.decode("utf-8", "replace"), re.M | re.I)


def keep_notice(raw, name, log):
    """Keeps a notice with its real line ends and says in the truth what it reports."""
    kit.keep_text(raw.decode("utf-8"), name)
    to = email.message_from_bytes(raw)["To"]
    for rcpt in final_recipients(raw):
        for line in [line for line in kit.TRUTH if line["file"] == log and line["final_recipient"] == rcpt and line["sender"] == to]:
            kit.TRUTH.append(dict(line, file=name))


@scene
def notices():
    for kind, wanted, log in (("postfix", POSTFIX_NOTICES, "postfix/all-rows.log"), ("exim", EXIM_NOTICES, "exim/all-rows.mainlog")):
        for rcpt in wanted:
            for _, raw in scenes_postfix.NOTICES[kind]:
                if final_recipients(raw) == [rcpt]:
                    keep_notice(raw, "notices/%s-%s.eml" % (kind, rcpt.replace("@", "-at-")), log)
                    break
            else:
                raise RuntimeError("no notice of %s for %s" % (kind, rcpt))
    # one notice that reports several recipients
    for kind, log in (("postfix", "postfix/all-rows.log"), ("exim", "exim/all-rows.mainlog")):
        several = [raw for _, raw in scenes_postfix.NOTICES[kind] if len(final_recipients(raw)) > 1]
        keep_notice(several[0], "notices/%s-two-recipients.eml" % kind, log)
    for name, raw in scenes_postfix.NOTICES["postfix"]:
        if final_recipients(raw)[0] in MAILDIR:
            keep_notice(raw, "notices/maildir/new/" + name, "postfix/all-rows.log")
    for folder in ("cur", "tmp"):
        kit.keep_text("", "notices/maildir/%s/.gitkeep" % folder)


@scene
def accepted_then_failed():
    """A gateway takes the mail with 250, finds no mailbox an hour later, and sends a notice."""
    name = "accepted-then-failed/mail.log"
    book = kit.Scene(name)
    store = "198.51.100.71"
    kit.run("ip", "addr", "add", store + "/32", "dev", "lo")
    kit.ZONE["store.customer.example.net"] = {"A": [store]}
    kit.ZONE["customer.example.net"] = {"MX": [(10, "gw.example.net")]}
    kit.ZONE["example.org"] = {"MX": [(10, "out1.example.org")]}
    world.MX["customer.example.net"] = ["store.customer.example.net"]
    scripted_mx.serve(kit.BOOK, store, "store.customer.example.net", banner="220 store.customer.example.net ESMTP")
    gone = ["buyer.old@customer.example.net", "k.mayer@customer.example.net"]
    pattern = "^(%s)$" % "|".join(g.replace(".", r"\.") for g in gone)
    book.rules([Rule("rcpt_to", "451 4.3.0 <{rcpt}>: Temporary lookup failure", rcpt=pattern, times=1),
                Rule("rcpt_to", "550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in local recipient table", rcpt=pattern)])
    exim = kit.Exim(scenes_exim.config("local_interfaces = 192.0.2.40", address="192.0.2.40")
                    .replace("primary_hostname = mail.example.org", "primary_hostname = gw.example.net")
                    .replace("qualify_domain = example.org", "qualify_domain = example.net")
                    .replace("domainlist local_domains = example.org", "domainlist local_domains = gw.example.net")
                    .replace("begin routers\n", "begin routers\ninside:\n  driver = manualroute\n  domains = customer.example.net\n"
                                                "  route_list = * store.customer.example.net\n  transport = remote_smtp\n"),
                    hostname="out1", address="192.0.2.40")
    postfix = kit.Postfix("/var/log/lab.log", mynetworks="127.0.0.0/8, 192.0.2.26/32, 192.0.2.30/31",
                          smtpd_relay_restrictions="permit_mynetworks, reject_unauth_destination")
    scenes_postfix._keep_notices(postfix)
    kit.at("2026-11-23 08:30:00")
    postfix.start()
    exim.start()
    kit.at("2026-11-23 08:31:12")
    plan = ["contact@example.net", gone[0], "m.keller@customer.example.net", "lea@photo.example.org", gone[1],
            "b.simon@customer.example.net", "mayor@town.example.com", "desk@library.example.org"]
    for n, rcpt in enumerate(plan):
        kit.submit(postfix.address, "orders@example.org", [rcpt], source="192.0.2.31", scene=book)
        postfix.idle()
        exim.idle()
        book.settle()
        kit.later(260 + 31 * n)
    kit.later(2400)
    exim.flush(book)
    postfix.idle()
    kit.later(300)
    kit.submit(postfix.address, "orders@example.org", ["teacher@school.example.net"], source="192.0.2.31", scene=book)
    postfix.idle()
    book.settle()
    exim.stop()
    postfix.stop()
    postfix.keep(name)
    kit.keep(exim.logs + "/mainlog", "accepted-then-failed/gateway.mainlog")
    book.finish()
    for line in list(kit.TRUTH):
        if line["file"] == name:
            line["verdict"] = "accepted, then failed"
            kit.TRUTH.append(dict(line, file="accepted-then-failed/gateway.mainlog", verdict="refused"))
    folder = "/var/mail/notices/new"
    number = 0
    for entry in sorted(os.listdir(folder)):
        with open(os.path.join(folder, entry), "rb") as source:
            raw = source.read()
        if final_recipients(raw):
            number += 1
            file = "accepted-then-failed/notice-%d.eml" % number
            kit.keep_text(raw.decode("utf-8"), file)
            for rcpt in final_recipients(raw):
                kit.TRUTH.extend([dict(line, file=file, verdict="refused") for line in kit.TRUTH
                                  if line["file"] == name and line["final_recipient"] == rcpt])
    if number != len(gone):
        raise RuntimeError("%d notices instead of %d" % (number, len(gone)))
