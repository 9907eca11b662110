//! Arrivals and deliveries.
//!
//! `<= a@example.net H=mx [192.0.2.1] P=esmtps S=900 id=x@example.net`, `=> bob <bob@example.org> R=local
//! T=local_delivery`, `== a@example.org R=dnslookup T=remote_smtp defer (-44) H=mx [192.0.2.1]: SMTP error from
//! remote mail server after RCPT TO:<a@example.org>: 451 later`, `** final@example.org <first@example.org>
//! F=<a@example.net> R=dnslookup T=remote_smtp H=mx [192.0.2.1]: SMTP error from remote mail server after end of
//! data: 550 no`. See "Log files" in the specification and src/transports/smtp.c for the words.

use super::super::text::{codes, ip, lines};
use super::fields::{self, Fields};
use crate::parse::event::{DeliveryAttempt, EventKind, Outcome};
use crate::smtp::{ReplyCode, Stage, read_reply};
use std::borrow::Cow;

/// What follows `<= `.
pub(super) fn arrival(text: &str) -> Option<EventKind<'_>> {
    let (reverse_path, rest) = address(text)?;
    let reverse_path = if reverse_path == "<>" { "" } else { reverse_path };
    let (fields, _) = fields::read(rest);
    Some(EventKind::Sender { reverse_path, message_id: fields.message_id })
}

/// What follows `=> `, `-> ` or `>> `.
pub(super) fn accepted(text: &str) -> Option<EventKind<'_>> {
    let (mut attempt, fields, _) = attempt(Outcome::Accepted, text)?;
    let reply = fields.confirmation.unwrap_or("");
    attempt.reply_code = ReplyCode::at_start(reply);
    attempt.text = Cow::Borrowed(reply);
    Some(EventKind::Attempt(attempt))
}

/// What follows `** `.
pub(super) fn failed(text: &str) -> Option<EventKind<'_>> {
    unaccepted(Outcome::Bounced, text)
}

/// What follows `== `.
pub(super) fn deferred(text: &str) -> Option<EventKind<'_>> {
    unaccepted(Outcome::Deferred, text)
}

fn unaccepted(outcome: Outcome, text: &str) -> Option<EventKind<'_>> {
    let (mut attempt, fields, words) = attempt(outcome, text)?;
    let mut words = words.trim();
    if outcome == Outcome::Bounced {
        const GIVEN_UP: [&str; 3] =
            ["retry timeout exceeded", "after a long failure period", "failing for a long time"];
        // Most failures are replies, and words that begin with them need no search.
        let replied = words.starts_with("SMTP error") || words.contains("SMTP error");
        if !replied && GIVEN_UP.iter().any(|g| words.contains(g)) {
            attempt.outcome = Outcome::Expired;
        }
        // Exim adds this to the last reply if it still has it.
        if let Some(reply) = words.strip_suffix(": retry timeout exceeded") {
            attempt.outcome = Outcome::Expired;
            words = reply;
        }
    }
    match remote_reply(words) {
        Some((command, reply)) => {
            attempt.stage = stage(command);
            (attempt.reply_code, attempt.enhanced_status) = codes(reply);
            if attempt.remote_mta.is_none() && attempt.remote_ip.is_none() {
                // Older: `after RCPT TO:<a@example.org>: host mx [192.0.2.1]: 550 no`.
                host_before(words, reply, &mut attempt);
            }
            attempt.text = lines(reply);
        }
        None => {
            attempt.stage = own_stage(words, &fields);
            attempt.text = lines(words);
        }
    }
    Some(EventKind::Attempt(attempt))
}

fn attempt(outcome: Outcome, text: &str) -> Option<(DeliveryAttempt<'_>, Fields<'_>, &str)> {
    let (first, mut rest) = address(text)?;
    // Intermediate addresses stand in parentheses, the one that came in stands last.
    while let Some((_, after)) = rest.strip_prefix(" (").and_then(|r| r.split_once(')')) {
        rest = after;
    }
    let mut original = None;
    if let Some((address, after)) = rest.strip_prefix(' ').and_then(super::super::text::angle) {
        (original, rest) = (Some(address), after);
    }
    // A mailbox, file or pipe: the address is the one that came in.
    let (recipient, original_recipient) = match original {
        Some(original) if !first.contains('@') || first.starts_with(['|', '/', '>']) => (original, None),
        Some(original) if original != first => (first, Some(original)),
        _ => (first, None),
    };
    let (fields, words) = fields::read(rest);
    let attempt = DeliveryAttempt {
        outcome,
        recipient,
        original_recipient,
        reverse_path: fields.reverse_path,
        remote_mta: fields.host,
        remote_ip: fields.ip,
        stage: Stage::Unknown,
        reply_code: None,
        enhanced_status: None,
        text: Cow::Borrowed(""),
    };
    Some((attempt, fields, words))
}

