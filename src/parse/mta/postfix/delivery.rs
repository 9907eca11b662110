//! Deliveries: one line per recipient and try.
//!
//! `to=<a@example.org>, orig_to=<b>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=5.1.1, status=bounced
//! (host mx[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))`.
//! Written by src/global/log_adhoc.c for smtp, lmtp, local, virtual, pipe, error and discard alike. The text in
//! parentheses is free-form and may nest; newer versions add keys (`tls=`), so keys are read in any order.

use super::super::text::{Host, angle, codes, host, lines, split_before_blank};
use super::session;
use crate::near;
use crate::parse::event::{DeliveryAttempt, EventKind, Outcome};
use crate::smtp::{EnhancedStatus, ReplyCode, Stage};
use std::borrow::Cow;

/// Reads what follows the queue id, from `to=` on.
pub(super) fn read<'a>(rest: &'a str, daemon: &str) -> Option<EventKind<'a>> {
    let mut fields = Fields::default();
    fields.read(rest)?;
    let status = fields.status?;
    let outcome = match status {
        "sent" => Outcome::Accepted,
        // `soft_bounce = yes`: refused, and kept in the queue all the same.
        "deferred" | "SOFTBOUNCE" => Outcome::Deferred,
        "bounced" | "undeliverable" => Outcome::Bounced,
        "expired" => Outcome::Expired,
        // An address probe: no mail was delivered.
        "deliverable" => return Some(EventKind::Other),
        _ => return None,
    };
    let original_recipient = fields.orig_to.filter(|o| *o != fields.to);
    let mut attempt = DeliveryAttempt {
        outcome,
        recipient: fields.to,
        original_recipient,
        reverse_path: None,
        remote_mta: fields.relay.name,
        remote_ip: fields.relay.ip,
        stage: Stage::Unknown,
        reply_code: None,
        enhanced_status: None,
        text: Cow::Borrowed(fields.words),
    };
    let remote = is_session(daemon);
    if !remote {
        // `relay=local` and `relay=dovecot` name a transport.
        attempt.remote_mta = None;
    }
    if outcome == Outcome::Accepted {
        // Nine lines of ten: nothing is taken apart that nobody asks for.
        attempt.reply_code = ReplyCode::at_start(fields.words);
        return Some(EventKind::Attempt(attempt));
    }
    let words = session::read(fields.words);
    attempt.stage = words.stage;
    if words.host != Host::default() && (attempt.remote_mta.is_none() || words.is_reply) {
        attempt.remote_mta = words.host.name.or(attempt.remote_mta);
        attempt.remote_ip = words.host.ip.or(attempt.remote_ip);
    }
    if words.is_reply {
        (attempt.reply_code, attempt.enhanced_status) = codes(words.text);
        attempt.text = lines(words.text);
    } else {
        attempt.text = Cow::Borrowed(words.text);
        if !remote && words.stage == Stage::Unknown && !is_routing(words.text) {
            attempt.stage = Stage::Delivery;
        }
    }
    attempt.enhanced_status = attempt.enhanced_status.or(fields.dsn);
    Some(EventKind::Attempt(attempt))
}

/// Daemons that speak SMTP or LMTP to another server.
fn is_session(daemon: &str) -> bool {
    matches!(daemon, "smtp" | "lmtp" | "relay")
}

/// No server was found: nothing to do with the recipient's mailbox.
fn is_routing(words: &str) -> bool {
    words.starts_with("Host or domain name not found") || words.contains("Name service error")
}

#[derive(Default)]
struct Fields<'a> {
    to: &'a str,
    orig_to: Option<&'a str>,
    relay: Host<'a>,
    dsn: Option<EnhancedStatus>,
    status: Option<&'a str>,
    words: &'a str,
}

