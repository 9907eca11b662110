//! An Exim main log as a relay writes it: messages interleaved, some recipients refused. The same seed gives the same
//! bytes, and the generator knows how many of what it wrote.

use crate::generator::{Numbers, Truth};
use std::collections::VecDeque;
use std::io::{self, Write};

/// Replies, `{r}` being the recipient and `{id}` a session's id; what they answer.
const REPLIES: [(&str, &str); 6] = [
    ("550 5.1.1 <{r}>: Recipient address rejected: User unknown in virtual mailbox table", "RCPT TO:<{r}>"),
    (
        "550-5.1.1 The email account that you tried to reach does not exist. Please try\\n550-5.1.1 double-checking the \
         recipient's email address for typos or\\n550 5.1.1 unnecessary spaces {id} - gsmtp",
        "RCPT TO:<{r}>",
    ),
    ("554 5.7.1 <{r}>: Relay access denied", "RCPT TO:<{r}>"),
    ("550 5.7.1 Service unavailable, Client host [192.0.2.9] blocked using Spamhaus", "MAIL FROM:<{s}>"),
    ("550 Requested action not taken: mailbox unavailable", "RCPT TO:<{r}>"),
    ("552 5.2.2 <{r}>: user is over quota", "end of data"),
];

const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Writes a log of about `len_bytes`, of whose recipients `refused_permille` are refused.
pub fn write_exim_log(out: &mut impl Write, len_bytes: u64, refused_permille: u64) -> io::Result<Truth> {
    let mut numbers = Numbers::new(550);
    let mut truth = Truth::default();
    let mut second = 0u64;
    let mut under_way: Vec<VecDeque<String>> = Vec::new();
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
        let (day, time) = (1 + second / 86_400 % 30, second % 86_400);
        let stamp = format!("2026-11-{day:02} {:02}:{:02}:{:02} ", time / 3600, time / 60 % 60, time % 60);
        out.write_all(stamp.as_bytes())?;
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
        truth.bytes += (stamp.len() + line.len() + 1) as u64;
        truth.lines += 1;
    }
    Ok(truth)
}

fn message(n: &mut Numbers, truth: &mut Truth, refused_permille: u64) -> VecDeque<String> {
    let mut lines = VecDeque::new();
    let mut letters = |len: usize| -> String {
        (0..len).map(|_| char::from(LETTERS[n.below(LETTERS.len() as u64) as usize])).collect()
    };
    let id = format!("1{}-{}-{}", letters(5), letters(6), letters(2));
    let session = format!("d75a77b69052e-{}si{}edf.42", letters(6), letters(6));
    let sender = format!("news{}@shop{}.example", n.below(50), n.below(20));
    lines.push_back(format!(
        "{id} <= {sender} H=app{}.example [10.0.2.{}] P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S={} id={}.{}@shop.example",
        n.below(9),
        n.below(250),
        800 + n.below(90_000),
        n.below(1 << 30),
        n.below(1 << 30),
    ));
    for number in 0..1 + n.below(3) {
        let domain = format!("customer{}.example", n.below(60));
        let recipient = format!("user{}@{domain}", n.below(100_000));
        let fields = format!("R=dnslookup T=remote_smtp H=mx.{domain} [192.0.2.{}]", n.below(250));
        if n.below(1000) < refused_permille {
            let (reply, command) = REPLIES[n.below(REPLIES.len() as u64) as usize];
            let filled = |text: &str| text.replace("{r}", &recipient).replace("{s}", &sender).replace("{id}", &session);
            truth.refused += 1;
            truth.refused_550 += u64::from(reply.starts_with("550"));
            lines.push_back(format!(
                "{id} ** {recipient} {fields} X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes: SMTP error from remote mail server after {}: {}",
                filled(command),
                filled(reply)
            ));
        } else {
            truth.accepted += 1;
            lines.push_back(format!(
                "{id} {} {recipient} {fields} X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes C=\"250 2.0.0 Ok: queued as {:X}\"",
                if number == 0 { "=>" } else { "->" },
                n.below(1 << 31)
            ));
        }
    }
    lines.push_back(format!("{id} Completed"));
    lines
}