/// The address at the start of `text`, and what follows. Pipes and quoted local parts may hold blanks.
fn address(text: &str) -> Option<(&str, &str)> {
    let end = if let Some(inside) = text.strip_prefix('"') {
        let quote = 1 + fields::closing_quote(inside);
        quote + text[quote..].find(' ').unwrap_or(text.len() - quote)
    } else if text.starts_with(['|', '/', ':', '>']) {
        text.find(" <").or_else(|| text.find(' ')).unwrap_or(text.len())
    } else {
        memchr::memchr(b' ', text.as_bytes()).unwrap_or(text.len())
    };
    // `** a@example.org: Unrouteable address`
    let address = text[..end].strip_suffix(':').unwrap_or(&text[..end]);
    (!address.is_empty()).then(|| (address, &text[address.len()..]))
}

/// `SMTP error from remote mail server after RCPT TO:<a@example.org>: 550 no`: the command and the reply.
fn remote_reply(words: &str) -> Option<(&str, &str)> {
    // `SMTP error from remote mail server after …`, `… remote mailer after …`, `LMTP error after …`.
    // Nearly all words begin with it.
    let rest =
        words.strip_prefix("SMTP error ").or_else(|| words.split_once("MTP error ").map(|(_, rest)| rest))?;
    let (from, rest) =
        rest.strip_prefix("after ").map(|rest| ("", rest)).or_else(|| rest.split_once(" after "))?;
    if !(from.is_empty() || from.starts_with("from ") && from.len() < 40) {
        return None;
    }
    let rest = rest.strip_prefix("pipelined ").unwrap_or(rest);
    // The command may hold colons itself.
    let at = memchr::memchr_iter(b':', rest.as_bytes()).find(|at| {
        let reply = rest[at + 1..].strip_prefix(' ').map(read_reply);
        reply.is_some_and(|reply| reply.code.is_some() || reply.enhanced.is_some())
    })?;
    Some((&rest[..at], &rest[at + 2..]))
}

fn host_before<'a>(words: &'a str, reply: &str, attempt: &mut DeliveryAttempt<'a>) {
    let before = &words[..words.len() - reply.len()];
    let Some((_, named)) = before.rsplit_once("host ") else { return };
    let Some((name, address)) = named.split_once(" [") else { return };
    attempt.remote_mta = Some(name);
    attempt.remote_ip = address.split(']').next().and_then(ip);
}

/// The stage in the words Exim uses for a command.
fn stage(command: &str) -> Stage {
    const STAGES: [(&str, Stage); 12] = [
        ("initial connection", Stage::Connect),
        ("EHLO", Stage::Ehlo),
        ("HELO", Stage::Ehlo),
        ("LHLO", Stage::Ehlo),
        ("STARTTLS", Stage::StartTls),
        ("AUTH", Stage::Auth),
        ("MAIL FROM", Stage::MailFrom),
        ("RCPT TO", Stage::RcptTo),
        ("DATA", Stage::Data),
        ("end of data", Stage::EndOfData),
        ("sending data", Stage::EndOfData),
        ("BDAT", Stage::EndOfData),
    ];
    let command = command.strip_prefix("pipelined ").unwrap_or(command);
    STAGES.iter().find(|(name, _)| command.starts_with(name)).map_or(Stage::Unknown, |(_, stage)| *stage)
}

