//! What client libraries say about a refusal after the session: exceptions, error objects, summary lines.
//!
//! `smtplib.SMTPRecipientsRefused: {'a@example.org': (550, b'5.1.1 no')}`, `* RCPT failed: 550`,
//! `Error: Can't send mail - all recipients were rejected: 550 5.1.1 no`,
//! `com.sun.mail.smtp.SMTPAddressFailedException: 550 5.1.1 no`. Mostly the same refusal told again; sometimes all
//! that was kept.

use super::{command, infer, lex, literal};
use crate::smtp::{EnhancedStatus, ReplyCode, Stage};
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// A refusal as a client tells it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Summary {
    pub(super) stage: Stage,
    pub(super) code: Option<ReplyCode>,
    /// The reply, code first where there is one.
    pub(super) text: String,
    pub(super) recipient: Option<String>,
    /// The sender, where the client says that it is about it.
    pub(super) sender: Option<String>,
}

/// Phrases, in lower case, and the stage they are about.
const PHRASES: [(&str, Stage); 67] = [
    // Python
    ("smtprecipientsrefused", Stage::RcptTo),
    ("smtprecipientrefused", Stage::RcptTo),
    ("smtpsenderrefused", Stage::MailFrom),
    ("smtpdataerror", Stage::EndOfData),
    ("smtpauthenticationerror", Stage::Auth),
    ("smtpconnecterror", Stage::Connect),
    ("smtpheloerror", Stage::Ehlo),
    ("smtpresponseexception", Stage::Unknown),
    // Java
    ("smtpaddressfailedexception", Stage::RcptTo),
    ("smtpsenderfailedexception", Stage::MailFrom),
    ("smtpsendfailedexception", Stage::Unknown),
    ("authenticationfailedexception", Stage::Auth),
    ("sendfailedexception", Stage::Unknown),
    ("messagingexception", Stage::Unknown),
    // .NET and MailKit
    ("smtpfailedrecipientexception", Stage::RcptTo),
    ("smtpfailedrecipientsexception", Stage::RcptTo),
    ("net.mail.smtpexception", Stage::Unknown),
    ("server response was:", Stage::Unknown),
    ("smtpcommandexception", Stage::Unknown),
    ("recipientnotaccepted", Stage::RcptTo),
    ("sendernotaccepted", Stage::MailFrom),
    ("messagenotaccepted", Stage::EndOfData),
    // Ruby
    ("net::smtpfatalerror", Stage::Unknown),
    ("net::smtpserverbusy", Stage::Unknown),
    ("net::smtpsyntaxerror", Stage::Unknown),
    ("net::smtpunknownerror", Stage::Unknown),
    ("net::smtpauthenticationerror", Stage::Auth),
    // Thunderbird's dialogues
    ("mail server responded:", Stage::Unknown),
    ("server antwortete:", Stage::Unknown),
    ("serveur a répondu", Stage::Unknown),
    ("messagerie a répondu", Stage::Unknown),
    ("servidor de correo respondió", Stage::Unknown),
    ("server di posta ha risposto", Stage::Unknown),
    // curl
    ("rcpt failed:", Stage::RcptTo),
    ("mail failed:", Stage::MailFrom),
    ("data failed:", Stage::Data),
    ("unexpected smtp-server response:", Stage::Connect),
    ("weird server reply", Stage::Unknown),
    // nodemailer
    ("recipient command failed", Stage::RcptTo),
    ("recipients were rejected", Stage::RcptTo),
    ("mail command failed", Stage::MailFrom),
    ("data command failed", Stage::Data),
    ("message failed:", Stage::EndOfData),
    ("invalid greeting", Stage::Connect),
    ("invalid login:", Stage::Auth),
    ("response: '", Stage::Unknown),
    ("response: \"", Stage::Unknown),
    ("\"response\":", Stage::Unknown),
    // PHP
    ("rcpt to command failed", Stage::RcptTo),
    ("mail from command failed", Stage::MailFrom),
    ("data end command failed", Stage::EndOfData),
    ("following recipients failed", Stage::RcptTo),
    ("following from address failed", Stage::MailFrom),
    ("smtp error:", Stage::Unknown),
    ("but got code", Stage::Unknown),
    ("smtp code:", Stage::Unknown),
    // Perl, msmtp, Go, Rust, nullmailer
    ("net::smtp:", Stage::Unknown),
    ("not accepted by the server", Stage::RcptTo),
    ("server message:", Stage::Unknown),
    ("retcode (", Stage::Unknown),
    ("textproto", Stage::Unknown),
    ("permanent error (", Stage::Unknown),
    ("transient error (", Stage::Unknown),
    ("could not send email", Stage::Unknown),
    ("rcpt to failed", Stage::RcptTo),
    ("recipient rejected", Stage::RcptTo),
    ("sender rejected", Stage::MailFrom),
];

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .build(PHRASES.map(|(phrase, _)| phrase))
        .ok()
});

