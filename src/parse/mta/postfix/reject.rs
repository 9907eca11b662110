//! Commands and contents that Postfix refused: smtpd, postscreen, cleanup, milters.
//!
//! smtpd (smtpd_check.c, `log_whatsup`): `NOQUEUE: reject: RCPT from mx[192.0.2.1]: 550 5.1.1 <a@example.org>:
//! Recipient address rejected: no; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<mx>`.
//! postscreen puts commas between the keys. A milter's reply may lack the code: `milter-reject: END-OF-MESSAGE from
//! mx[192.0.2.1]: 5.7.1 no; from=…`. cleanup puts the reply last: `reject: header Subject: x from mx[192.0.2.1];
//! from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<mx>: 5.7.1 no`.
//! Only `reject` refuses: `warn`, `hold`, `discard` and the like let the client believe that all is well.

use super::super::text::{angle, codes, host, lines, split_before_blank};
use crate::parse::event::{EventKind, Refusal};
use crate::smtp::{Stage, read_reply};

/// Reads what follows the queue id or `NOQUEUE: `.
pub(super) fn read(rest: &str) -> Option<EventKind<'_>> {
    let (action, what) = split_before_blank(rest, b':')?;
    match action {
        "reject" | "milter-reject" | "proxy-reject" => {}
        "reject_warning" | "warn" | "hold" | "discard" | "redirect" | "filter" | "prepend" | "replace"
        | "info" | "bcc" | "delay" | "permit" | "trace" | "client" | "milter-hold" | "milter-discard"
        | "milter-quarantine" | "proxy-accept" | "greylist" | "strip" => return Some(EventKind::Other),
        _ => return None,
    }
    content(what).or_else(|| command(what)).map(EventKind::Refused)
}

/// `RCPT from mx[192.0.2.1]: 550 … ; from=<…>`.
fn command(what: &str) -> Option<Refusal<'_>> {
    let word_end = what.find([' ', ':'])?;
    let stage = stage(&what[..word_end])?;
    let (client, reply) = match what[word_end..].strip_prefix(" from ") {
        // `[192.0.2.1]:4711: 550`: the reply comes after a colon *and a blank*.
        Some(from) => {
            let (client, reply) = from.split_once(": ")?;
            (host(client), reply)
        }
        None => (host(""), what[word_end..].strip_prefix(": ")?),
    };
    let (text, fields) = split_fields(reply);
    Some(refusal(stage, client, text, fields))
}

/// `header Subject: x from mx[192.0.2.1]; from=<…> … helo=<mx>: 5.7.1 no`.
fn content(what: &str) -> Option<Refusal<'_>> {
    const PARTS: [&str; 5] = ["header ", "body ", "mime-header ", "nested-header ", "content "];
    if !PARTS.iter().any(|p| what.starts_with(p)) {
        return None;
    }
    // The content is the sender's and may look like anything; what Postfix adds comes last.
    for (at, _) in what.rmatch_indices("; from=<") {
        let Some((fields, after)) = read_fields(&what[at + 2..]) else { continue };
        let Some(text) = after.strip_prefix(": ") else { continue };
        let client = what[..at].rsplit_once(" from ").map_or("", |(_, client)| client);
        let client = if client == "local" { "" } else { client };
        return Some(refusal(Stage::EndOfData, host(client), text, fields));
    }
    None
}

fn refusal<'a>(
    stage: Stage,
    client: super::super::text::Host<'a>,
    text: &'a str,
    fields: Fields<'a>,
) -> Refusal<'a> {
    let (reply_code, enhanced_status) = codes(text);
    // `450 4.1.1 <a@example.org>: unverified address: host mx said: 550 no`: the client was told 450.
    let told = read_reply(text);
    let permanent = match (told.code, told.enhanced) {
        (Some(code), _) => code.is_permanent(),
        (None, Some(status)) => status.is_permanent(),
        // postscreen's `all server ports busy` is a 421.
        (None, None) => !(text.contains("busy") || text.contains("too many connections")),
    };
    Refusal {
        reply_code,
        enhanced_status,
        stage,
        permanent,
        client: client.name,
        client_ip: client.ip,
        reverse_path: fields.from,
        recipient: fields.to.filter(|to| !to.is_empty()),
        text: lines(text),
    }
}

