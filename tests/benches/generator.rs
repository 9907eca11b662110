//! A Postfix log as a relay writes it: sessions interleaved, several hosts, some recipients refused. The same seed
//! gives the same bytes, and the generator knows how many of what it wrote.

use std::io::{self, Write};

/// What stands in a generated log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Truth {
    pub bytes: u64,
    pub lines: u64,
    /// Recipients accepted.
    pub accepted: u64,
    /// Recipients refused for good.
    pub refused: u64,
    /// Of those, with reply code 550.
    pub refused_550: u64,
}

/// A small generator of numbers; xorshift64*, enough for test data.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }
}

/// Replies with the share in which they occur, `{r}` being the recipient and `{h}` the remote MTA.
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

const ID_LETTERS: &[u8] = b"0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy";

/// Writes a log of about `len_bytes`, of whose recipients `refused_permille` are refused.
pub fn write_postfix_log(out: &mut impl Write, len_bytes: u64, refused_permille: u64) -> io::Result<Truth> {
    let mut numbers = Numbers::new(550);
    let mut truth = Truth::default();
    let mut second = 0u64;
    // Lines of messages under way, written out in turn so that sessions interleave.
    let mut under_way: Vec<std::collections::VecDeque<String>> = Vec::new();
    while truth.bytes < len_bytes || !under_way.is_empty() {
        if truth.bytes < len_bytes && under_way.len() < 40 {
            under_way.push(message(&mut numbers, &mut truth, refused_permille));
            continue;
        }
        let pick = numbers.below(under_way.len() as u64) as usize;
        let Some(line) = under_way[pick].pop_front() else {
            under_way.swap_remove(pick);
            continue;
        };
        second += numbers.below(12) / 11;
        let stamp = format!(
            "Nov {:2} {:02}:{:02}:{:02} ",
            1 + second / 86_400 % 30,
            second / 3600 % 24,
            second / 60 % 60,
            second % 60
        );
        out.write_all(stamp.as_bytes())?;
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
        truth.bytes += (stamp.len() + line.len() + 1) as u64;
        truth.lines += 1;
    }
    Ok(truth)
}

fn message(n: &mut Numbers, truth: &mut Truth, refused_permille: u64) -> std::collections::VecDeque<String> {
    let mut lines = std::collections::VecDeque::new();
    let host = format!("out{}", 1 + n.below(4));
    let pid = 1000 + n.below(9000);
    let id: String =
        (0..11).map(|_| char::from(ID_LETTERS[n.below(ID_LETTERS.len() as u64) as usize])).collect();
    let id = format!("4{id}z{}", n.below(100_000));
    let sender = format!("news{}@shop{}.example", n.below(50), n.below(20));
    lines.push_back(format!(
        "{host} postfix/smtpd[{pid}]: {id}: client=app{}.example[10.0.2.{}]",
        n.below(9),
        n.below(250)
    ));
    lines.push_back(format!(
        "{host} postfix/cleanup[{pid}]: {id}: message-id=<{}.{}@shop.example>",
        n.below(1 << 30),
        n.below(1 << 30)
    ));
    let n_recipients = 1 + n.below(3);
    lines.push_back(format!(
        "{host} postfix/qmgr[{pid}]: {id}: from=<{sender}>, size={}, nrcpt={n_recipients} (queue active)",
        800 + n.below(90_000)
    ));
    for _ in 0..n_recipients {
        let domain = format!("customer{}.example", n.below(60));
        let recipient = format!("user{}@{domain}", n.below(100_000));
        let relay = format!("mx.{domain}[192.0.2.{}]:25", n.below(250));
        let head = format!(
            "{host} postfix/smtp[{pid}]: {id}: to=<{recipient}>, relay={relay}, delay={}.{}, delays=0.1/0/0.4/1, ",
            n.below(9),
            n.below(9)
        );
        if n.below(1000) < refused_permille {
            let (status, reply, command) = REPLIES[n.below(REPLIES.len() as u64) as usize];
            let session =
                format!("d75a77b69052e-{:x}si{}edf.{}", n.below(1 << 30), n.below(1 << 30), n.below(900));
            let reply = reply.replace("{r}", &recipient).replace("{id}", &session);
            truth.refused += 1;
            truth.refused_550 += u64::from(reply.starts_with("550"));
            lines.push_back(format!(
                "{head}dsn={status}, status=bounced (host {} said: {reply} (in reply to {command}))",
                relay.trim_end_matches(":25")
            ));
        } else {
            truth.accepted += 1;
            lines.push_back(format!(
                "{head}dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {:X})",
                n.below(1 << 31)
            ));
        }
    }
    lines.push_back(format!("{host} postfix/qmgr[{pid}]: {id}: removed"));
    lines
}
