//! Commands and contents that Exim refused.
//!
//! `H=mx (helo) [192.0.2.1]:4711 F=<b@example.net> rejected RCPT <a@example.org>: relay not permitted`. The reply
//! code that the client saw is not in the line, unless the administrator's text has it; `temporarily rejected` was a
//! 4yz. Written by src/smtp_in.c (`smtp_handle_acl_fail`) and receive.c.

use super::super::text::{angle, codes, lines};
use super::fields::{self, Fields};
use crate::parse::event::{EventKind, Refusal};
use crate::smtp::{Stage, read_reply};
use std::borrow::Cow;

/// Whether a line without an id looks like one of these: for recognising a reject log.
pub(super) fn starts_like_one(text: &str) -> bool {
    (text.starts_with("H=") || text.starts_with("U=") || text.starts_with("F=<") || text.starts_with("X="))
        || read(text).is_some()
}

/// Reads what follows the id, or the whole message if there is none.
pub(super) fn read(rest: &str) -> Option<EventKind<'_>> {
    let (fields, words) = fields::read(rest);
    let refusal = rejected(&fields, words).or_else(|| connection(words))?;
    Some(EventKind::Refused(refusal))
}

/// `[temporarily ]rejected WHAT[: why]`.
fn rejected<'a>(fields: &Fields<'a>, words: &'a str) -> Option<Refusal<'a>> {
    let (permanent, what) = match words.strip_prefix("temporarily rejected ") {
        Some(what) => (false, what),
        None => (true, words.strip_prefix("rejected ")?),
    };
    let (stage, rest) = place(what)?;
    let mut refusal = Refusal {
        reply_code: None,
        enhanced_status: None,
        stage,
        permanent,
        client: fields.host,
        client_ip: fields.ip,
        reverse_path: fields.reverse_path,
        recipient: None,
        text: Cow::Borrowed(""),
    };
    let mut rest = rest.trim_start_matches(' ');
    if let Some((address, after)) = angle(rest) {
        match stage {
            Stage::RcptTo => refusal.recipient = Some(address),
            Stage::MailFrom => refusal.reverse_path = Some(address),
            _ => {}
        }
        rest = after;
    } else if let Some(from) = rest.strip_prefix("from ") {
        // `rejected EHLO from [192.0.2.1]: syntactically invalid argument(s): x`
        let (client, after) = fields::read(from);
        if client.ip.is_some() {
            (refusal.client, refusal.client_ip, rest) = (client.host, client.ip, after);
            set_why(&mut refusal, rest);
            return Some(refusal);
        }
        let peer = super::super::text::host(from.split("]: ").next().unwrap_or(from));
        (refusal.client, refusal.client_ip) = (peer.name, peer.ip);
        rest = from.find("]: ").map_or("", |at| &from[at + 1..]);
    } else if stage == Stage::RcptTo {
        // Without brackets in old versions.
        let word = rest.split(' ').next().unwrap_or("").trim_end_matches(':');
        refusal.recipient = word.contains('@').then_some(word);
    }
    // The argument of a command, or nothing, comes before the first `: `.
    let why = match rest.strip_prefix(':') {
        Some(why) => why,
        None => rest.split_once(": ").map_or("", |(_, why)| why),
    };
    set_why(&mut refusal, why);
    Some(refusal)
}

fn set_why<'a>(refusal: &mut Refusal<'a>, why: &'a str) {
    let why = why.trim();
    // A call-out's answer is quoted: `response to "RCPT TO:<a@example.org>" from mx [192.0.2.1] was: 550 no`.
    let quoted = why.rsplit_once(" was: ").map(|(_, reply)| reply).filter(|r| read_reply(r).code.is_some());
    (refusal.reply_code, refusal.enhanced_status) = codes(quoted.unwrap_or(why));
    if let (Some(code), None) = (refusal.reply_code, quoted) {
        refusal.permanent = code.is_permanent();
    }
    refusal.text = lines(why);
}

/// The stage, and what follows the words that name it.
fn place(what: &str) -> Option<(Stage, &str)> {
    const PLACES: [(&str, Stage); 24] = [
        ("RCPT TO:", Stage::RcptTo),
        ("RCPT", Stage::RcptTo),
        ("MAIL FROM:", Stage::MailFrom),
        ("MAIL", Stage::MailFrom),
        ("EHLO or HELO", Stage::Ehlo),
        ("EHLO", Stage::Ehlo),
        ("HELO", Stage::Ehlo),
        ("connection in \"connect\" ACL", Stage::Connect),
        ("connection", Stage::Connect),
        ("after DATA", Stage::EndOfData),
        ("DATA", Stage::Data),
        ("during", Stage::EndOfData),
        ("by local_scan()", Stage::EndOfData),
        ("by local_scan", Stage::EndOfData),
        ("by non-SMTP ACL", Stage::Unknown),
        ("PRDR", Stage::EndOfData),
        ("DKIM", Stage::EndOfData),
        ("STARTTLS", Stage::StartTls),
        ("AUTH", Stage::Auth),
        ("VRFY", Stage::Unknown),
        ("ETRN", Stage::Unknown),
        ("EXPN", Stage::Unknown),
        ("because", Stage::Unknown),
        ("from", Stage::Unknown),
    ];
    PLACES.iter().find_map(|(words, stage)| Some((*stage, what.strip_prefix(words)?)))
}

