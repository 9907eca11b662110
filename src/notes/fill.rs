//! The placeholders of the guidance filled from the evidence.
//!
//! `dig +short TXT _dmarc.{sender_domain}` becomes `dig +short TXT _dmarc.acme.example`. What the evidence does not
//! say becomes `<sender domain>`, to be read and replaced.

use super::escape::{is_hidden, one_line};
use super::redact::Redactor;
use crate::model::{Direction, EvidenceRef, Records, Rejection};
use crate::query::words::fmt_count;
use crate::smtp::{ReversePath, domain_of};
use std::borrow::Cow;
use std::collections::HashSet;
use std::net::IpAddr;

/// The names of the placeholders, and what stands for one that the evidence does not say.
const NAMES: [(&str, &str); 10] = [
    ("recipient_domain", "<recipient domain>"),
    ("recipient", "<recipient>"),
    ("sender_domain", "<sender domain>"),
    ("sender", "<sender>"),
    ("remote_host", "<remote host>"),
    ("remote_ip", "<remote IP>"),
    ("our_ip", "<our IP>"),
    ("queue_id", "<queue id>"),
    ("message_id", "<Message-ID>"),
    ("reply", "<reply>"),
];

/// A sentence with its placeholders filled. Unknown placeholders stay as they are.
pub fn fill(template: &str, rejection: &Rejection) -> String {
    fill_with(template, rejection, &mut Redactor::off())
}

/// A command with its placeholders filled, safe to paste: a value with anything but plain letters in it stands in
/// single quotes, and one that could be taken for an option or end the line is left out.
pub fn fill_command(template: &str, rejection: &Rejection) -> String {
    fill_command_with(template, rejection, &mut Redactor::off())
}

/// As [`fill`], the addresses redacted.
pub fn fill_with(template: &str, rejection: &Rejection, redactor: &mut Redactor) -> String {
    let kept = kept(rejection);
    replaced(template, |name, missing| match value(name, kept.get(0)) {
        Some(value) => one_line(&redacted(name, &value, redactor)).into_owned(),
        None => missing.to_owned(),
    })
}

