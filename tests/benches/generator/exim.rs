//! An Exim main log.

use super::{Message, Numbers, Step, Truth, interleave};
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
    let mut truth = Truth::default();
    let mut numbers = Numbers::new(550);
    let stamp = |second: u64| {
        let (day, time) = (1 + second / 86_400 % 30, second % 86_400);
        format!("2026-11-{day:02} {:02}:{:02}:{:02} ", time / 3600, time / 60 % 60, time % 60)
    };
    let next = |numbers: &mut Numbers, truth: &mut Truth| message(numbers, truth, refused_permille);
    interleave(out, len_bytes, &mut truth, &mut numbers, stamp, next)?;
    Ok(truth)
}

fn message(n: &mut Numbers, truth: &mut Truth, refused_permille: u64) -> Message {
    let mut letters = |len: usize| -> String {
        (0..len).map(|_| char::from(LETTERS[n.below(LETTERS.len() as u64) as usize])).collect()
    };
    let id = format!("1{}-{}-{}", letters(5), letters(6), letters(2));
    let session = format!("d75a77b69052e-4{}7si1{}2edf.42", letters(6), letters(6));
    let sender = format!("news{}@shop{}.example", n.below(50), n.below(20));
    let mut lines = VecDeque::new();
    let mut line = |text: String| lines.push_back(Step::Line(format!("{id} {text}")));
    line(format!(
        "<= {sender} H=app{}.example [10.0.2.{}] P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S={} \
         id={}.{}@shop.example",
        n.below(9),
        n.below(250),
        800 + n.below(90_000),
        n.below(1 << 30),
        n.below(1 << 30),
    ));
    for number in 0..1 + n.below(3) {
        let domain = format!("customer{}.example", n.below(60));
        let recipient = format!("user{}@{domain}", n.below(100_000));
        let fields = format!(
            "{recipient} R=dnslookup T=remote_smtp H=mx.{domain} [192.0.2.{}] X=TLS1.3:TLS_AES_256_GCM_SHA384:256 \
             CV=yes",
            n.below(250)
        );
        if n.below(1000) < refused_permille {
            let (reply, command) = REPLIES[n.below(REPLIES.len() as u64) as usize];
            truth.refuse(&recipient, reply, 1);
            let filled = |text: &str| {
                text.replace("{r}", &recipient).replace("{s}", &sender).replace("{id}", &session)
            };
            let (reply, command) = (filled(reply), filled(command));
            line(format!("** {fields}: SMTP error from remote mail server after {command}: {reply}"));
        } else {
            truth.accept(&domain);
            let arrow = if number == 0 { "=>" } else { "->" };
            line(format!("{arrow} {fields} C=\"250 2.0.0 Ok: queued as {:X}\"", n.below(1 << 31)));
        }
    }
    line("Completed".to_owned());
    Message { lines }
}
