"""Names, addresses and refusals of the lab. All people and domains are invented.

Host names of large providers appear because their replies only make sense with
them; inside the lab they lead to documentation addresses (RFC 5737).
"""

from scripted_mx import Rule

# ------------------------------------------------------------ hosts outside
# name: (address, extra session settings)
GOOGLE_OK = "250 2.0.0 OK  1763456789 a640c23a62f3a-b{id} - gsmtp"
MS_OK = "250 2.6.0 <{id}@example.com> [InternalId=51153960{id}, Hostname=AM9PR01MB8201.eurprd01.prod.exchangelabs.com] 15422 bytes in 0.214, 70.143 KB/sec Queued mail for delivery"
HOSTS = {
    "aspmx.l.google.com": ("198.51.100.11", dict(banner="220 mx.google.com ESMTP a640c23a62f3a-b72f8bd51c1si118341266b.412 - gsmtp", accept=GOOGLE_OK)),
    "gmail-smtp-in.l.google.com": ("198.51.100.12", dict(banner="220 mx.google.com ESMTP 5b1f17b1804b1-477a9de3f0asi5312115e9.88 - gsmtp", accept=GOOGLE_OK)),
    "nordic-example-com.mail.protection.outlook.com": ("198.51.100.21", dict(banner="220 AM4PEPF00027A6B.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready", accept=MS_OK)),
    "outlook-com.olc.protection.outlook.com": ("198.51.100.22", dict(banner="220 DB1PEPF000509E7.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready", accept=MS_OK)),
    "exchange.bakery.example.com": ("198.51.100.31", dict(banner="220 exchange.bakery.example.com Microsoft ESMTP MAIL Service ready")),
    "mta5.am0.yahoodns.net": ("198.51.100.41", dict(banner="220 mtaproxy512.free.mail.bf1.yahoo.com ESMTP ready", accept="250 ok dirdel")),
    "mx00.gmx.net": ("198.51.100.45", dict(banner="220 gmx.net (mxgmx101) Nemesis ESMTP Service ready", accept="250 Requested mail action okay, completed: id=1N{id}")),
    "mx01.mail.icloud.com": ("198.51.100.48", dict(banner="220 mx01.mail.icloud.com ESMTP Postfix")),
    "mx1.example.net": ("198.51.100.51", dict(banner="220 mx1.example.net ESMTP Postfix")),
    "mx2.example.net": ("198.51.100.52", dict(banner="220 mx2.example.net ESMTP Postfix")),
    "mx.library.example.org": ("198.51.100.53", dict(banner="220 mx.library.example.org ESMTP Exim 4.96", accept="250 OK id=1vLm3R-{id}")),
    "mx.hosting.example.org": ("198.51.100.54", dict(banner="220 mx.hosting.example.org ESMTP Sendmail 8.17.1; ready", accept="250 2.0.0 {id} Message accepted for delivery")),
    "mail.school.example.net": ("198.51.100.55", dict(banner="220 mail.school.example.net ESMTP")),
    "filter.example.com": ("198.51.100.61", dict(banner="220 filter.example.com ESMTP mfa-m0123")),
    "relay.example.com": ("198.51.100.62", dict(banner="220 relay.example.com ESMTP Postfix")),
    "smtp.example.com": ("198.51.100.63", dict(banner="220 smtp.example.com ESMTP Postfix", auth_ok=True)),
    "mx.town.example.com": ("198.51.100.64", dict(banner="220 mx.town.example.com ESMTP")),
    "mx.garden.example.com": ("198.51.100.65", dict(banner="220 mx.garden.example.com ESMTP")),
    "mx.museum.example.com": ("198.51.100.66", dict(banner="220 mx.museum.example.com ESMTP")),
    "mx.clinic.example.net": ("198.51.100.67", dict(banner="220 mx.clinic.example.net ESMTP")),
    "mx.harbour.example.net": ("198.51.100.68", dict(banner="220 mx.harbour.example.net ESMTP")),
}