/// The stage when no server replied.
fn own_stage(words: &str, fields: &Fields<'_>) -> Stage {
    for doing in [" in response to ", " after "] {
        if let Some(stage) = words.split_once(doing).map(|(_, what)| stage(what))
            && stage != Stage::Unknown
        {
            return stage;
        }
    }
    if words.starts_with("Connection ")
        || words.starts_with("No route to host")
        || words.contains("Network is unreachable")
    {
        return Stage::Connect;
    }
    if words.contains("TLS session") || words.contains("TLS negotiation") {
        return Stage::StartTls;
    }
    let remote = fields.host.is_some()
        || fields.ip.is_some()
        || fields.transport.is_some_and(|t| t.contains("smtp"))
        || words.contains("retry time")
        || words.contains(" hosts for ")
        || words.contains(" lookup ")
        || words.contains("MX record");
    if remote { Stage::Unknown } else { Stage::Delivery }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::mta::show;

    #[track_caller]
    fn check(read: for<'a> fn(&'a str) -> Option<EventKind<'a>>, text: &str, expect: &str) {
        let got = match read(text) {
            Some(EventKind::Sender { reverse_path, message_id }) => {
                format!("from <{reverse_path}> {}", message_id.unwrap_or("-"))
            }
            Some(EventKind::Attempt(a)) => show::attempt(&a),
            _ => "none".into(),
        };
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn arrivals() {
        check(
            arrival,
            "a@example.net H=mx (x) [192.0.2.1]:4711 P=esmtps X=TLS1.3:A:256 CV=no S=900 id=x@example.net T=\"a id=b\" for b@example.org",
            "from <a@example.net> x@example.net",
        );
        check(arrival, "<> R=1aBcDe-0001Ab-Cd U=Debian-exim P=local S=1", "from <> -");
        check(arrival, "\"a b\"@example.net U=bob P=local S=1 id=y", "from <\"a b\"@example.net> y");
    }

    #[test]
    fn deliveries() {
        check(
            accepted,
            "a@example.org R=dnslookup T=remote_smtp H=mx [192.0.2.1] X=TLS1.3:A:256 CV=yes C=\"250 2.0.0 Ok: queued as 4F1C\"",
            "Accepted a@example.org mx 192.0.2.1 unknown 250 - | 250 2.0.0 Ok: queued as 4F1C",
        );
        check(
            accepted,
            "bob <bob@example.org> R=local T=local_delivery",
            "Accepted bob@example.org - - unknown - - | ",
        );
        check(
            accepted,
            "|/usr/bin/vacation bob <bob@example.org> R=user T=pipe",
            "Accepted bob@example.org - - unknown - - | ",
        );
    }

    #[test]
    fn failures() {
        check(
            failed,
            "a@example.org F=<b@example.net> R=dnslookup T=remote_smtp H=mx [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@example.org>: 550 5.1.1 no: really",
            "Bounced a@example.org mx 192.0.2.1 rcpt_to 550 5.1.1 | 550 5.1.1 no: really",
        );
        check(
            failed,
            "c@example.org <a@example.org> R=dnslookup T=remote_smtp H=mx [192.0.2.1]:25 X=TLS1.2:A:256 CV=yes: SMTP error from remote mail server after pipelined end of data: 550-one\\n550 two",
            "Bounced c@example.org (a@example.org) mx 192.0.2.1 end_of_data 550 - | 550-one/550 two",
        );
        check(
            failed,
            "a@example.org R=dnslookup T=remote_smtp H=mx [192.0.2.1]: SMTP error from remote mail server after initial connection: 554 no",
            "Bounced a@example.org mx 192.0.2.1 connect 554 - | 554 no",
        );
        check(
            failed,
            "a@example.org R=dnslookup T=remote_smtp H=mx [192.0.2.1]: SMTP error from remote mail server after MAIL FROM:<b@example.net> SIZE=550: 552 too big",
            "Bounced a@example.org mx 192.0.2.1 mail_from 552 - | 552 too big",
        );
        check(
            failed,
            "a@example.org: SMTP error from remote mailer after RCPT TO:<a@example.org>: host mx [192.0.2.1]: 550 no",
            "Bounced a@example.org mx 192.0.2.1 rcpt_to 550 - | 550 no",
        );
        check(
            failed,
            "a@example.org R=lmtp T=lmtp: LMTP error after RCPT TO:<a@example.org>: 550 no",
            "Bounced a@example.org - - rcpt_to 550 - | 550 no",
        );
        check(
            failed,
            "a@example.org: Unrouteable address",
            "Bounced a@example.org - - delivery - - | Unrouteable address",
        );
        check(
            failed,
            "bob <bob@example.org> R=local T=local_delivery: mailbox is full (quota exceeded)",
            "Bounced bob@example.org - - delivery - - | mailbox is full (quota exceeded)",
        );
        check(
            failed,
            "\"a b\"@example.org (c@example.org) <d@example.org> R=x: no",
            "Bounced \"a b\"@example.org (d@example.org) - - delivery - - | no",
        );
    }

    #[test]
    fn given_up() {
        check(
            failed,
            "a@example.org: retry timeout exceeded",
            "Expired a@example.org - - unknown - - | retry timeout exceeded",
        );
        check(
            failed,
            "a@example.org R=dnslookup T=remote_smtp H=mx [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@example.org>: 451 later: retry timeout exceeded",
            "Expired a@example.org mx 192.0.2.1 rcpt_to 451 - | 451 later",
        );
        check(
            failed,
            "a@example.org R=dnslookup T=remote_smtp: all hosts for 'example.org' have been failing for a long time (and retry time not reached)",
            "Expired a@example.org - - unknown - - | all hosts for 'example.org' have been failing for a long time (and retry time not reached)",
        );
    }

    #[test]
    fn deferrals() {
        check(
            deferred,
            "a@example.org R=dnslookup T=remote_smtp defer (-44) H=mx [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@example.org>: 451 4.7.1 later",
            "Deferred a@example.org mx 192.0.2.1 rcpt_to 451 4.7.1 | 451 4.7.1 later",
        );
        check(
            deferred,
            "a@example.org R=dnslookup T=remote_smtp H=mx [192.0.2.1] defer (111): Connection refused",
            "Deferred a@example.org mx 192.0.2.1 connect - - | Connection refused",
        );
        check(
            deferred,
            "a@example.org R=dnslookup T=remote_smtp defer (-53): retry time not reached for any host",
            "Deferred a@example.org - - unknown - - | retry time not reached for any host",
        );
        check(
            deferred,
            "a@example.org R=dnslookup T=remote_smtp defer (-18) H=mx [192.0.2.1]: Remote host mx [192.0.2.1] closed connection in response to end of data",
            "Deferred a@example.org mx 192.0.2.1 end_of_data - - | Remote host mx [192.0.2.1] closed connection in response to end of data",
        );
    }
}
