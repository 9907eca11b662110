//! The words in parentheses after `status=`: the remote reply, or what Postfix itself has to say.
//!
//! `host mx[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command)`,
//! `host mx[192.0.2.1] refused to talk to me: 554 no`, `lost connection with mx[192.0.2.1] while sending RCPT TO`,
//! `delivery temporarily suspended: connect to mx[192.0.2.1]:25: Connection refused`.
//! Written by src/smtp/smtp_proto.c, smtp_connect.c, smtp_sasl_glue.c and smtp_trouble.c; quoted replies may nest.

use super::super::text::{Host, host};
use crate::smtp::Stage;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// What the words say.
#[derive(Debug)]
pub(super) struct Words<'a> {
    /// The stage they name.
    pub stage: Stage,
    /// The host they name.
    pub host: Host<'a>,
    /// The text is a reply of that host, not Postfix's own.
    pub is_reply: bool,
    /// The reply with what it quotes, or Postfix's own words.
    pub text: &'a str,
}

/// Takes the words apart.
pub(super) fn read(words: &str) -> Words<'_> {
    let mut words = words.trim();
    while let Some(rest) = words.strip_prefix("delivery temporarily suspended: ") {
        words = rest;
    }
    if let Some((head, reply, stage)) = quoted(words) {
        let (reply, told) = in_reply_to(reply);
        let stage = if told == Stage::Unknown { stage } else { told };
        return Words { stage, host: named_host(head), is_reply: true, text: reply };
    }
    let own = |stage, host| Words { stage, host, is_reply: false, text: words };
    for (start, middle) in [("lost connection with ", " while "), ("conversation with ", " timed out while ")]
    {
        if let Some((peer, doing)) = words.strip_prefix(start).and_then(|w| w.split_once(middle)) {
            return own(stage_of_activity(doing), host(peer));
        }
    }
    if let Some((peer, _)) = words.strip_prefix("connect to ").and_then(|w| w.split_once(": ")) {
        return own(Stage::Connect, host(peer));
    }
    if words.starts_with("SASL authentication failed") {
        return own(Stage::Auth, named_host(words));
    }
    const TLS: [&str; 5] = [
        "TLS is required",
        "Cannot start TLS",
        "Server certificate",
        "server certificate",
        "certificate verification",
    ];
    if TLS.iter().any(|t| words.starts_with(t)) {
        return own(Stage::StartTls, named_host(words));
    }
    own(Stage::Unknown, Host::default())
}

/// Splits at the first phrase after which a remote reply stands.
fn quoted(words: &str) -> Option<(&str, &str, Stage)> {
    const PHRASES: [(&str, Stage); 3] = [
        (" said: ", Stage::Unknown),
        (" refused to talk to me: ", Stage::Connect),
        (" refused to start TLS: ", Stage::StartTls),
    ];
    static FINDERS: LazyLock<[Finder<'static>; 3]> =
        LazyLock::new(|| PHRASES.map(|(phrase, _)| Finder::new(phrase)));
    // The first of them counts: after each find, only what stands before it is of interest.
    let mut first = None;
    for (finder, (phrase, stage)) in FINDERS.iter().zip(PHRASES) {
        let until = first.map_or(words.len(), |(at, _, _)| at);
        if let Some(at) = finder.find(&words.as_bytes()[..until]) {
            first = Some((at, phrase, stage));
        }
    }
    let (at, phrase, mut stage) = first?;
    let head = &words[..at];
    // In a pipe's output anything may be "said"; a host or server must be named just before.
    let named = memchr::memrchr(b' ', head.as_bytes()).is_none_or(|blank| {
        let before = &head[..blank];
        before.ends_with("host") || before.ends_with("server") || before.ends_with("service")
    });
    if !named {
        return None;
    }
    if head.starts_with("SASL authentication failed") {
        stage = Stage::Auth;
    }
    Some((head, words[at + phrase.len()..].trim(), stage))
}

/// The host at the end of `… host mx[192.0.2.1]`, or after `host ` or `server ` inside.
fn named_host(words: &str) -> Host<'_> {
    // Both words end in `t ` or `r `: the last blank after one of them.
    let ends_so = |at: &usize| words[..*at].ends_with("host") || words[..*at].ends_with("server");
    let Some(after) = memchr::memrchr_iter(b' ', words.as_bytes()).find(ends_so).map(|blank| blank + 1)
    else {
        return Host::default();
    };
    let named = &words[after..];
    let end = named.bytes().position(|b| matches!(b, b' ' | b',' | b':')).unwrap_or(named.len());
    host(&named[..end]).or_brackets(named)
}

impl<'a> Host<'a> {
    /// An IPv6 address was cut at its first colon: read to the closing bracket.
    fn or_brackets(self, text: &'a str) -> Self {
        if self.ip.is_some() {
            return self;
        }
        match text.find(']') {
            Some(close) if !text[..close].contains(' ') => host(&text[..=close]),
            _ => self,
        }
    }
}

/// Cuts ` (in reply to RCPT TO command)` off the end. With quoted replies the last one is ours.
fn in_reply_to(reply: &str) -> (&str, Stage) {
    const OPEN: &str = "(in reply to ";
    let opens = |at: &usize| reply.as_bytes()[*at..].starts_with(OPEN.as_bytes());
    let Some(at) = memchr::memrchr_iter(b'(', reply.as_bytes()).find(opens) else {
        return (reply, Stage::Unknown);
    };
    let what = &reply[at + OPEN.len()..];
    // More after the closing parenthesis: it belongs to a quoted reply.
    let cut = what.strip_suffix(')').map(|what| (what, ""));
    let Some((what, "")) = cut.or_else(|| what.rsplit_once(')').map(|(w, after)| (w, after.trim()))) else {
        return (reply, Stage::Unknown);
    };
    (reply[..at].trim_end(), stage_of_command(what))
}