/// Refusals of a connection that are told in other words.
fn connection(words: &str) -> Option<Refusal<'_>> {
    let refused = |client: &str, permanent, text| -> Option<Refusal<'_>> {
        let (fields, _) = fields::read(client);
        let peer = super::super::text::host(client);
        Some(Refusal {
            reply_code: None,
            enhanced_status: None,
            stage: Stage::Connect,
            permanent,
            client: None,
            client_ip: fields.ip.or(peer.ip),
            reverse_path: None,
            recipient: None,
            text: Cow::Borrowed(text),
        })
    };
    if let Some((client, why)) =
        words.strip_prefix("Connection from ").and_then(|w| w.split_once(" refused: "))
    {
        return refused(client, false, why);
    }
    if let Some(client) = words.strip_prefix("refused connection from ") {
        return refused(client, true, "");
    }
    if words.starts_with("SMTP protocol synchronization error")
        && let Some((why, client)) = words.split_once(": rejected connection from ")
    {
        return refused(client, true, why);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::mta::show;

    #[track_caller]
    fn check(rest: &str, expect: &str) {
        let got = match read(rest) {
            Some(EventKind::Refused(r)) => show::refusal(&r),
            _ => "none".into(),
        };
        assert_eq!(got, expect, "{rest}");
    }

    #[test]
    fn rejects() {
        check(
            "H=mx [192.0.2.1]:4711 F=<b@example.net> rejected RCPT <a@example.org>: relay not permitted",
            "rcpt_to mx 192.0.2.1 - - <b@example.net> <a@example.org> | relay not permitted",
        );
        check(
            "H=(x) [192.0.2.1]:550 X=TLS1.2:A:256 CV=no F=<> temporarily rejected RCPT <a@example.org>: Greylisted",
            "rcpt_to - 192.0.2.1 - - <> <a@example.org> for now | Greylisted",
        );
        check(
            "H=(x) [192.0.2.1] F=<b@example.net> rejected RCPT <a@example.org>",
            "rcpt_to - 192.0.2.1 - - <b@example.net> <a@example.org> | ",
        );
        check(
            "H=(x) [192.0.2.1] F=<b@example.net> rejected RCPT <a@example.org>: 550 5.7.1 no: x",
            "rcpt_to - 192.0.2.1 550 5.7.1 <b@example.net> <a@example.org> | 550 5.7.1 no: x",
        );
        check(
            "H=(x) [192.0.2.1] rejected MAIL <b@example.net>: no",
            "mail_from - 192.0.2.1 - - <b@example.net> <?> | no",
        );
        check("H=(x) [192.0.2.1] rejected EHLO or HELO x.example: no", "ehlo - 192.0.2.1 - - <?> <?> | no");
        check(
            "rejected EHLO from [192.0.2.1]: syntactically invalid argument(s): a b",
            "ehlo - 192.0.2.1 - - <?> <?> | syntactically invalid argument(s): a b",
        );
        check(
            "rejected HELO from H=(x) [192.0.2.1]: syntactically invalid argument(s): a b",
            "ehlo - 192.0.2.1 - - <?> <?> | syntactically invalid argument(s): a b",
        );
        check(
            "H=mx [192.0.2.1] temporarily rejected connection in \"connect\" ACL: \"too fast\"",
            "connect mx 192.0.2.1 - - <?> <?> for now | \"too fast\"",
        );
        check(
            "H=mx [192.0.2.1] F=<b@example.net> rejected after DATA: spam",
            "end_of_data mx 192.0.2.1 - - <b@example.net> <?> | spam",
        );
        check(
            "H=mx [192.0.2.1] F=<b@example.net> rejected after DATA",
            "end_of_data mx 192.0.2.1 - - <b@example.net> <?> | ",
        );
        check(
            "H=mx [192.0.2.1] F=<b@example.net> rejected by local_scan(): no",
            "end_of_data mx 192.0.2.1 - - <b@example.net> <?> | no",
        );
        check(
            "Connection from [192.0.2.1] refused: too many connections",
            "connect - 192.0.2.1 - - <?> <?> for now | too many connections",
        );
        check(
            "H=mx [192.0.2.1] F=<b@example.net> rejected RCPT <a@example.org>: response to \"RCPT TO:<a@example.org>\" from in.example [192.0.2.9] was: 550 5.1.1 no",
            "rcpt_to mx 192.0.2.1 550 5.1.1 <b@example.net> <a@example.org> | response to \"RCPT TO:<a@example.org>\" from in.example [192.0.2.9] was: 550 5.1.1 no",
        );
    }

    #[test]
    fn no_refusals() {
        check("H=mx [192.0.2.1] sender verify fail for <b@example.net>: 550 no", "none");
        check("login authenticator failed for (x) [192.0.2.1]: 535 Incorrect authentication data", "none");
        check("no host name found for IP address 192.0.2.1", "none");
    }
}
