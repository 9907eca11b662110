//! More messages in the queue than are kept in mind: their refusals are complete all the same.

use crate::read::KNOWLEDGE;
use chrono::{TimeZone as _, Utc};
use fivefifty::engine::{read_alone, read_in_segments};
use fivefifty::model::{ProblemKind, Snapshot};
use std::fmt::Write as _;
use std::io::Cursor;

/// One more than are kept in mind, and a few.
const MESSAGES: u32 = 65_536 + 300;

/// Every message is in the queue at one time; some of the oldest were put off before, and come to an end at last.
fn log() -> String {
    let mut log = String::new();
    let mut line =
        |text: String| writeln!(log, "Nov 17 14:51:07 mx postfix/smtp[7]: {text}").expect("memory");
    let head = |n: u32| format!("to=<b{n}@example.org>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/0/1");
    let later = "status=deferred (host mx[192.0.2.1] said: 450 4.2.0 later (in reply to RCPT TO command))";
    for n in 0..MESSAGES {
        line(format!("{n:06X}: client=app[10.0.0.1]"));
        line(format!("{n:06X}: message-id=<{n}@a>"));
        line(format!("{n:06X}: from=<s{n}@shop.example>, size=1, nrcpt=1 (queue active)"));
        if n < 20 {
            line(format!("{n:06X}: {}, dsn=4.2.0, {later}", head(n)));
        }
    }
    for n in 0..40 {
        let status = match n % 4 {
            0 => "status=sent (250 ok)",
            _ => {
                "status=bounced (host mx[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))"
            }
        };
        line(format!("{n:06X}: {}, dsn=5.1.1, {status}", head(n)));
        line(format!("{n:06X}: removed"));
    }
    log
}

/// Recipient, sender, Message-ID and tries of each refusal for good; how many are left that were only put off.
fn refusals(snapshot: &Snapshot) -> (Vec<String>, usize) {
    let (refused, put_off): (Vec<_>, Vec<_>) =
        snapshot.iter().map(|(_, rejection)| rejection).partition(|rejection| rejection.is_permanent());
    let show = |rejection: fivefifty::model::RejectionRef<'_>| {
        let e = rejection.evidence;
        let text = |text: Option<&str>| text.unwrap_or("?").to_owned();
        format!(
            "{} {} {} tries={} lines={}",
            text(e.final_recipient()),
            text(e.reverse_path()),
            text(e.message_id()),
            e.n_tries(),
            e.origins().count()
        )
    };
    (refused.into_iter().map(show).collect(), put_off.len())
}

#[test]
fn forgotten_messages_are_read_for_again() {
    let log = log();
    let expect: Vec<String> = (0..40)
        .filter(|n| n % 4 != 0)
        .map(|n| {
            let tries = if n < 20 { 2 } else { 1 };
            format!("b{n}@example.org s{n}@shop.example {n}@a tries={tries} lines={}", 3 + tries)
        })
        .collect();
    let now = Utc.with_ymd_and_hms(2026, 11, 20, 0, 0, 0).single().expect("a date");
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("full.log");
    std::fs::write(&path, &log).expect("a file");
    for (segment_bytes, n_workers) in [(1 << 20, 2), (3 << 20, 1), (1 << 40, 1)] {
        let snapshot = read_in_segments(&KNOWLEDGE, &path, None, now, segment_bytes, n_workers);
        assert_eq!(refusals(&snapshot), (expect.clone(), 0), "{segment_bytes} bytes");
        assert!(snapshot.problems.is_empty());
        assert_eq!(snapshot.coverage.lines, log.lines().count() as u64);
    }
    // What comes through a pipe cannot be read again.
    let piped = read_alone(&KNOWLEDGE, "-", Cursor::new(log.into_bytes()), None, now);
    assert_eq!(piped.problems[0].problem.kind, ProblemKind::Forgotten);
    let (refused, _) = refusals(&piped);
    assert_eq!((refused.len(), refused.iter().filter(|line| line.contains('?')).count()), (30, 30));
}