/// `RCPT TO command`, `end of DATA command`, `SASL … command`.
fn stage_of_command(what: &str) -> Stage {
    const STAGES: [(&str, Stage); 12] = [
        ("MAIL FROM", Stage::MailFrom),
        ("RCPT TO", Stage::RcptTo),
        ("DATA", Stage::Data),
        ("end of DATA", Stage::EndOfData),
        ("BDAT", Stage::EndOfData),
        ("EHLO", Stage::Ehlo),
        ("HELO", Stage::Ehlo),
        ("LHLO", Stage::Ehlo),
        ("STARTTLS", Stage::StartTls),
        ("AUTH", Stage::Auth),
        ("initial", Stage::Connect),
        // Told before MAIL FROM, about the session as a whole.
        ("XFORWARD", Stage::Ehlo),
    ];
    STAGES.iter().find(|(name, _)| what.starts_with(name)).map_or(Stage::Unknown, |(_, stage)| *stage)
}

/// What Postfix was doing when the connection broke.
fn stage_of_activity(doing: &str) -> Stage {
    let doing = doing.trim();
    if let Some(command) = doing.strip_prefix("sending ") {
        return match command {
            _ if command.starts_with("end of data") || command.starts_with("message body") => {
                Stage::EndOfData
            }
            _ => stage_of_command(command),
        };
    }
    if let Some(shake) = doing.strip_prefix("performing the ") {
        return if shake.starts_with("initial") { Stage::Ehlo } else { stage_of_command(shake) };
    }
    if doing.starts_with("receiving the initial") {
        return Stage::Connect;
    }
    if doing.contains("STARTTLS") || doing.contains("TLS handshake") {
        return Stage::StartTls;
    }
    Stage::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, expect: &str) {
        let w = read(words);
        let kind = if w.is_reply { "reply" } else { "own" };
        let ip = w.host.ip.map_or("-".into(), |ip| ip.to_string());
        let got = format!("{} {} {ip} {kind} | {}", w.stage.name(), w.host.name.unwrap_or("-"), w.text);
        assert_eq!(got, expect);
    }

    #[test]
    fn replies() {
        check(
            "host mx[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command)",
            "rcpt_to mx 192.0.2.1 reply | 550 5.1.1 no",
        );
        check(
            "host mx[192.0.2.1] said: 554 no (in reply to end of DATA command)",
            "end_of_data mx 192.0.2.1 reply | 554 no",
        );
        check("host mx[2001:db8::1] said: 554 no", "unknown mx 2001:db8::1 reply | 554 no");
        check(
            "host mx[192.0.2.1] refused to talk to me: 554 5.7.1 no",
            "connect mx 192.0.2.1 reply | 554 5.7.1 no",
        );
        check(
            "delivery temporarily suspended: host mx[192.0.2.1] refused to talk to me: 421 no",
            "connect mx 192.0.2.1 reply | 421 no",
        );
        check(
            "SASL authentication failed; server mx[192.0.2.1] said: 535 5.7.8 bad",
            "auth mx 192.0.2.1 reply | 535 5.7.8 bad",
        );
        check(
            "TLS is required, but host mx[192.0.2.1] refused to start TLS: 454 no",
            "starttls mx 192.0.2.1 reply | 454 no",
        );
        check(
            "host unix[private/lmtp] said: 550 no (in reply to RCPT TO command)",
            "rcpt_to unix - reply | 550 no",
        );
    }

    #[test]
    fn nested_replies_keep_what_they_quote() {
        check(
            "host mx[192.0.2.1] said: 550 5.1.1 <a@example.org>: undeliverable address: host in[192.0.2.9] said: \
             550 no (in reply to RCPT TO command) (in reply to RCPT TO command)",
            "rcpt_to mx 192.0.2.1 reply | 550 5.1.1 <a@example.org>: undeliverable address: host in[192.0.2.9] \
             said: 550 no (in reply to RCPT TO command)",
        );
        check(
            "host mx[192.0.2.1] said: 550 He said: (in reply to what) no (in reply to MAIL FROM command)",
            "mail_from mx 192.0.2.1 reply | 550 He said: (in reply to what) no",
        );
    }

    #[test]
    fn own_words() {
        check("unknown user: \"bob\"", "unknown - - own | unknown user: \"bob\"");
        check(
            "lost connection with mx[192.0.2.1] while sending MAIL FROM",
            "mail_from mx 192.0.2.1 own | lost connection with mx[192.0.2.1] while sending MAIL FROM",
        );
        check(
            "conversation with mx[192.0.2.1] timed out while receiving the initial server greeting",
            "connect mx 192.0.2.1 own | conversation with mx[192.0.2.1] timed out while receiving the initial server greeting",
        );
        check(
            "lost connection with mx[192.0.2.1] while sending end of data -- message may be sent more than once",
            "end_of_data mx 192.0.2.1 own | lost connection with mx[192.0.2.1] while sending end of data -- message may be sent more than once",
        );
        check(
            "delivery temporarily suspended: connect to mx[2001:db8::1]:25: Connection refused",
            "connect mx 2001:db8::1 own | connect to mx[2001:db8::1]:25: Connection refused",
        );
        check(
            "TLS is required, but was not offered by host mx[192.0.2.1]",
            "starttls mx 192.0.2.1 own | TLS is required, but was not offered by host mx[192.0.2.1]",
        );
        check("Command output: he said: 550 no", "unknown - - own | Command output: he said: 550 no");
    }
}
