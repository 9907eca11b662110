//! Exim: main log and reject log, in files of their own or through syslog.
//!
//! `2026-11-17 14:51:07 1aBcDe-0001Ab-Cd ** a@example.org R=dnslookup T=remote_smtp H=mx [192.0.2.1]: SMTP error
//! from remote mail server after RCPT TO:<a@example.org>: 550 no such user`. The stamp may have a fraction and a
//! zone, a process id may follow; ids are 6-6-2 or (since 4.97) 6-11-4 characters long. See "Log files" in Exim's
//! specification. The reject log repeats the main log's line and adds the headers of the mail.

mod delivery;
mod fields;
mod reject;
mod scan;

use super::Dialect;
use crate::parse::event::{EventKind, LogEvent, LogLine};
use crate::parse::formats::{Extent, Family, Format, Sample};
use crate::parse::frame::{Framed, stamp};

/// The format.
pub const FORMAT: Format = Format {
    name: "exim",
    title: "Exim main log and reject log",
    family: Family::Log,
    extent: Extent::Fully,
    sample: Sample::RealProgram,
    grammar: "Exim 4.96 and 4.97: spec.xfpt chapter \"Log files\", src/deliver.c, src/smtp_in.c, src/transports/smtp.c",
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
    name: "exim",
    hint: "exim",
    takes,
    bare: Some(bare),
    instance: daemon,
    opens: |event| matches!(event, EventKind::Sender { .. }),
    glance: Some(scan::GLANCE),
    parse,
    daemon,
};

fn takes(program: &str) -> bool {
    matches!(program, "exim" | "exim4" | "exim-mta")
}

fn daemon(_: &str) -> &str {
    "exim"
}

/// A line of a main or reject log: a stamp, and then an id or words that only Exim writes.
fn bare(text: &str) -> Option<Framed<'_>> {
    if text.as_bytes().get(10) != Some(&b' ') {
        return None;
    }
    let (stamp, rest) = stamp::iso(text)?;
    let rest = rest.strip_prefix(' ')?;
    let (pid, message) = process(rest);
    let own = id(message).is_some() || reject::starts_like_one(message) || known_remark(message);
    own.then_some(Framed { stamp, host: None, program: "exim", pid, message })
}

/// `[1234] rest`.
fn process(text: &str) -> (Option<u32>, &str) {
    let inner = || {
        let (pid, rest) = text.strip_prefix('[')?.split_once("] ")?;
        Some((Some(pid.parse().ok()?), rest))
    };
    inner().unwrap_or((None, text))
}

/// The message's id and what follows it.
fn id(text: &str) -> Option<(&str, &str)> {
    let b = text.as_bytes();
    let shaped = |len: usize, dashes: [usize; 2]| {
        b.len() >= len
            && matches!(b.get(len), None | Some(b' '))
            && b[..len]
                .iter()
                .enumerate()
                .all(|(at, c)| if dashes.contains(&at) { *c == b'-' } else { c.is_ascii_alphanumeric() })
    };
    let len = [(16, [6, 13]), (23, [6, 18])].into_iter().find(|(len, d)| shaped(*len, *d))?.0;
    Some((&text[..len], text[len..].trim_start_matches(' ')))
}

fn parse<'a>(line: &'a LogLine<'a>) -> Option<LogEvent<'a>> {
    let mut message: &str = &line.message;
    // Through syslog, Exim may write its own stamp as well (`syslog_timestamp`).
    if let Some((_, rest)) = stamp::iso(message) {
        message = process(rest.trim_start_matches(' ')).1;
    }
    let (queue_id, rest) = match id(message) {
        Some((id, rest)) => (Some(id), rest),
        None => (None, message),
    };
    let kind = read(rest)?;
    // A delivery always names its message.
    if queue_id.is_none() && matches!(kind, EventKind::Attempt(_) | EventKind::Removed) {
        return None;
    }
    Some(LogEvent { format: "exim", instance: "exim", queue_id, kind })
}

fn read(rest: &str) -> Option<EventKind<'_>> {
    match rest.get(..3) {
        Some("<= " | "(= ") => delivery::arrival(&rest[3..]),
        Some("=> " | "-> " | ">> ") => delivery::accepted(&rest[3..]),
        Some("** ") => delivery::failed(&rest[3..]),
        Some("== ") => delivery::deferred(&rest[3..]),
        // Delivery was suppressed (`-N`).
        Some("*> ") => Some(EventKind::Other),
        _ if rest.starts_with("Completed") => Some(EventKind::Removed),
        _ => reject::read(rest).or_else(|| known_remark(rest).then_some(EventKind::Other)),
    }
}

/// Lines that decide nothing.
fn known_remark(rest: &str) -> bool {
    const STARTS: [&str; 26] = [
        "Start queue run",
        "End queue run",
        "exim ",
        "Frozen",
        "Message is frozen",
        "Unfrozen",
        "Message ",
        "removed by ",
        "cancelled by ",
        "Spool file",
        "no host name found",
        "no IP address found",
        "SMTP connection ",
        "SMTP error from ",
        "SMTP timeout ",
        "SMTP command timeout",
        "SMTP syntax error",
        "SMTP protocol ",
        "SMTP call from",
        "SMTP data timeout",
        "unexpected disconnection",
        "TLS error",
        "Warning: ",
        "Remote host ",
        "DKIM: ",
        "Sender identification",
    ];
    // The intermediate `H=mx [192.0.2.1]: SMTP error …`: another host is tried, and the line that decides follows.
    // Failed logins are no refused mail.
    STARTS.iter().any(|s| rest.starts_with(s))
        || rest.contains(" authenticator failed for ")
        || rest.contains("sender verify ")
        || (rest.starts_with("H=") && rest.contains("]: SMTP error "))
        || (rest.starts_with("H=") && rest.contains("Warning: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let check = |text, expect| assert_eq!(id(text).map(|(id, _)| id), expect, "{text}");
        check("1aBcDe-0001Ab-Cd <= a", Some("1aBcDe-0001Ab-Cd"));
        check("1aBcDe-00000001AbC-0001 <= a", Some("1aBcDe-00000001AbC-0001"));
        check("1aBcDe-0001Ab-Cd", Some("1aBcDe-0001Ab-Cd"));
        check("1aBcDe-0001Ab-Cde x", None);
        check("Start queue run: pid=1", None);
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = bare(text).map_or("none".into(), |f| {
            let pid = f.pid.map_or("-".into(), |p| p.to_string());
            format!("{pid} |{}", f.message)
        });
        assert_eq!(got, expect, "{text}");
    }

    #[test]
    fn own_files() {
        check("2026-11-17 14:51:07 1aBcDe-0001Ab-Cd Completed", "- |1aBcDe-0001Ab-Cd Completed");
        check(
            "2026-11-17 14:51:07.123 +0100 [7] 1aBcDe-0001Ab-Cd Completed",
            "7 |1aBcDe-0001Ab-Cd Completed",
        );
        check(
            "2026-11-17 14:51:07 H=(x) [192.0.2.1] rejected RCPT <a@example.org>: no",
            "- |H=(x) [192.0.2.1] rejected RCPT <a@example.org>: no",
        );
        check("2026-11-17 14:51:07 Start queue run: pid=5", "- |Start queue run: pid=5");
        check("2026-11-17 14:51:07 something else", "none");
        check("2026-11-17T14:51:07 1aBcDe-0001Ab-Cd Completed", "none");
    }
}