impl<'a> Fields<'a> {
    fn read(&mut self, mut rest: &'a str) -> Option<()> {
        loop {
            let equals = near::find(b'=', rest.as_bytes())?;
            let (key, value) = (&rest[..equals], &rest[equals + 1..]);
            let after;
            match key {
                "to" => (self.to, after) = address(value)?,
                "orig_to" => {
                    let (found, tail) = address(value)?;
                    (self.orig_to, after) = (Some(found), tail);
                }
                "status" => {
                    let end = value.bytes().position(|b| matches!(b, b' ' | b',')).unwrap_or(value.len());
                    self.status = Some(&value[..end]);
                    let text = &value[end..];
                    let Some(inside) = text.strip_prefix(" (") else {
                        after = text;
                        rest = next(after);
                        if rest.is_empty() {
                            return Some(());
                        }
                        continue;
                    };
                    // The text may hold anything but ends the line. A line cut short has no closing parenthesis.
                    let cut = inside.strip_suffix(')').map(|words| (words, ""));
                    (self.words, after) = match cut.or_else(|| inside.rsplit_once(')')) {
                        Some((words, tail)) if tail.is_empty() || tail.starts_with(", ") => (words, tail),
                        _ => (inside, ""),
                    };
                }
                _ => {
                    let end = split_before_blank(value, b',').map_or(value.len(), |(value, _)| value.len());
                    match key {
                        "relay" => self.relay = host(&value[..end]),
                        "dsn" => self.dsn = EnhancedStatus::parse(&value[..end]),
                        _ => {}
                    }
                    after = &value[end..];
                }
            }
            rest = next(after);
            if rest.is_empty() {
                return Some(());
            }
        }
    }
}

/// `<address>`, or without brackets as some versions have it.
fn address(value: &str) -> Option<(&str, &str)> {
    if value.starts_with('<') {
        return angle(value);
    }
    let (address, _) = split_before_blank(value, b',')?;
    Some((address, &value[address.len()..]))
}