# --------------------------------------------------- recipient domains and MX
MX = {
    "studio.example.net": ["aspmx.l.google.com"],
    "friends.example.net": ["gmail-smtp-in.l.google.com"],
    "nordic.example.com": ["nordic-example-com.mail.protection.outlook.com"],
    "travel.example.net": ["outlook-com.olc.protection.outlook.com"],
    "bakery.example.com": ["exchange.bakery.example.com"],
    "hobby.example.net": ["mta5.am0.yahoodns.net"],
    "verein.example.org": ["mx00.gmx.net"],
    "photo.example.org": ["mx01.mail.icloud.com"],
    "example.net": ["mx1.example.net"],
    "partner.example.net": ["mx1.example.net", "mx2.example.net"],
    "library.example.org": ["mx.library.example.org"],
    "oldshop.example.org": ["mx.hosting.example.org"],
    "school.example.net": ["mail.school.example.net"],
    "factory.example.com": ["filter.example.com"],
    "town.example.com": ["mx.town.example.com"],
    "garden.example.com": ["mx.garden.example.com"],
    "museum.example.com": ["mx.museum.example.com"],
    "clinic.example.net": ["mx.clinic.example.net"],
    "harbour.example.net": ["mx.harbour.example.net"],
}

# ------------------------------------------------------------- hosts of ours
OURS = {
    "out1.example.org": "192.0.2.26", "mail.example.org": "192.0.2.25", "gw.example.net": "192.0.2.40",
    "web1.example.org": "192.0.2.30", "shop1.example.org": "192.0.2.31", "pc7.example.org": "192.0.2.107",
    "list.example.org": "192.0.2.32", "app1.example.org": "192.0.2.33", "out7.example.org": "192.0.2.77",
    "out2.example.org": "192.0.2.27",
    "client.elsewhere.example.com": "203.0.113.9", "dyn-203-0-113-44.pool.example.com": "203.0.113.44",
}
EXTRA_ADDRESSES = ["203.0.113.66", "203.0.113.130", "203.0.113.200"]  # no reverse name

# ----------------------------------------------------------------- reply texts
NO_SUCH_USER = [
    "550-5.1.1 The email account that you tried to reach does not exist. Please try",
    "550-5.1.1 double-checking the recipient's email address for typos or",
    "550-5.1.1 unnecessary spaces. For more information, go to",
    "550 5.1.1  https://support.google.com/mail/?p=NoSuchUser a640c23a62f3a-b{id}si118341266b.412 - gsmtp"]
UNAUTHENTICATED = [
    "550-5.7.26 Your email has been blocked because the sender is unauthenticated.",
    "550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.",
    "550-5.7.26  ",
    "550-5.7.26  Authentication results:",
    "550-5.7.26  DKIM = did not pass",
    "550-5.7.26  SPF [{fromdomain}] with ip: [{ip}] = did not pass",
    "550-5.7.26  ",
    "550-5.7.26  For instructions on setting up authentication, go to",
    "550 5.7.26  https://support.google.com/mail/answer/81126#authentication 5b1f17b1804b1-{id}si5312115e9.88 - gsmtp"]
DMARC = [
    "550-5.7.26 Unauthenticated email from {fromdomain} is not accepted due to domain's",
    "550-5.7.26 DMARC policy. Please contact the administrator of {fromdomain} domain if",
    "550-5.7.26 this was a legitimate mail. To learn about the DMARC initiative, go",
    "550 5.7.26 to https://support.google.com/mail/?p=DmarcRejection 5b1f17b1804b1-{id}si5312115e9.88 - gsmtp"]
