//! Logs read in segments on several threads, and with a glance at most lines, against the plain way: one thread,
//! every line by its grammar. Everything must be equal: evidence, verdicts, places, counts, problems.

use crate::generator::{Shares, write_exim_log, write_postfix_log};
use crate::read::{KNOWLEDGE, project, samples};
use chrono::{TimeZone as _, Utc};
use fivefifty::engine::{read_alone, read_in_segments};
use fivefifty::model::Snapshot;
use proptest::prelude::*;
use std::fs;
use std::io::Cursor;

/// All that a snapshot holds of one source.
fn everything(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    for (_, rejection) in snapshot.iter() {
        let rejection = rejection.to_rejection();
        let (verdict, pattern) = (&rejection.verdict, &rejection.pattern);
        out.push_str(&format!("{:?} {verdict:?} {pattern:?}\n", rejection.evidence));
    }
    for problem in &snapshot.problems {
        out.push_str(&format!("{:?}\n", problem.problem));
    }
    out.push_str(&format!(
        "{:#?}\n{:#?}\n{}",
        snapshot.coverage, snapshot.accepted, snapshot.sources[0].bytes
    ));
    out
}

/// Reads `bytes` both ways.
#[track_caller]
fn check(name: &str, bytes: &[u8], year: Option<i32>, cuts: &[(u64, usize)]) {
    let now = Utc.with_ymd_and_hms(2026, 11, 20, 0, 0, 0).single().expect("a date");
    let expect = everything(&read_alone(&KNOWLEDGE, name, Cursor::new(bytes.to_vec()), year, now));
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("x.log");
    fs::write(&path, bytes).expect("a file");
    let file = fs::File::options().write(true).open(&path).expect("opens");
    file.set_modified(now.into()).expect("a time");
    for (segment_bytes, n_workers) in cuts {
        let got = everything(&read_in_segments(&KNOWLEDGE, &path, year, now, *segment_bytes, *n_workers));
        let differs = got.lines().zip(expect.lines()).find(|(got, expect)| got != expect);
        assert!(got == expect, "{name}, {segment_bytes} bytes, {n_workers} workers: {differs:#?}");
    }
}

const CUTS: [(u64, usize); 5] = [(300, 1), (1000, 2), (5000, 3), (40_000, 4), (1 << 40, 1)];

#[test]
fn samples_in_segments() {
    for sample in samples() {
        let bytes = fs::read(project("sample-logs").join(&sample)).expect("a sample");
        check(&sample.display().to_string(), &bytes, Some(2026), &CUTS);
    }
}

fn generated(bytes: u64, refused: u64) -> Vec<u8> {
    let shares = Shares { refused, deferred: 120, turned_away: 20, ..Shares::default() };
    let mut log = Vec::new();
    write_postfix_log(&mut log, bytes, &shares).expect("memory can be written");
    log
}

#[test]
fn mailboxes_in_pieces() {
    let mut mailbox = Vec::new();
    for sample in samples().iter().filter(|path| path.extension().is_some_and(|ext| ext == "eml")) {
        let mail = fs::read(project("sample-logs").join(sample)).expect("a sample");
        mailbox.extend(b"From MAILER-DAEMON Tue Nov 17 14:51:07 2026\n");
        mailbox.extend(mail);
        mailbox.extend(b"\nFrom here on it is text.\n\nFrom now on, too.\n\n");
    }
    assert!(mailbox.len() > 20_000, "some notices");
    check("mailbox", &mailbox, None, &CUTS);
    let crlf = String::from_utf8_lossy(&mailbox).replace('\n', "\r\n");
    check("mailbox with CRLF", crlf.as_bytes(), None, &CUTS);
}

#[test]
fn generated_logs_in_segments() {
    for refused in [0, 30, 400] {
        check("generated", &generated(300_000, refused), None, &CUTS);
        let mut exim = Vec::new();
        write_exim_log(&mut exim, 300_000, refused).expect("memory can be written");
        check("exim", &exim, None, &CUTS);
    }
}