/// As [`fill_with`] for many refusals: "a", "a and b", or "a and 7 others". Where it stands in a sentence must suit
/// one value and several.
pub fn fill_for_all(template: &str, all: &[EvidenceRef<'_>], redactor: &mut Redactor) -> String {
    replaced(template, |name, missing| {
        let mut seen = HashSet::<_, foldhash::fast::RandomState>::default();
        let mut first = Vec::new();
        for value in all.iter().filter_map(|evidence| value(name, *evidence)) {
            if !seen.contains(value.as_ref()) && seen.insert(value.to_ascii_lowercase()) && first.len() < 2 {
                first.push(value);
            }
        }
        let mut show = |value: &str| one_line(&redacted(name, value, redactor)).into_owned();
        match (first.as_slice(), seen.len()) {
            ([], _) => missing.to_owned(),
            ([a], _) => show(a),
            ([a, b], 2) => format!("{} and {}", show(a), show(b)),
            ([a, ..], n) => format!("{} and {} others", show(a), fmt_count(n as u64 - 1)),
        }
    })
}

/// As [`fill_command`], the addresses redacted.
pub fn fill_command_with(template: &str, rejection: &Rejection, redactor: &mut Redactor) -> String {
    let kept = kept(rejection);
    replaced(template, |name, missing| match value(name, kept.get(0)) {
        // `swaks --from '<>'` sends the null reverse-path.
        None if name == "sender" && rejection.evidence.reverse_path == Some(ReversePath::Null) => {
            shell_word("<>")
        }
        // Quotes do not help against `-f/etc/passwd` or `+trace`: the program itself reads it as an option.
        Some(value) if !value.starts_with(['-', '+']) && !value.contains(is_hidden) => {
            shell_word(&redacted(name, &value, redactor))
        }
        _ => shell_word(missing),
    })
}

/// Only what holds an address; hosts and domains stay.
fn redacted(name: &str, value: &str, redactor: &mut Redactor) -> String {
    match name {
        "recipient" | "sender" | "reply" => redactor.text(value),
        "message_id" => redactor.message_id(value),
        _ => value.to_owned(),
    }
}

/// The text as one word of a POSIX shell.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@._-:/=+%,".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Our own address, if the reply names one: the first in it that is not the remote MTA's.
pub fn our_ip(evidence: EvidenceRef<'_>) -> Option<IpAddr> {
    if evidence.direction() == Direction::Incoming {
        return None;
    }
    let mut words =
        evidence.diagnostic_code().split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'));
    words.find_map(|word| {
        let ip: IpAddr = word.trim_matches(['.', ':']).parse().or_else(|_| word.parse()).ok()?;
        // 127.0.0.x is what a DNS list answers.
        let ours = !ip.is_loopback() && !ip.is_unspecified() && Some(ip) != evidence.remote_ip();
        ours.then_some(ip)
    })
}

fn replaced(template: &str, mut fill: impl FnMut(&str, &str) -> String) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        let name = rest.find('}').map(|close| &rest[1..close]);
        match name.and_then(|name| NAMES.iter().find(|(known, _)| *known == name)) {
            Some((name, missing)) => {
                out.push_str(&fill(name, missing));
                rest = &rest[name.len() + 2..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn value<'a>(name: &str, evidence: EvidenceRef<'a>) -> Option<Cow<'a, str>> {
    let is_incoming = evidence.direction() == Direction::Incoming;
    let sender = evidence.reverse_path().filter(|mailbox| !mailbox.is_empty());
    let recipient = evidence.final_recipient();
    let remote_ip = || evidence.remote_ip().map(|ip| Cow::from(ip.to_string()));
    let text = match name {
        "recipient" => recipient,
        "recipient_domain" => recipient.and_then(domain_of),
        "sender" => sender,
        "sender_domain" => sender.and_then(domain_of),
        // For incoming mail the server that refused is our own, and the remote MTA is the client.
        "remote_host" if is_incoming => evidence.reporting_mta().filter(|name| name.contains('.')),
        "our_ip" if is_incoming => return remote_ip(),
        "remote_ip" if is_incoming => None,
        "remote_host" => return evidence.remote_mta().map(Cow::from).or_else(remote_ip),
        "remote_ip" => return remote_ip(),
        "our_ip" => return our_ip(evidence).map(|ip| ip.to_string().into()),
        "queue_id" => evidence.queue_id(),
        "message_id" => evidence.message_id(),
        "reply" => Some(evidence.diagnostic_code()),
        _ => None,
    };
    text.filter(|text| !text.is_empty()).map(Cow::from)
}

/// One refusal as many are kept.
fn kept(rejection: &Rejection) -> Records {
    let mut records = Records::default();
    records.push_evidence(&rejection.evidence);
    records
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::fixture::{at, evidence, rejection, verdict};
    use std::sync::Arc;

    fn refused(from: &str, to: &str, reply: &str) -> Rejection {
        rejection(evidence(Some(at(9, 0)), from, to, reply), &Arc::new(verdict()), "aa")
    }

    #[test]
    fn sentences() {
        let known =
            refused("news@acme.example", "ana@example.org", "550 Client [203.0.113.9] listed, 127.0.0.2");
        let check = |template, expect: &str| assert_eq!(fill(template, &known), expect);
        check("Ask {recipient} at {recipient_domain}", "Ask ana@example.org at example.org");
        check("{sender}, {sender_domain}", "news@acme.example, acme.example");
        check("{remote_host} {remote_ip} {our_ip}", "mx.example.org 192.0.2.1 203.0.113.9");
        check("{queue_id} {message_id}", "4c8Kx0z2bQ 20261117.1@acme.example");
        check("{unknown} { {recipient", "{unknown} { {recipient");
        let bare = refused("<>", "", "550 a\u{202e}b");
        assert_eq!(
            fill("{sender}/{sender_domain}/{recipient}", &bare),
            "<sender>/<sender domain>/<recipient>"
        );
        assert_eq!(fill("{our_ip} {reply}", &bare), "<our IP> 550 a⟨U+202E⟩b");
    }

    #[test]
    fn sentences_about_many() {
        let a = refused("news@acme.example", "ana@example.org", "550 no");
        let b = refused("NEWS@acme.example", "bo@example.org", "550 no");
        let c = refused("news@acme.example", "cy@example.net", "550 no");
        let check = |all: &[&Rejection], expect: &str| {
            let kept: Vec<Records> = all.iter().map(|rejection| kept(rejection)).collect();
            let all: Vec<EvidenceRef<'_>> = kept.iter().map(|records| records.get(0)).collect();
            let template = "{recipient} at {recipient_domain} from {sender}";
            assert_eq!(fill_for_all(template, &all, &mut Redactor::off()), expect);
        };
        check(&[&a], "ana@example.org at example.org from news@acme.example");
        check(&[&a, &b], "ana@example.org and bo@example.org at example.org from news@acme.example");
        check(
            &[&a, &b, &c],
            "ana@example.org and 2 others at example.org and example.net from news@acme.example",
        );
        check(&[], "<recipient> at <recipient domain> from <sender>");
    }

    #[test]
    fn incoming_mail_is_refused_by_our_own_server() {
        let mut incoming = refused("a@acme.example", "b@example.org", "550 no");
        incoming.evidence.direction = Direction::Incoming;
        incoming.evidence.reporting_mta = Some("mx.ours.example".into());
        assert_eq!(fill("{remote_host} refused {our_ip}", &incoming), "mx.ours.example refused 192.0.2.1");
    }

    #[test]
    fn our_address_in_replies() {
        for (reply, expect) in [
            ("550 5.7.1 [2001:db8::2] is listed", "2001:db8::2"),
            ("550 IP: 203.0.113.9.", "203.0.113.9"),
            ("550 see 192.0.2.1 (203.0.113.9)", "203.0.113.9"),
            ("550 5.7.1 no", "-"),
            ("550 127.0.0.2", "-"),
        ] {
            let got = our_ip(kept(&refused("a@acme.example", "b@example.org", reply)).get(0))
                .map(|ip| ip.to_string());
            assert_eq!(got.as_deref().unwrap_or("-"), expect, "{reply}");
        }
    }

    #[test]
    fn commands_are_safe_to_paste() {
        let check = |from, template, expect: &str| {
            assert_eq!(fill_command(template, &refused(from, "ana@example.org", "550 no")), expect);
        };
        check("a@acme.example", "dig TXT _dmarc.{sender_domain}", "dig TXT _dmarc.acme.example");
        check("a@acme.example", "swaks --server {remote_host}:587", "swaks --server mx.example.org:587");
        check("$(id)@acme.example", "swaks --from {sender}", "swaks --from '$(id)@acme.example'");
        check("a';id;'@acme.example", "swaks --from {sender}", r"swaks --from 'a'\'';id;'\''@acme.example'");
        check("a\nid@acme.example", "swaks --from {sender}", "swaks --from '<sender>'");
        check("-f@acme.example", "swaks --from {sender}", "swaks --from '<sender>'");
        check("a@-f/etc/passwd", "dig TXT {sender_domain}", "dig TXT '<sender domain>'");
        check("<>", "dig TXT {sender_domain}", "dig TXT '<sender domain>'");
        check("<>", "swaks --from {sender}", "swaks --from '<>'");
    }
}
