//! A Postfix log of several hosts, with and without what makes reading one hard.

use super::{Message, Numbers, Step, Truth, interleave};
use std::collections::VecDeque;
use std::io::{self, Write};

/// How a log is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shares {
    /// Recipients of a thousand that are refused at once.
    pub refused: u64,
    /// Recipients of a thousand that are put off once or several times, up to an hour, before they are settled.
    pub deferred: u64,
    /// Clients of a thousand that are refused at the door.
    pub turned_away: u64,
    /// No line tells that a message has left the queue, as in a log that was filtered.
    pub without_removed: bool,
    /// RFC 3339 stamps with microseconds and zone, in place of those without a year.
    pub rfc3339: bool,
}

/// Replies, `{r}` being the recipient and `{id}` a session's id; status, reply, what it answers.
const REPLIES: [(&str, &str, &str); 7] = [
    (
        "5.1.1",
        "550 5.1.1 <{r}>: Recipient address rejected: User unknown in virtual mailbox table",
        "RCPT TO command",
    ),
    (
        "5.1.1",
        "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the \
         recipient's email address for typos or 550-5.1.1 unnecessary spaces. For more information, go to 550 5.1.1  \
         https://support.google.com/mail/?p=NoSuchUser {id} - gsmtp",
        "RCPT TO command",
    ),
    ("5.7.1", "554 5.7.1 <{r}>: Relay access denied", "RCPT TO command"),
    (
        "5.7.1",
        "550 5.7.1 Service unavailable, Client host [192.0.2.9] blocked using Spamhaus. To request removal from this \
         list see https://www.spamhaus.org/query/ip/192.0.2.9 (AS16012611)",
        "MAIL FROM command",
    ),
    ("5.0.0", "550 Requested action not taken: mailbox unavailable", "RCPT TO command"),
    ("5.2.2", "552 5.2.2 <{r}>: user is over quota", "RCPT TO command"),
    (
        "5.7.26",
        "550-5.7.26 Your email has been blocked because the sender is unauthenticated. 550-5.7.26 Gmail requires \
         all senders to authenticate with either SPF or DKIM. 550 5.7.26 {id} - gsmtp",
        "end of DATA command",
    ),
];

/// To be tried again.
const LATER: &str = "451 4.7.1 Greylisting in action, please come back later";

/// What a client is told at the door.
const AT_THE_DOOR: &str =
    "550 5.1.1 <{r}>: Recipient address rejected: User unknown in local recipient table";

const ID_LETTERS: &[u8] = b"0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy";

/// Writes a log of about `len_bytes`.
pub fn write_postfix_log(out: &mut impl Write, len_bytes: u64, shares: &Shares) -> io::Result<Truth> {
    let mut truth = Truth::default();
    let mut numbers = Numbers::new(550);
    let stamp = |second: u64| {
        let (day, time) = (1 + second / 86_400 % 30, second % 86_400);
        let clock = format!("{:02}:{:02}:{:02}", time / 3600, time / 60 % 60, time % 60);
        match shares.rfc3339 {
            true => format!("2026-11-{day:02}T{clock}.{:06}+01:00 ", second * 7919 % 1_000_000),
            false => format!("Nov {day:2} {clock} "),
        }
    };
    let next = |numbers: &mut Numbers, truth: &mut Truth| message(numbers, truth, shares);
    interleave(out, len_bytes, &mut truth, &mut numbers, stamp, next)?;
    Ok(truth)
}