/// What the line tells, if it is a client's error message.
pub(super) fn read(line: &str) -> Vec<Summary> {
    let Some(finder) = FINDER.as_ref() else { return Vec::new() };
    let mut stage = Stage::Unknown;
    let mut first = None;
    for found in finder.find_iter(line).take(8) {
        first.get_or_insert((found.start(), found.end()));
        if stage == Stage::Unknown {
            stage = PHRASES[found.pattern().as_usize()].1;
        }
    }
    let Some((start, end)) = first else {
        return bare_dict(line);
    };
    let summaries = tuples(&line[end..], stage);
    if !summaries.is_empty() {
        return summaries;
    }
    let reply = quoted_reply(&line[start..]).or_else(|| quoted_reply(&line[end..]));
    // Ruby puts the class behind: `in 'check_response': 550 5.1.1 no (Net::SMTPFatalError)`.
    let ruby =
        || line.get(..start)?.trim_end_matches('(').contains("': ").then(|| quoted_reply(&line[..start]))?;
    let Some((code, text)) = reply.or_else(ruby) else {
        return Vec::new();
    };
    let text = text.trim_end_matches([' ', '(']).to_owned();
    let recipient = infer::recipient(&text).or_else(|| failed_recipient(line));
    vec![Summary { stage, code, text, recipient, sender: None }]
}

/// `retcode (550); Msg: b'5.1.1 no'`: smtplib's second telling of every reply, refusal or not.
pub(super) fn retcode(line: &str) -> Option<(ReplyCode, String)> {
    let (_, rest) = line.split_once("retcode (")?;
    let code = ReplyCode::at_start(rest)?;
    let (_, message) = rest.split_once("Msg: ")?;
    let text = literal::read(message).map_or_else(|| message.to_owned(), |(value, _)| value);
    Some((code, with_code(code, &text)))
}

/// `{'a@example.org': (550, b'5.1.1 no')}` on its own: what smtplib's `sendmail` returns.
fn bare_dict(line: &str) -> Vec<Summary> {
    match line.find("{'").or_else(|| line.find("{\"")) {
        Some(at) if line[at..].contains("': (") || line[at..].contains("\": (") => {
            tuples(&line[at..], Stage::RcptTo)
        }
        _ => Vec::new(),
    }
}

/// Every `(550, b'…')` in `text`, with the address before or after it.
fn tuples(text: &str, stage: Stage) -> Vec<Summary> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('(').map(|i| at + i) {
        at = open + 1;
        let Some(code) = ReplyCode::at_start(&text[at..]) else { continue };
        let rest = text[at + 3..].trim_start_matches([',', ' ']);
        let Some((value, after)) = literal::read(rest) else { continue };
        let key = text[..open].trim_end().strip_suffix(':').map(str::trim_end);
        let key = key.and_then(|k| {
            let quote = k.chars().next_back().filter(|c| matches!(c, '\'' | '"'))?;
            let body = &k[..k.len() - 1];
            command::mailbox(&body[body.rfind(quote)? + 1..])
        });
        at = text.len() - after.len();
        // aiosmtplib: `SMTPRecipientRefused(550, '5.1.1 no', 'a@example.org')`.
        let key = key.or_else(|| third(after).filter(|_| stage == Stage::RcptTo));
        // smtplib: `SMTPSenderRefused: (553, b'5.7.1 no', 's@example.org')`.
        let sender = third(after).filter(|_| stage == Stage::MailFrom);
        if code.get() < 400 {
            continue;
        }
        found.push(Summary {
            stage,
            code: Some(code),
            text: with_code(code, &value),
            recipient: key,
            sender,
        });
        if found.len() >= 4096 {
            break;
        }
    }
    found
}