fn next(after: &str) -> &str {
    after.strip_prefix(',').unwrap_or(after).trim_start_matches(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::mta::show;

    #[track_caller]
    fn check(rest: &str, expect: &str) {
        check_from("smtp", rest, expect);
    }

    #[track_caller]
    fn check_from(daemon: &str, rest: &str, expect: &str) {
        let Some(EventKind::Attempt(a)) = read(rest, daemon) else {
            assert_eq!("none", expect, "{rest}");
            return;
        };
        let got = show::attempt(&a);
        assert_eq!(got, expect, "{rest}");
    }

    #[test]
    fn remote_replies() {
        check(
            "to=<a@example.org>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=5.1.1, status=bounced \
             (host mx[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))",
            "Bounced a@example.org mx 192.0.2.1 rcpt_to 550 5.1.1 | 550 5.1.1 no such user",
        );
        check(
            "to=<a@example.org>, relay=mx[192.0.2.1]:25, dsn=5.0.0, status=bounced \
             (host mx[192.0.2.1] said: 550-5.7.1 one 550-5.7.1 two 550 5.7.1 three (in reply to end of DATA command))",
            "Bounced a@example.org mx 192.0.2.1 end_of_data 550 5.7.1 | 550-5.7.1 one/550-5.7.1 two/550 5.7.1 three",
        );
        check(
            "to=<a@example.org>, orig_to=<b>, relay=mx[192.0.2.1]:25, tls=x, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4F1C)",
            "Accepted a@example.org (b) mx 192.0.2.1 unknown 250 - | 250 2.0.0 Ok: queued as 4F1C",
        );
        check(
            "to=<a@example.org>, relay=mx[192.0.2.1]:25, dsn=5.7.1, status=SOFTBOUNCE (host mx[192.0.2.1] said: 550 5.7.1 no (in reply to MAIL FROM command))",
            "Deferred a@example.org mx 192.0.2.1 mail_from 550 5.7.1 | 550 5.7.1 no",
        );
        check(
            "to=<a@example.org>, relay=none, dsn=4.4.1, status=deferred (connect to mx[192.0.2.1]:25: Connection timed out)",
            "Deferred a@example.org mx 192.0.2.1 connect - 4.4.1 | connect to mx[192.0.2.1]:25: Connection timed out",
        );
        check(
            "to=<a@example.org>, relay=mx[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx[192.0.2.1] said: 550 5.1.1 <a@example.org>: undeliverable address: host in[192.0.2.9] said: 553 5.3.0 gone (in reply to RCPT TO command) (in reply to RCPT TO command))",
            "Bounced a@example.org mx 192.0.2.1 rcpt_to 553 5.3.0 | 550 5.1.1 <a@example.org>: undeliverable address: host in[192.0.2.9] said: 553 5.3.0 gone (in reply to RCPT TO command)",
        );
    }

    #[test]
    fn own_words() {
        check_from(
            "local",
            "to=<bob@example.org>, relay=local, dsn=5.1.1, status=bounced (unknown user: \"bob\")",
            "Bounced bob@example.org - - delivery - 5.1.1 | unknown user: \"bob\"",
        );
        check_from(
            "pipe",
            "to=<bob@example.org>, relay=dovecot, dsn=5.1.1, status=bounced (user unknown)",
            "Bounced bob@example.org - - delivery - 5.1.1 | user unknown",
        );
        check(
            "to=<a@example.org>, relay=none, dsn=5.4.4, status=bounced (Host or domain name not found. Name service error for name=example.org type=A: Host not found)",
            "Bounced a@example.org - - unknown - 5.4.4 | Host or domain name not found. Name service error for name=example.org type=A: Host not found",
        );
        check(
            "to=<a@example.org>, relay=none, dsn=5.4.6, status=bounced (mail for example.org loops back to myself)",
            "Bounced a@example.org - - unknown - 5.4.6 | mail for example.org loops back to myself",
        );
        check_from(
            "error",
            "to=<a@example.org>, relay=none, dsn=4.4.1, status=deferred (delivery temporarily suspended: connect to mx[192.0.2.1]:25: Connection refused)",
            "Deferred a@example.org mx 192.0.2.1 connect - 4.4.1 | connect to mx[192.0.2.1]:25: Connection refused",
        );
    }

    #[test]
    fn addresses_without_brackets() {
        check_from(
            "local",
            "to=bob@example.org, orig_to=b, relay=local, dsn=5.1.1, status=bounced (unknown user: \"bob\")",
            "Bounced bob@example.org (b) - - delivery - 5.1.1 | unknown user: \"bob\"",
        );
    }

    #[test]
    fn traps() {
        // Anything may stand in a quoted local part, and in the reply.
        check(
            "to=<\"a, status=sent (x)>, b\"@example.org>, relay=mx[192.0.2.1]:550, dsn=5.1.1, status=bounced (host mx[192.0.2.1] said: 553 no, status=sent (250 ok) (in reply to RCPT TO command))",
            "Bounced \"a, status=sent (x)>, b\"@example.org mx 192.0.2.1 rcpt_to 553 5.1.1 | 553 no, status=sent (250 ok)",
        );
        // Any order.
        check(
            "to=<a@example.org>, status=bounced (host mx[192.0.2.1] said: 550 no), dsn=5.0.0, relay=mx[192.0.2.1]:25",
            "Bounced a@example.org mx 192.0.2.1 unknown 550 5.0.0 | 550 no",
        );
        // The line was cut.
        check(
            "to=<a@example.org>, relay=mx[192.0.2.1]:25, dsn=5.1.1, status=bounced (host mx[192.0.2.1] said: 550 5.1.1 no such",
            "Bounced a@example.org mx 192.0.2.1 unknown 550 5.1.1 | 550 5.1.1 no such",
        );
        check("to=<a@example.org>, relay=mx", "none");
        check("to=<a@example.org>, dsn=2.1.5, status=deliverable (250 ok)", "none");
    }
}