#[test]
fn other_stamps_in_segments() {
    let log = String::from_utf8(generated(200_000, 100)).expect("text");
    let with = |stamp: &dyn Fn(usize, &str) -> String| -> Vec<u8> {
        log.lines()
            .enumerate()
            .map(|(n, line)| stamp(n, line) + &line[15..] + "\n")
            .collect::<String>()
            .into_bytes()
    };
    let iso = with(&|n, line| format!("2026-11-17T{}.{n:06}+01:00", &line[7..15]));
    check("RFC 3339", &iso, None, &CUTS);
    // From November to February, and February 29, which there is not in each year.
    let years = with(&|n, line| {
        let day = n / 8;
        let month = ["Nov", "Dec", "Jan", "Feb"][(day / 29) % 4];
        format!("{month} {:2} {}", 1 + day % 29, &line[7..15])
    });
    check("years", &years, None, &CUTS);
    check("years from 2019 on", &years, Some(2019), &CUTS);
    let mixed = with(&|n, line| match n % 5 {
        0 => format!("2025-11-17T{}Z", &line[7..15]),
        1 => format!("<22>Nov 18 {}", &line[7..15]),
        2 => format!("mail-1  | Nov 17 {}", &line[7..15]),
        _ => line[..15].to_owned(),
    });
    check("mixed", &mixed, None, &CUTS);
    let rfc5424: String = log
        .lines()
        .map(|line| {
            let (head, message) = line[16..].split_once("]: ").expect("a frame");
            let (program, pid) = head.split_once('[').expect("a process id");
            format!("<22>1 2026-11-17T{}Z {program} {pid} - - {message}\n", &line[7..15])
        })
        .collect();
    check("RFC 5424", rfc5424.as_bytes(), None, &CUTS);
}

#[test]
fn logs_without_first_or_last_lines_in_segments() {
    let log = String::from_utf8(generated(200_000, 100)).expect("text");
    let without = |word: &str| -> Vec<u8> {
        log.lines().filter(|l| !l.contains(word)).flat_map(|l| [l, "\n"]).collect::<String>().into_bytes()
    };
    for word in ["client=", "removed", "message-id", "from=<"] {
        check(word, &without(word), None, &CUTS);
    }
    // Deferred ones are handed out when the message leaves the queue, or the log ends.
    for from in ["status=sent (250", "status=bounced ("] {
        let put_off = log.replace(from, "status=deferred (host mx.example[192.0.2.1] said: 450 4.2.1");
        check("deferred", put_off.as_bytes(), None, &CUTS);
        let some = log.replacen(
            from,
            "status=deferred (lost connection with mx[192.0.2.1] while sending RCPT TO",
            150,
        );
        check("some deferred", some.as_bytes(), None, &CUTS);
    }
    // The same short ids again and again.
    let short: String = log
        .lines()
        .enumerate()
        .map(|(n, line)| {
            let (head, rest) = line.split_once("]: ").expect("a frame");
            let (_, rest) = rest.split_once(": ").expect("an id");
            format!("{head}]: 4F1C{}: {rest}\n", n % 7)
        })
        .collect();
    check("short ids", short.as_bytes(), None, &CUTS);
}

#[test]
fn dressed_logs_in_segments() {
    let log = String::from_utf8(generated(100_000, 100)).expect("text");
    for (from, to) in [
        ("@shop.example>", "@sh&op.example</b>"),
        ("removed", "removed</pre>"),
        ("removed", "removed &"),
        ("user1", "us\u{1b}[31mer1"),
        ("user1", "us\u{a0}er1"),
        ("user1", "usér\u{fffd}"),
        ("(queue active)", "status=expired, returned to sender\u{1b}[0m"),
        ("out2", "o\u{1b}[1mut2"),
        ("\n", "\r\n"),
        ("status=sent (250", "status=sent (delivered to mailbox"),
        (", relay=mx", ", orig_to=<\"x>, status=sent (\"@example.org>, relay=mx"),
        ("[192.0.2.1", "[127.0.0.1"),
    ] {
        check(to, log.replace(from, to).as_bytes(), None, &CUTS);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Damaged logs: pieces taken out, put in, or moved.
    #[test]
    fn damaged_logs_in_segments(pick in any::<prop::sample::Index>(), seed in 0u64..20,
                                hits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..60,
                                "[\\x00-\\x7f<>()\\[\\]:;=, \\\\n5é\u{202e}]{0,8}"), 1..12),
                                segment_bytes in 150u64..20_000, n_workers in 1usize..5) {
        let samples = samples();
        let mut bytes = match seed % 3 {
            0 => generated(30_000, 100 + seed),
            _ => fs::read(project("sample-logs").join(&samples[pick.index(samples.len())])).expect("a sample"),
        };
        bytes.truncate(60_000);
        for (at, cut, insert) in hits {
            let at = at.index(bytes.len().max(1));
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, insert.into_bytes());
        }
        check("damaged", &bytes, None, &[(segment_bytes, n_workers)]);
    }
}
