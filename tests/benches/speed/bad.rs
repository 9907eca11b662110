//! What no mail program writes, at speed: bounded memory, time by the bytes, the right message.

use crate::generator::Numbers;
use crate::run::{Cores, Run, fivefifty};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::Command;

type Fill = fn(&mut dyn Write, u64) -> std::io::Result<()>;

const KINDS: [(&str, Fill); 7] = [
    ("one line", |out, bytes| {
        out.write_all(b"Nov 17 14:51:07 mx postfix/smtp[7]: 4F1C: to=<")?;
        pieces(out, bytes, |_| b"x".to_vec())
    }),
    ("NULs", |out, bytes| pieces(out, bytes, |_| vec![0; 4096])),
    ("random bytes", |out, bytes| {
        let mut numbers = Numbers::new(550);
        pieces(out, bytes, move |_| (0..4096).map(|_| numbers.below(256) as u8).collect())
    }),
    ("only newlines", |out, bytes| pieces(out, bytes, |_| vec![b'\n'; 4096])),
    ("one queue id", |out, bytes| {
        pieces(out, bytes, |n| {
            let says = match n % 4 {
                0 => "client=app.example[10.0.0.1]".to_owned(),
                1 => format!("from=<news{n}@shop.example>, size=1, nrcpt=1 (queue active)"),
                2 => format!("message-id=<{n}@shop.example>"),
                _ => format!(
                    "to=<user{n}@example.org>, relay=mx[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=4.2.0, \
                     status=deferred (host mx[192.0.2.1] said: 450 4.2.0 later (in reply to RCPT TO command))"
                ),
            };
            format!("Nov 17 14:51:07 mx postfix/qmgr[7]: 4F1C07E1: {says}\n").into_bytes()
        })
    }),
    ("ten million live queue ids", |out, bytes| {
        pieces(out, bytes, |n| {
            format!("Nov 17 14:51:07 mx postfix/smtpd[7]: {n:012X}: client=app.example[10.0.0.1]\n")
                .into_bytes()
        })
    }),
    ("5yz replies only", |out, bytes| {
        pieces(out, bytes, |n| format!("550 5.1.1 <user{n}@example.org>: User unknown\n").into_bytes())
    }),
];

fn pieces(out: &mut dyn Write, bytes: u64, mut piece: impl FnMut(u64) -> Vec<u8>) -> std::io::Result<()> {
    let (mut written, mut n) = (0, 0);
    while written < bytes {
        let piece = piece(n);
        out.write_all(&piece)?;
        written += piece.len() as u64;
        n += 1;
    }
    Ok(())
}

/// Reads each kind at a quarter of the size and at the whole.
pub fn run(megabytes: u64) {
    println!(
        "| {megabytes} MB of | s | against a quarter | peak MiB | printed | said |\n|---|---|---|---|---|---|"
    );
    for (name, fill) in KINDS {
        let runs = [megabytes / 4, megabytes].map(|megabytes| {
            let path = crate::scratch("bad.log");
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).expect("can be written"));
            fill(&mut out, megabytes * 1_000_000).and_then(|()| out.flush()).expect("can be written");
            drop(out);
            // The first run warms the page cache.
            let run = [0, 1].map(|_| fivefifty(&path, Cores::All)).into_iter().min_by_key(|run| run.time);
            let output = Command::new(env!("CARGO_BIN_EXE_fivefifty"))
                .args(["report", "--format", "jsonl", "--year", "2026"])
                .arg(&path)
                .stdout(std::process::Stdio::null())
                .output()
                .expect("the program runs");
            crate::remove(&path);
            let said = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("-").to_owned();
            (run.expect("two runs"), said)
        });
        let (Run { time, peak_kib, lines }, said) = &runs[1];
        let said = said
            .rsplit_once("bad.log")
            .map_or(said.as_str(), |(_, said)| said.trim_start_matches(':').trim());
        println!(
            "| {name} | {:.2} | {:.1} | {} | {lines} | {said} |",
            time.as_secs_f64(),
            time.as_secs_f64() / runs[0].0.time.as_secs_f64(),
            peak_kib / 1024,
        );
    }
}