/// `, 'a@example.org')`: the address after code and message.
fn third(after: &str) -> Option<String> {
    let (value, _) = literal::read(after.strip_prefix(", ")?)?;
    command::mailbox(&value).filter(|m| m.contains('@'))
}

/// A message whose code was taken off its lines, with the code again.
fn with_code(code: ReplyCode, text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let last = lines.pop().unwrap_or("");
    let mut out: String = lines.iter().map(|line| format!("{code}-{line}\n")).collect();
    out.push_str(&format!("{code} {last}"));
    out.trim_end().to_owned()
}

/// The first 4yz or 5yz reply in `text`, decoded if it stands in quotes.
fn quoted_reply(text: &str) -> Option<(Option<ReplyCode>, String)> {
    let bytes = text.as_bytes();
    for at in memchr::memchr2_iter(b'4', b'5', bytes) {
        let before = at.checked_sub(1).map(|i| bytes[i]);
        if before.is_some_and(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/' | b'@' | b'+')
        }) {
            continue;
        }
        let rest = &text[at..];
        let Some(code) = ReplyCode::at_start(rest) else {
            // .NET, MailKit and Thunderbird give the status only: `The server response was: 5.7.1 no`.
            let said = text[..at].trim_end().trim_end_matches(':').trim_end().to_lowercase();
            const SAID: [&str; 7] =
                ["was", "commandexception", "responded", "antwortete", "répondu", "respondió", "risposto"];
            let said = SAID.iter().any(|word| said.ends_with(word));
            if said && EnhancedStatus::at_start(rest).is_some() {
                return Some((None, tidy(rest).to_owned()));
            }
            continue;
        };
        if lex::reply_code(rest).is_none() {
            // `but got code "550", with message "550 5.1.1 no"`; `permanent error (550): 5.1.1 no`; `code: 550`.
            if let Some(words) = rest[3..].strip_prefix("): ") {
                return Some((Some(code), with_code(code, tidy(words))));
            }
            let message = rest.find("with message ").map(|i| &rest[i + 13..]).and_then(literal::read);
            if let Some((message, _)) = message {
                let has_code = ReplyCode::at_start(&message) == Some(code);
                let text = if has_code { message.trim_end().to_owned() } else { with_code(code, &message) };
                return Some((Some(code), text));
            }
            continue;
        }
        let quote = text[..at].chars().next_back().filter(|c| matches!(c, '\'' | '"' | '`'));
        let reply = match quote {
            Some(quote) => literal::read_to(rest, quote).0.trim_end().to_owned(),
            None => tidy(rest).to_owned(),
        };
        return Some((Some(code), reply));
    }
    None
}

/// Without what languages put after a message.
fn tidy(text: &str) -> &str {
    text.trim_end_matches([' ', ';', '\'', '"', '}', ',', '\r', '\n', '`'])
}

/// `The following recipients failed: a@example.org: …`, `recipient address a@example.org not accepted`,
/// `Error: Recipient <a@example.org> …`.
fn failed_recipient(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    let at = ["recipients failed: ", "recipient address ", "rejected e-mail address was "]
        .iter()
        .find_map(|w| lower.find(w).map(|i| i + w.len()))?;
    let word = line[at..].split_whitespace().next()?.trim_end_matches([':', '.', ',']);
    command::mailbox(word).filter(|m| m.contains('@'))
}

/// What a line of an error object adds: `command: 'RCPT TO'`, `recipient: 'a@example.org'`,
/// `rejected: [ 'a@example.org' ]`.
pub(super) enum Detail {
    Stage(Stage),
    Recipient(String),
}