NO_PTR = [
    "550-5.7.25 [{ip}] The IP address sending this message does not have a",
    "550-5.7.25 PTR record setup, or the corresponding forward DNS entry does not",
    "550-5.7.25 match the sending IP. As a policy, Gmail does not accept messages",
    "550-5.7.25 from IPs with missing PTR records. For more information, go to",
    "550-5.7.25  https://support.google.com/mail/answer/81126#ip-practices",
    "550 5.7.25 5b1f17b1804b1-{id}si5312115e9.88 - gsmtp"]
OVER_QUOTA = [
    "552-5.2.2 The recipient's inbox is out of storage space. Please direct the",
    "552-5.2.2 recipient to",
    "552 5.2.2  https://support.google.com/mail/?p=OverQuotaPerm a640c23a62f3a-b{id}si118341266b.412 - gsmtp"]
ACCESS_DENIED = ("550 5.4.1 Recipient address rejected: Access denied. For more information see "
                 "https://aka.ms/EXOSmtpErrors [AM4PEPF00027A6B.eurprd04.prod.outlook.com "
                 "2026-11-18T09:14:22.871Z 08DE2634A8F0B1C2]")
LEVEL_515 = ("550 5.7.515 Access denied, sending domain {fromdomain} doesn't meet the required authentication "
             "level. The sender's domain in the 5322.From address doesn't meet the authentication requirements "
             "defined for the sender. To learn how to fix this see: https://go.microsoft.com/fwlink/p/?linkid=2319303 "
             "Spf= Fail , Dkim= Fail , DMARC= Fail [DB1PEPF000509E7.eurprd03.prod.outlook.com "
             "2026-11-18T10:40:07.113Z 08DE25F0C3D4E5A6]")
S3140 = ("550 5.7.1 Unfortunately, messages from [{ip}] weren't sent. Please contact your Internet service provider "
         "since part of their network is on our block list (S3140). You can also refer your provider to "
         "http://mail.live.com/mail/troubleshooting.aspx#errors. [DB1PEPF000509E7.eurprd03.prod.outlook.com "
         "2026-11-18T13:05:51.402Z 08DE25F0C3D4E5A6]")
ZEN = ("554 5.7.1 Service unavailable; Client host [{ip}] blocked using zen.spamhaus.org; "
       "https://www.spamhaus.org/query/ip/{ip}")
GMX = ["550-Requested action not taken: mailbox unavailable",
       "550-Reject due to policy restrictions.",
       "550 For explanation visit https://postmaster.gmx.net/en/case?c=hi&i=ip&v={ip}&r={id}"]


class Case:
    """One refusal: who writes to whom, and the rule that answers."""

    def __init__(self, row, rcpt, reply, stage="rcpt_to", sender="office@example.org", subject=None, **more):
        self.row, self.rcpt, self.sender, self.subject = row, rcpt, sender, subject
        domain = rcpt.rpartition("@")[2]
        narrow = {}
        if stage in ("rcpt_to", "data", "end_of_data"):
            narrow["rcpt"] = "^%s$" % rcpt.replace(".", r"\.")
        if stage == "data":
            narrow = {"sender": "^%s$" % sender}
        if stage == "mail_from":
            narrow["sender"] = "^%s$" % sender
        self.rule = Rule(stage, reply, host="^%s$" % MX[domain][0].replace(".", r"\."), **dict(narrow, **more))


