//! Postfix.
//!
//! `postfix/smtp[7]: 4F1C07E1: to=<a@example.org>, relay=mx[192.0.2.1]:25, dsn=5.1.1, status=bounced (…)`.
//! The program is `postfix`, an instance or service in the middle, and the daemon last. The queue id comes first:
//! hexadecimal, or (`enable_long_queue_ids`) digits and letters without vowels, where case matters.

mod delivery;
mod queue;
mod reject;
mod scan;
mod session;

use super::Dialect;
use crate::parse::event::{EventKind, LogEvent, LogLine};
use crate::parse::formats::{Extent, Family, Format, Sample};

/// The format.
pub const FORMAT: Format = Format {
    name: "postfix",
    title: "Postfix mail log",
    family: Family::Log,
    extent: Extent::Fully,
    sample: Sample::RealProgram,
    grammar: "Postfix 3.7 to 3.12: src/smtp, src/smtpd, src/cleanup, src/qmgr, src/postscreen, src/global/log_adhoc.c",
    fields: &[
        "time",
        "direction",
        "reporting_mta",
        "remote_mta",
        "remote_ip",
        "queue_id",
        "message_id",
        "reverse_path",
        "final_recipient",
        "original_recipient",
        "stage",
        "reply_code",
        "enhanced_status",
        "diagnostic_code",
        "action",
        "attempts",
    ],
};

/// The dialect.
pub const DIALECT: Dialect = Dialect {
    name: "postfix",
    hint: "postfix",
    takes,
    bare: None,
    instance,
    opens: |event| matches!(event, EventKind::Client { .. }),
    glance: Some(scan::GLANCE),
    parse,
    daemon,
};

fn takes(program: &str) -> bool {
    program.starts_with("postfix") && (program.len() == 7 || program.contains('/'))
}

/// `postfix/submission/smtpd` and `postfix-out/smtpd` are both counted as `smtpd`.
fn daemon(program: &str) -> &str {
    program.rsplit_once('/').map_or(program, |(_, daemon)| daemon)
}

/// `postfix-out` of `postfix-out/smtpd`.
fn instance(program: &str) -> &str {
    program.split_once('/').map_or(program, |(instance, _)| instance)
}

fn parse<'a>(line: &'a LogLine<'a>) -> Option<LogEvent<'a>> {
    let message: &str = &line.message;
    let instance = instance(line.program);
    let event = |queue_id, kind| Some(LogEvent { format: "postfix", instance, queue_id, kind });
    let Some((queue_id, rest)) = queue_id(message) else {
        // Two lines of three without a queue id are these.
        if queue::known_remark(message) {
            return event(None, EventKind::Other);
        }
        // Some versions leave `NOQUEUE` out before `proxy-reject`.
        return event(None, reject::read(message.strip_prefix("NOQUEUE: ").unwrap_or(message))?);
    };
    if rest.starts_with("to=") {
        return event(Some(queue_id), delivery::read(rest, daemon(line.program))?);
    }
    if let Some(kind) = queue::read(rest) {
        return event(Some(queue_id), kind);
    }
    event(Some(queue_id), reject::read(rest)?)
}

/// `4F1C07E1: rest`. Case is kept.
fn queue_id(message: &str) -> Option<(&str, &str)> {
    let end = scan::queue_id_end(message.as_bytes())?;
    Some((&message[..end], &message[end + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_ids() {
        let check = |text, expect: Option<&str>| {
            assert_eq!(queue_id(text).map(|(id, _)| id), expect, "{text}");
        };
        check("4F1C: to=<a>", Some("4F1C"));
        check("48rT2v1hQrz1J0N: x", Some("48rT2v1hQrz1J0N"));
        check("3pXPBc5gcdz3xxV: x", Some("3pXPBc5gcdz3xxV"));
        check("warning: x", None);
        check("NOQUEUE: reject", None);
        check("statistics: x", None);
        check("fatal: x", None);
        check("4F1C07E1", None);
    }

    #[test]
    fn programs() {
        assert!(takes("postfix/smtp") && takes("postfix-out/smtpd") && takes("postfix/submission/smtpd"));
        assert!(takes("postfix"));
        assert!(!takes("postfixadmin") && !takes("dovecot"));
        assert_eq!(daemon("postfix/submission/smtpd"), "smtpd");
    }
}