/// Reads such a line.
pub(super) fn detail(line: &str) -> Option<Detail> {
    let line = line.trim_start();
    let (name, value) = line.split_once(':')?;
    let name = name.trim_matches(['"', '\'', ' ']);
    let value = value.trim_start_matches([' ', '[']);
    let (value, _) = literal::read(value)?;
    match name {
        "command" => Some(Detail::Stage(match value.as_str() {
            "CONN" => Stage::Connect,
            "RCPT TO" => Stage::RcptTo,
            "MAIL FROM" => Stage::MailFrom,
            // nodemailer says DATA for both; what it reports nearly always comes after the content.
            "DATA" => Stage::EndOfData,
            _ if value.starts_with("AUTH") => Stage::Auth,
            _ if value.ends_with("HELO") || value.ends_with("EHLO") => Stage::Ehlo,
            _ => return None,
        })),
        "recipient" | "rejected" => {
            command::mailbox(&value).filter(|m| m.contains('@')).map(Detail::Recipient)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &str) {
        let got: Vec<_> = read(line)
            .into_iter()
            .map(|s| format!("{} {} | {}", s.stage.name(), s.recipient.unwrap_or("-".into()), s.text))
            .collect();
        assert_eq!(got.join(" / "), expect, "{line}");
    }

    #[test]
    fn summaries() {
        check(
            "smtplib.SMTPRecipientsRefused: {'a@example.org': (550, b'5.1.1 no'), 'b@example.org': (250, b'ok')}",
            "rcpt_to a@example.org | 550 5.1.1 no",
        );
        check(
            "smtplib.SMTPDataError: (550, b'5.7.1 a\\n5.7.1 b')",
            "end_of_data - | 550-5.7.1 a\n550 5.7.1 b",
        );
        check("smtplib.SMTPSenderRefused: (553, b'no', 'a@example.org')", "mail_from - | 553 no");
        check("SMTPRecipientsRefused: {u'a@example.org': (550, 'no')}", "rcpt_to a@example.org | 550 no");
        check("{'a@example.org': (550, b'5.1.1 no')}", "rcpt_to a@example.org | 550 5.1.1 no");
        check("* RCPT failed: 550", "rcpt_to - | 550");
        check(
            "Error: Can't send mail - all recipients were rejected: 550 5.1.1 no",
            "rcpt_to - | 550 5.1.1 no",
        );
        check("  response: '550 5.1.1 it\\'s',", "unknown - | 550 5.1.1 it's");
        check("{\"response\":\"550 5.1.1 no\",\"responseCode\":550}", "unknown - | 550 5.1.1 no");
        check(
            "com.sun.mail.smtp.SMTPAddressFailedException: 550 5.1.1 <a@example.org>: User unknown;",
            "rcpt_to a@example.org | 550 5.1.1 <a@example.org>: User unknown",
        );
        check("Net::SMTPFatalError: 550 5.1.1 no", "unknown - | 550 5.1.1 no");
        check("Mailbox unavailable. The server response was: 5.7.1 no", "unknown - | 5.7.1 no");
        check(
            "Expected response code 250 but got code \"550\", with message \"550 5.1.1 no\\r\\n\"",
            "unknown - | 550 5.1.1 no",
        );
        check(
            "MailKit.Net.Smtp.SmtpCommandException: 5.1.1 <a@example.org>: User unknown",
            "unknown a@example.org | 5.1.1 <a@example.org>: User unknown",
        );
        check(
            "Der Mail-Server antwortete:  5.1.1 <a@example.org>: User unknown.",
            "unknown a@example.org | 5.1.1 <a@example.org>: User unknown.",
        );
        check("permanent error (550): 5.1.1 no", "unknown - | 550 5.1.1 no");
        check("msmtp: server message: 550 5.1.1 no", "unknown - | 550 5.1.1 no");
        check(
            "SMTP Error: The following recipients failed: a@example.org: 550 no",
            "rcpt_to a@example.org | 550 no",
        );
        check(
            "SMTPRecipientsRefused: [SMTPRecipientRefused(550, '5.1.1 no', 'a@example.org')]",
            "rcpt_to a@example.org | 550 5.1.1 no",
        );
        check(
            "smtp.rb:9:in 'check_response': 550 5.1.1 no (Net::SMTPFatalError)",
            "unknown - | 550 5.1.1 no",
        );
        check("a plain line about 550 things", "");
    }
}