fn stage(place: &str) -> Option<Stage> {
    Some(match place {
        "CONNECT" => Stage::Connect,
        "HELO" | "EHLO" => Stage::Ehlo,
        "STARTTLS" => Stage::StartTls,
        "AUTH" => Stage::Auth,
        "MAIL" => Stage::MailFrom,
        "RCPT" => Stage::RcptTo,
        "DATA" => Stage::Data,
        "BDAT" | "END-OF-MESSAGE" | "EOM" => Stage::EndOfData,
        "VRFY" | "ETRN" | "UNKNOWN" | "QUIT" | "NOOP" | "RSET" => Stage::Unknown,
        _ => return None,
    })
}

#[derive(Clone, Copy, Default)]
struct Fields<'a> {
    from: Option<&'a str>,
    to: Option<&'a str>,
}

/// Splits `550 no; from=<…> to=<…> proto=ESMTP helo=<mx>`. The reply may hold `; ` itself: the keys start where
/// everything to the end of the line reads as keys.
fn split_fields(reply: &str) -> (&str, Fields<'_>) {
    for (at, _) in reply.match_indices("; ") {
        if let Some((fields, "")) = read_fields(&reply[at + 2..]) {
            return (&reply[..at], fields);
        }
    }
    (reply.trim_end_matches(';'), Fields::default())
}

