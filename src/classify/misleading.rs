//! Replies that mislead, with the classes they belong to. Read with the rules the program carries.

use super::{Facts, Knowledge, reply_codes};
use crate::model::{Confidence, Direction};
use crate::smtp::{Stage, innermost};
use std::sync::OnceLock;

fn knowledge() -> &'static Knowledge {
    static KNOWLEDGE: OnceLock<Knowledge> = OnceLock::new();
    KNOWLEDGE.get_or_init(|| Knowledge::builtin().unwrap_or_else(|e| panic!("{e}")))
}

fn class_at(host: Option<&str>, stage: Stage, text: &str) -> (String, Confidence) {
    let own = reply_codes(innermost(text).inner);
    let verdict = knowledge().classify(&Facts {
        diagnostic_code: text,
        reply_code: own.code,
        enhanced_status: own.enhanced,
        stage,
        remote_mta: host,
        recipient_domain: None,
        direction: Direction::Outgoing,
    });
    (knowledge().class(verdict.class).id.clone(), verdict.confidence)
}

#[track_caller]
fn check(text: &str, class: &str) {
    assert_eq!(class_at(None, Stage::Unknown, text).0, class, "{text}");
}

#[track_caller]
fn check_from(host: &str, text: &str, class: &str) {
    assert_eq!(class_at(Some(host), Stage::Unknown, text).0, class, "{text}");
}

const MS: &str = "example-org.mail.protection.outlook.com[192.0.2.9]:25";
const GOOGLE: &str = "gmail-smtp-in.l.google.com[192.0.2.9]:25";

#[test]
fn the_code_says_one_thing_and_the_words_another() {
    check_from(MS, "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "recipient.unknown");
    check_from(MS, "550 5.1.8 Access denied, bad outbound sender. AS(1430)", "account.blocked");
    check(
        "553 5.1.8 <a@example.org>... Domain of sender address a@example.org does not exist",
        "sender.invalid",
    );
    check("550 5.1.1 Recipient has been sent to too many recipients this hour. IB607", "limit.sender_rate");
    check_from(
        MS,
        "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).",
        "reputation.ip",
    );
    check_from(
        GOOGLE,
        "550-5.2.1 The user you are trying to contact is receiving mail at a rate that 550 5.2.1 prevents additional messages from being delivered. - gsmtp",
        "limit.recipient_rate",
    );
    check_from(MS, "550 5.2.2 Submission quota exceeded", "limit.own_quota");
    check("550 4.4.7 Message expired", "routing.expired");
    check("550 5.7.1 No such user!", "recipient.unknown");
    check(
        "550 5.1.1 <a@example.org>: undeliverable address: host mx[192.0.2.1] said: 550 5.2.2 mailbox full (in reply to RCPT TO command)",
        "mailbox.full",
    );
    check_from(
        MS,
        "550 5.7.520 Access denied, Your organization does not allow external forwarding. AS(7555)",
        "policy.own_forwarding",
    );
    check_from(MS, "550 5.7.705 Access denied, tenant has exceeded threshold", "account.tenant_blocked");
}

#[test]
fn wording_that_varies() {
    let level = "550 5.7.515 Access denied, sending domain example.org doesn't meet the required authentication level. The \
                 sender's domain in the 5322.From address doesn't meet the authentication requirements defined for the \
                 sender. Spf= Fail , Dkim= Pass , DMARC= Fail";
    check(level, "auth.bulk");
    let gmx = "550 Requested action not taken: mailbox unavailable Reject due to policy restrictions.";
    assert_ne!(class_at(Some("mx00.gmx.net"), Stage::RcptTo, gmx).0, "recipient.unknown");
}

#[test]
fn who_does_not_relay() {
    check("550 5.7.1 <a@example.org>... Relaying denied", "relay.denied");
    check("554 5.7.1 <a@example.org>: Relay access denied", "relay.denied");
    check("550 relay not permitted", "relay.denied");
    check("550 not local host example.org, not a gateway", "relay.not_local");
    check_from(MS, "550 5.7.64 TenantAttribution; Relay Access Denied", "relay.connector");
}

#[test]
fn authentication_and_reputation() {
    check_from(
        GOOGLE,
        "550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM. 550 5.7.26 - gsmtp",
        "auth.none",
    );
    check_from(
        GOOGLE,
        "550 5.7.26 Unauthenticated email from example.org is not accepted due to domain's DMARC policy. - gsmtp",
        "auth.dmarc",
    );
    check_from(GOOGLE, "550 5.7.27 SPF did not pass - gsmtp", "auth.spf");
    check_from(
        MS,
        "550 5.7.515 Access denied, sending domain example.org does not meet the required authentication level.",
        "auth.bulk",
    );
    check_from(
        MS,
        "550 5.7.509 Access denied, sending domain example.org does not pass DMARC verification",
        "auth.dmarc",
    );
    check_from(MS, "550 5.7.606 Access denied, banned sending IP [192.0.2.7]", "reputation.ip");
    check(
        "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org",
        "reputation.dnsbl",
    );
    check(
        "550 5.7.1 <mail.example.org[192.0.2.7]>: Client host rejected: cannot find your reverse hostname, [192.0.2.7]",
        "identity.ptr",
    );
}

#[test]
fn codes_alone_are_never_trusted() {
    for text in ["550 5.7.1 x", "550 x", "550", "554 x", "550 5.0.0 x", "550 5.7.0 x", "550 5.7.1"] {
        for host in [None, Some(MS), Some(GOOGLE)] {
            assert_eq!(class_at(host, Stage::Unknown, text).1, Confidence::Low, "{text} {host:?}");
        }
    }
}