def every_row():
    """Every row of the guide, the usual neighbours of each, and temporary answers."""
    return [
        # 1: no such mailbox
        Case(1, "ana.ruiz@studio.example.net", NO_SUCH_USER),
        Case(1, "j.doe@example.net", "550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table"),
        Case(1, "jon.smth@example.net", "550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table"),
        Case(1, "eva@bakery.example.com", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {rcpt} not found by SMTP address lookup"),
        Case(1, "olav@nordic.example.com", ACCESS_DENIED),
        Case(1, "reader404@library.example.org", "550 5.1.1 User unknown"),
        Case(1, "ghost@hobby.example.net", "554 delivery error: dd This user doesn't have a yahoo.com account ({rcpt}) [0] - mta4321.mail.bf1.yahoo.com", "end_of_data"),
        # 2: recipient rejected, without a reason
        Case(2, "club@town.example.com", "550 Recipient address rejected"),
        Case(2, "board@partner.example.net", "550 5.7.1 <{rcpt}>: Recipient address rejected: Access denied"),
        # 3: relaying
        Case(3, "post@museum.example.com", "554 5.7.1 <{rcpt}>: Relay access denied"),
        Case(3, "info@library.example.org", "550 relay not permitted"),
        Case(3, "orders@bakery.example.com", "550 5.7.1 Unable to relay"),
        # 4: the host does not serve the domain
        Case(4, "sales@oldshop.example.org", "550 not local host {domain}, not a gateway"),
        Case(4, "help@oldshop.example.org", "550 not local host {domain}, not a gateway"),
        # 5: authentication, reputation, content, rules
        Case(5, "mia@friends.example.net", UNAUTHENTICATED, "end_of_data", "news@news.example.org"),
        Case(5, "leo@friends.example.net", DMARC, "end_of_data", "billing@pay.example.org"),
        Case(5, "noor@friends.example.net", NO_PTR, "end_of_data"),
        Case(5, "sven@travel.example.net", LEVEL_515, "end_of_data", "news@news.example.org"),
        Case(5, "petra@travel.example.net", S3140, "mail_from", "offers@shop.example.org"),
        Case(5, "staff@school.example.net", ZEN),
        Case(5, "head@school.example.net", "554 5.7.1 Message rejected as spam by Content Filtering.", "end_of_data", subject="Last chance: 70 % off everything"),
        Case(5, "kim@photo.example.org", "554 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137", "end_of_data"),
        Case(5, "gate@harbour.example.net", "550 5.7.1 <{helo}>: Helo command rejected: Access denied", "ehlo"),
        Case(5, "plant@factory.example.com", "554 Blocked - see https://ipcheck.proofpoint.com/?ip={ip}", "connect"),
        # 6: mailbox unavailable
        Case(6, "roses@garden.example.com", "550 mailbox unavailable"),
        Case(6, "kasse@verein.example.org", GMX),
        Case(6, "lost@travel.example.net", "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). [DB1PEPF000509E7.eurprd03.prod.outlook.com 2026-11-18T14:22:10.009Z 08DE25F0C3D4E5A6]"),
        # beside the rows
        Case(0, "full@studio.example.net", OVER_QUOTA),
        Case(0, "archive@clinic.example.net", "552 5.2.2 <{rcpt}>: Mailbox full"),
        Case(0, "ward@clinic.example.net", "550 5.1.8 <{from}>: Sender address rejected: Domain not found", "mail_from", "robot@intranet.example.org"),
        Case(0, "scan@clinic.example.net", "552 5.3.4 Message size exceeds fixed limit", "end_of_data", "scanner@example.org"),
        Case(0, "desk@town.example.com", "554 5.5.0 No DATA from you today", "data", "batch@example.org"),
        # temporary
        Case(0, "garden.club@garden.example.com", "450 4.2.0 <{rcpt}>: Recipient address rejected: Greylisted, see https://postgrey.example.com/help", times=1),
        Case(0, "guide@museum.example.com", "451 4.7.1 Please try again later", times=2),
        Case(0, "slow@hobby.example.net", "421 4.7.0 [TSS04] Messages from {ip} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes", "mail_from", "bulk@news.example.org"),
    ]


GOOD = [  # recipients that are always accepted
    "marta.vidal@studio.example.net", "tom@friends.example.net", "inga@nordic.example.com",
    "hugo@travel.example.net", "oven@bakery.example.com", "paul@hobby.example.net",
    "vorstand@verein.example.org", "lea@photo.example.org", "contact@example.net",
    "office@partner.example.net", "desk@library.example.org", "teacher@school.example.net",
    "mayor@town.example.com", "tickets@museum.example.com", "reception@clinic.example.net",
]
