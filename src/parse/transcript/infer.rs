//! What a reply alone gives away: the stage it belongs to, the recipient it names.
//!
//! `550 5.1.1 <a@example.org>: Recipient address rejected` was given to RCPT and is about `a@example.org`;
//! `550 5.1.8 <a@example.org>: Sender address rejected` was not. A conclusion, and marked as one.

use super::command;
use crate::smtp::{Stage, read_reply};

/// The stage a reply was most likely given at; `Unknown` if its words and codes do not tell.
pub(crate) fn stage(text: &str) -> Stage {
    let lower = text.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    // Postfix states it: `(in reply to RCPT TO command)`.
    if let Some((_, said)) = lower.split_once("in reply to ") {
        let table = [
            ("mail from", Stage::MailFrom),
            ("rcpt to", Stage::RcptTo),
            ("end of data", Stage::EndOfData),
            ("data", Stage::Data),
            ("ehlo", Stage::Ehlo),
            ("helo", Stage::Ehlo),
            ("starttls", Stage::StartTls),
        ];
        if let Some((_, stage)) = table.iter().find(|(words, _)| said.starts_with(words)) {
            return *stage;
        }
    }
    if says(&["sender address rejected", "sender denied", "sender verify failed", "bad sender"]) {
        return Stage::MailFrom;
    }
    if says(&[
        "recipient address rejected",
        "user unknown",
        "unknown user",
        "no such user",
        "no such recipient",
        "unknown recipient",
        "recipient unknown",
        "mailbox not found",
        "mailbox unavailable",
        "relay access denied",
        "relaying denied",
        "unable to relay",
        "relay not permitted",
        "does not exist",
    ]) {
        return Stage::RcptTo;
    }
    let Some(status) = read_reply(text).enhanced else { return Stage::Unknown };
    match (status.subject, status.detail) {
        (7, 8 | 9) => Stage::Auth,
        // A flood of mail and, at Google, missing TLS: refused at any stage.
        (7, 28 | 29) => Stage::Unknown,
        _ => Stage::usual_for(status).unwrap_or_default(),
    }
}

/// The recipient that the reply clearly names: `550 5.1.1 <a@example.org>: …`, `550 <a@example.org>... User unknown`.
pub(crate) fn recipient(text: &str) -> Option<String> {
    let words = read_reply(text).text;
    let lower = words.to_ascii_lowercase();
    if ["sender", "return path", "return-path", "mail from", "callout", "call-out", "from address", "verif"]
        .iter()
        .any(|w| lower.contains(w))
    {
        return None;
    }
    let open = words.find('<')?;
    let rest = &words[open..];
    let address = command::mailbox(rest)?;
    let after = rest.get(address.len() + 2..).unwrap_or("").trim_start_matches(['.', ':', ',', ' ']);
    let after = after.to_ascii_lowercase();
    let about_recipient = [
        "recipient",
        "user",
        "no such",
        "unknown",
        "mailbox",
        "does not exist",
        "relay",
        "unable to relay",
        "we do not relay",
        "address",
        "account",
        "is not",
        "not ",
        "invalid",
        "unrouteable",
        "over quota",
        "temporarily",
        "host",
        "doesn't",
        "prohibited",
        "access denied",
    ]
    .iter()
    .any(|w| after.starts_with(w));
    let named_before = lower[..open.min(lower.len())].trim_end();
    let named = ["recipient", "recipient:", "user", "mailbox", "relay to", "unknown user:", "no such user:"]
        .iter()
        .any(|w| named_before.ends_with(w));
    (address.contains('@') && (about_recipient || named)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = format!("{} {}", stage(text).name(), recipient(text).unwrap_or("-".into()));
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn stages_and_recipients() {
        check("550 5.1.1 <a@example.org>: Recipient address rejected: no", "rcpt_to a@example.org");
        check("550 5.1.1 <a@example.org>... User unknown", "rcpt_to a@example.org");
        check("550 5.1.8 <a@example.org>: Sender address rejected: no", "mail_from -");
        check("550 5.7.1 <a@example.org>: Relaying denied", "rcpt_to a@example.org");
        check("550 No such user: <a@example.org>", "rcpt_to a@example.org");
        check("550 5.7.26 not accepted", "end_of_data -");
        check("550 5.7.1 no (in reply to end of DATA command)", "end_of_data -");
        check("550 Administrative prohibition", "unknown -");
        check("550 Verification failed for <a@example.org>: unknown user", "rcpt_to -");
    }
}
