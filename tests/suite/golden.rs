//! Every sample against its golden output in `tests/golden`, and again in other clothes: CRLF, gzip, one byte a read.
//!
//! `UPDATE_GOLDEN=1` writes the files anew; read the difference before you commit it.

use crate::read::{jsonl, project, read_bytes, samples, snapshot};
use std::fs;
use std::io::{self, Read, Write as _};
use std::path::Path;

#[test]
fn samples_give_their_golden_output() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for sample in samples() {
        let name = sample.display().to_string();
        let bytes = fs::read(project("sample-logs").join(&sample)).expect("a sample");
        let got = read_bytes(&name, bytes);
        let path = project("tests/golden").join(format!("{name}.jsonl"));
        if update {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, &got).expect("golden output");
        }
        let expect = fs::read_to_string(&path).unwrap_or_default();
        if let Some(difference) = first_difference(&expect, &got) {
            wrong.push(format!("{name}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n(UPDATE_GOLDEN=1 accepts these)", wrong.join("\n"));
}

#[test]
fn clothes_do_not_matter() {
    for sample in samples() {
        let name = sample.display().to_string();
        let bytes = fs::read(project("sample-logs").join(&sample)).expect("a sample");
        let plain = read_bytes(&name, bytes.clone());
        if bytes.starts_with(&[0x1f, 0x8b]) {
            continue;
        }
        assert_same(&name, "gzip", &plain, &read_bytes(&name, gzip(&bytes)));
        assert_same(
            &name,
            "one byte a read",
            &plain,
            &jsonl(&snapshot(&name, Dribble(io::Cursor::new(bytes.clone())))),
        );
        if !bytes.contains(&b'\r') {
            let crlf = String::from_utf8_lossy(&bytes).replace('\n', "\r\n");
            assert_same(&name, "CRLF", &plain, &read_bytes(&name, crlf.into_bytes()));
        }
    }
}

/// In this log everything was accepted; the notices beside it tell what came later.
const ACCEPTED: &str = "accepted-then-failed/mail.log";

#[test]
fn every_other_sample_holds_refusals() {
    let empty: Vec<_> = samples()
        .into_iter()
        .filter(|s| *s != Path::new(ACCEPTED))
        .filter(|s| {
            let bytes = fs::read(project("sample-logs").join(s)).expect("a sample");
            read_bytes("x", bytes).is_empty()
        })
        .collect();
    assert!(empty.is_empty(), "{empty:?} hold no refusal");
}

fn assert_same(name: &str, how: &str, plain: &str, other: &str) {
    if let Some(difference) = first_difference(plain, other) {
        panic!("{name} as {how}: {difference}");
    }
}

fn first_difference(expect: &str, got: &str) -> Option<String> {
    let (mut expected, mut found) = (expect.lines(), got.lines());
    for n in 1.. {
        match (expected.next(), found.next()) {
            (None, None) => return None,
            (e, g) if e == g => {}
            (e, g) => {
                return Some(format!(
                    "record {n}\n  expected {}\n  got      {}",
                    e.unwrap_or("-"),
                    g.unwrap_or("-")
                ));
            }
        }
    }
    None
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("compresses");
    encoder.finish().expect("ends")
}

/// Gives one byte a read.
struct Dribble<R>(R);

impl<R: Read> Read for Dribble<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match buf.first_mut() {
            Some(_) => self.0.read(&mut buf[..1]),
            None => Ok(0),
        }
    }
}