/// `key=<address>` and `key=word`, separated by blanks or commas; what follows the last. `None` if there is no key.
fn read_fields(text: &str) -> Option<(Fields<'_>, &str)> {
    const FIRST: [&str; 4] = ["from", "to", "proto", "helo"];
    let mut fields = Fields::default();
    let (mut rest, mut n_fields) = (text, 0);
    while let Some((key, value)) = rest.split_once('=') {
        // Newer versions add keys at the end.
        let known = if n_fields == 0 {
            FIRST.contains(&key)
        } else {
            !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        if !known {
            break;
        }
        let after = if value.starts_with('<') {
            let Some((address, after)) = angle(value) else {
                // The line was cut here.
                return (!value.contains('>')).then_some((fields, ""));
            };
            match key {
                "from" => fields.from = Some(address),
                "to" => fields.to = Some(address),
                _ => {}
            }
            after
        } else {
            &value[value.find([' ', ',', ':']).unwrap_or(value.len())..]
        };
        n_fields += 1;
        let next = after.strip_prefix(',').unwrap_or(after);
        match next.strip_prefix(' ') {
            Some(next) => rest = next,
            None => return Some((fields, after)),
        }
    }
    // `to=<x> nonsense`: not a list of keys.
    (n_fields > 0 && rest.is_empty()).then_some((fields, ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::mta::show;

    #[track_caller]
    fn check(rest: &str, expect: &str) {
        let got = match read(rest) {
            None => "none".into(),
            Some(EventKind::Refused(r)) => show::refusal(&r),
            Some(_) => "other".into(),
        };
        assert_eq!(got, expect, "{rest}");
    }

    #[test]
    fn smtpd() {
        check(
            "reject: RCPT from mx[192.0.2.1]: 550 5.1.1 <a@example.org>: Recipient address rejected: no; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<mx>",
            "rcpt_to mx 192.0.2.1 550 5.1.1 <b@example.net> <a@example.org> | 550 5.1.1 <a@example.org>: Recipient address rejected: no",
        );
        check(
            "reject: RCPT from unknown[192.0.2.1]:4711: 450 4.7.1 later; from=<> to=<a@example.org> proto=ESMTP helo=<mx>",
            "rcpt_to - 192.0.2.1 450 4.7.1 <> <a@example.org> for now | 450 4.7.1 later",
        );
        check(
            "reject: RCPT from mx[192.0.2.1]: 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using dnsbl.example; see https://dnsbl.example/; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<mx> sasl_username=bob",
            "rcpt_to mx 192.0.2.1 554 5.7.1 <b@example.net> <a@example.org> | 554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using dnsbl.example; see https://dnsbl.example/",
        );
        check(
            "reject: CONNECT from mx[192.0.2.1]: 554 5.7.1 no; proto=SMTP",
            "connect mx 192.0.2.1 554 5.7.1 <?> <?> | 554 5.7.1 no",
        );
        check(
            "reject: EHLO from mx[192.0.2.1]: 504 5.5.2 <x>: Helo command rejected; proto=SMTP helo=<x>",
            "ehlo mx 192.0.2.1 504 5.5.2 <?> <?> | 504 5.5.2 <x>: Helo command rejected",
        );
        check(
            "proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject; from=<> to=<a@example.org> proto=ESMTP helo=<mx>",
            "end_of_data - - 554 5.7.0 <> <a@example.org> | 554 5.7.0 Reject",
        );
    }

    #[test]
    fn postscreen() {
        check(
            "reject: RCPT from [192.0.2.1]:55012: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using dnsbl.example; from=<b@example.net>, to=<a@example.org>, proto=ESMTP, helo=<mx>",
            "rcpt_to - 192.0.2.1 550 5.7.1 <b@example.net> <a@example.org> | 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using dnsbl.example",
        );
        check(
            "reject: CONNECT from [192.0.2.1]:550: too many connections",
            "connect - 192.0.2.1 - - <?> <?> for now | too many connections",
        );
        check(
            "reject: RCPT from [2001:db8::1]:550: 450 4.3.2 Service currently unavailable; from=<>, to=<a@example.org>, proto=SMTP, helo=<x>",
            "rcpt_to - 2001:db8::1 450 4.3.2 <> <a@example.org> for now | 450 4.3.2 Service currently unavailable",
        );
    }

    #[test]
    fn content_and_milters() {
        check(
            "reject: header Subject: buy from me; from=<x> to=<y>: 5.5.5 now from mx[192.0.2.1]; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<mx>: 5.7.1 no spam",
            "end_of_data mx 192.0.2.1 - 5.7.1 <b@example.net> <a@example.org> | 5.7.1 no spam",
        );
        check(
            "reject: body text from local; from=<b@example.net> to=<a@example.org>: 5.7.1 no",
            "end_of_data - - - 5.7.1 <b@example.net> <a@example.org> | 5.7.1 no",
        );
        check(
            "milter-reject: END-OF-MESSAGE from mx[192.0.2.1]: 5.7.1 Spam message rejected; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<mx>",
            "end_of_data mx 192.0.2.1 - 5.7.1 <b@example.net> <a@example.org> | 5.7.1 Spam message rejected",
        );
        check(
            "milter-reject: RCPT from mx[192.0.2.1]: 451 4.7.1 Greylisted; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<mx>",
            "rcpt_to mx 192.0.2.1 451 4.7.1 <b@example.net> <a@example.org> for now | 451 4.7.1 Greylisted",
        );
    }

    #[test]
    fn cut_lines_and_new_keys() {
        check(
            "reject: RCPT from mx[192.0.2.1]: 550 5.1.1 no; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<m",
            "rcpt_to mx 192.0.2.1 550 5.1.1 <b@example.net> <a@example.org> | 550 5.1.1 no",
        );
        check(
            "reject: RCPT from mx[192.0.2.1]: 550 5.1.1 no; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<mx> new_key=x y_z=<q>",
            "rcpt_to mx 192.0.2.1 550 5.1.1 <b@example.net> <a@example.org> | 550 5.1.1 no",
        );
        check(
            "reject: RCPT from mx[192.0.2.1]: 554 5.7.1 Service unavailable",
            "rcpt_to mx 192.0.2.1 554 5.7.1 <?> <?> | 554 5.7.1 Service unavailable",
        );
        check(
            "reject: RCPT from mx[192.0.2.1]: 450 4.1.1 <a>: unverified address: host in[192.0.2.9] said: 550 5.1.1 no (in reply to RCPT TO command); from=<> to=<a@example.org> proto=ESMTP helo=<mx>",
            "rcpt_to mx 192.0.2.1 550 5.1.1 <> <a@example.org> for now | 450 4.1.1 <a>: unverified address: host in[192.0.2.9] said: 550 5.1.1 no (in reply to RCPT TO command)",
        );
    }

    #[test]
    fn no_refusals() {
        check(
            "reject_warning: RCPT from mx[192.0.2.1]: 550 5.1.1 no; from=<> to=<a@example.org> proto=SMTP helo=<x>",
            "other",
        );
        check("hold: header Subject: 550 5.1.1 no from mx[192.0.2.1]; from=<> to=<a@example.org>", "other");
        check(
            "discard: RCPT from mx[192.0.2.1]: <x>: gone; from=<> to=<a@example.org> proto=SMTP helo=<x>",
            "other",
        );
        check("reject: no idea", "none");
        check("nonsense", "none");
    }

    #[test]
    fn quoted_addresses() {
        check(
            "reject: RCPT from mx[192.0.2.1]: 550 5.1.1 no; from=<\"a> to=<b\"@example.net> to=<\"x y; z\"@example.org> proto=SMTP helo=<x>",
            "rcpt_to mx 192.0.2.1 550 5.1.1 <\"a> to=<b\"@example.net> <\"x y; z\"@example.org> | 550 5.1.1 no",
        );
    }
}