fn message(n: &mut Numbers, truth: &mut Truth, shares: &Shares) -> Message {
    let host = format!("out{}", 1 + n.below(4));
    let pid = 1000 + n.below(9000);
    if n.below(1000) < shares.turned_away {
        let recipient = format!("user{}@here{}.example", n.below(100_000), n.below(9));
        truth.refuse(&recipient, AT_THE_DOOR, 1);
        let line = format!(
            "{host} postfix/smtpd[{pid}]: NOQUEUE: reject: RCPT from mail.client{0}.example[198.51.100.{0}]: {1}; \
             from=<bulk@client{0}.example> to=<{recipient}> proto=ESMTP helo=<mail.client{0}.example>",
            n.below(250),
            AT_THE_DOOR.replace("{r}", &recipient),
        );
        return Message { lines: VecDeque::from([Step::Line(line)]) };
    }
    let id: String =
        (0..11).map(|_| char::from(ID_LETTERS[n.below(ID_LETTERS.len() as u64) as usize])).collect();
    let id = format!("4{id}z{}", n.below(100_000));
    let sender = format!("news{}@shop{}.example", n.below(50), n.below(20));
    let mut lines = VecDeque::new();
    let mut line = |daemon: &str, text: String| {
        lines.push_back(Step::Line(format!("{host} postfix/{daemon}[{pid}]: {id}: {text}")));
    };
    line("smtpd", format!("client=app{}.example[10.0.2.{}]", n.below(9), n.below(250)));
    line("cleanup", format!("message-id=<{}.{}@shop.example>", n.below(1 << 30), n.below(1 << 30)));
    let n_recipients = 1 + n.below(3);
    let active = |n_recipients: u64, size: u64| {
        format!("from=<{sender}>, size={size}, nrcpt={n_recipients} (queue active)")
    };
    let size = 800 + n.below(90_000);
    line("qmgr", active(n_recipients, size));
    let mut put_off = Vec::new();
    for _ in 0..n_recipients {
        let domain = format!("customer{}.example", n.below(60));
        let to = To { recipient: format!("user{}@{domain}", n.below(100_000)), mx: n.below(250), domain };
        if n.below(1000) < shares.refused {
            line("smtp", to.refused(n, truth, 1));
        } else if n.below(1000) < shares.deferred {
            line("smtp", to.deferred(n));
            put_off.push(to);
        } else {
            line("smtp", to.accepted(n, truth));
        }
    }
    let mut tries = 1;
    while !put_off.is_empty() {
        lines.push_back(Step::Wait(60 + n.below(1700)));
        let mut line = |daemon: &str, text: String| {
            lines.push_back(Step::Line(format!("{host} postfix/{daemon}[{pid}]: {id}: {text}")));
        };
        if tries == 3 {
            // Given up: the last reply stands.
            line("qmgr", format!("from=<{sender}>, status=expired, returned to sender"));
            put_off.drain(..).for_each(|to: To| truth.refuse(&to.recipient, LATER, tries));
            break;
        }
        tries += 1;
        line("qmgr", active(put_off.len() as u64, size));
        put_off.retain(|to| {
            match n.below(10) {
                0..=6 => line("smtp", to.accepted(n, truth)),
                7 => line("smtp", to.refused(n, truth, tries)),
                _ => {
                    line("smtp", to.deferred(n));
                    return true;
                }
            }
            false
        });
    }
    if !shares.without_removed {
        lines.push_back(Step::Line(format!("{host} postfix/qmgr[{pid}]: {id}: removed")));
    }
    Message { lines }
}

struct To {
    recipient: String,
    domain: String,
    mx: u64,
}

impl To {
    fn head(&self, n: &mut Numbers) -> String {
        let Self { recipient, domain, mx } = self;
        format!(
            "to=<{recipient}>, relay=mx.{domain}[192.0.2.{mx}]:25, delay={}.{}, delays=0.1/0/0.4/1, ",
            n.below(9),
            n.below(9)
        )
    }

    fn accepted(&self, n: &mut Numbers, truth: &mut Truth) -> String {
        truth.accept(&self.domain);
        format!("{}dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {:X})", self.head(n), n.below(1 << 31))
    }

    fn deferred(&self, n: &mut Numbers) -> String {
        let Self { domain, mx, .. } = self;
        let head = self.head(n);
        format!(
            "{head}dsn=4.7.1, status=deferred (host mx.{domain}[192.0.2.{mx}] said: {LATER} (in reply to RCPT TO command))"
        )
    }

    fn refused(&self, n: &mut Numbers, truth: &mut Truth, tries: u64) -> String {
        let Self { recipient, domain, mx } = self;
        let head = self.head(n);
        let (status, reply, command) = REPLIES[n.below(REPLIES.len() as u64) as usize];
        truth.refuse(recipient, reply, tries);
        let session =
            format!("d75a77b69052e-{:x}si{}edf.{}", n.below(1 << 30), n.below(1 << 30), n.below(900));
        let reply = reply.replace("{r}", recipient).replace("{id}", &session);
        format!(
            "{head}dsn={status}, status=bounced (host mx.{domain}[192.0.2.{mx}] said: {reply} (in reply to {command}))"
        )
    }
}
