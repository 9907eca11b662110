//! Evidence in containers gives what it gives without: compressed, in archives, in every kind of mailbox, as `.msg`.
//!
//! The containers are built here from the samples; none is kept in the repository.

use crate::read::{KNOWLEDGE, YEAR, jsonl, project, read_bytes, samples, snapshot};
use fivefifty::engine::{Engine, Input, RawOf};
use fivefifty::model::{ReadState, Snapshot};
use proptest::prelude::*;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Packs a stream.
type Pack = fn(&[u8]) -> Vec<u8>;

/// The compressed formats, with the words of a problem with them.
const STREAMS: [(&str, Pack); 4] = [("gzip", gzip), ("bzip2", bzip2), ("xz", xz), ("Zstandard", zstd)];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("compresses");
    encoder.finish().expect("ends")
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).expect("compresses");
    encoder.finish().expect("ends")
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).expect("begins");
    encoder.write_all(bytes).expect("compresses");
    encoder.finish().expect("ends")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &bytes[..]).expect("is added");
    }
    builder.into_inner().expect("ends")
}

fn zip_as(files: &[(String, Vec<u8>)], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file(name.as_str(), options).expect("begins");
        writer.write_all(bytes).expect("is added");
    }
    writer.finish().expect("ends").into_inner()
}

fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    zip_as(files, zip::CompressionMethod::Deflated)
}

fn sample(name: &Path) -> Vec<u8> {
    fs::read(project("sample-logs").join(name)).expect("a sample")
}

/// All samples, in the order in which the folder is read.
fn all_files() -> Vec<(String, Vec<u8>)> {
    samples().iter().map(|name| (name.display().to_string(), sample(name))).collect()
}

/// Reads with the engine; `then` sees it before it ends.
fn with_engine<T>(inputs: Vec<Input>, then: impl FnOnce(&Engine, &Arc<Snapshot>) -> T) -> T {
    let (ring, bell) = channel();
    let wake = Arc::new(move || {
        let _ = ring.send(());
    });
    let engine = Engine::start(Arc::clone(&KNOWLEDGE), Some(YEAR), wake);
    engine.add(inputs);
    loop {
        let snapshot = engine.snapshot();
        if snapshot.state == ReadState::Done {
            return then(&engine, &snapshot);
        }
        bell.recv_timeout(Duration::from_secs(60)).expect("the engine ends");
    }
}

/// Refusals with `root` left out of the names of their sources, and problems.
fn read_path(path: &Path, root: &str) -> (String, Vec<String>) {
    with_engine(vec![Input::Path(path.to_owned())], |_, snapshot| tell(snapshot, root))
}

fn tell(snapshot: &Snapshot, root: &str) -> (String, Vec<String>) {
    let problems = snapshot.problems.iter().map(|p| format!("{}: {}", p.source.replace(root, ""), p.problem));
    (jsonl(snapshot).replace(root, ""), problems.collect())
}

#[test]
fn clothes_of_streams_do_not_matter() {
    for name in samples() {
        let bytes = sample(&name);
        if bytes.starts_with(&[0x1f, 0x8b]) {
            continue;
        }
        let name = name.display().to_string();
        let plain = read_bytes(&name, bytes.clone());
        for (format, pack) in STREAMS {
            assert_eq!(read_bytes(&name, pack(&bytes)), plain, "{name} as {format}");
            let half =
                memchr::memchr(b'\n', &bytes[bytes.len() / 2..]).map_or(0, |at| bytes.len() / 2 + at + 1);
            let two = [pack(&bytes[..half]), pack(&bytes[half..])].concat();
            assert_eq!(read_bytes(&name, two), plain, "{name} as two streams of {format}");
        }
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read_bytes(&name, wide.clone()), plain, "{name} as UTF-16");
        let wide = [&[0xff, 0xfe], &wide[..]].concat();
        assert_eq!(read_bytes(&name, wide), plain, "{name} as UTF-16 with a mark");
    }
}

/// Leaves out where other sources tell of the same.
fn without_also(lines: &str) -> String {
    let each = lines.lines().map(|line| {
        let (before, rest) = line.split_once(",\"also\":[").expect("a key");
        format!("{before}{}\n", rest.split_once(']').expect("its end").1)
    });
    each.collect()
}

#[test]
fn archives_give_what_folders_give() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = all_files();
    let folder = dir.path().join("plain");
    for (name, bytes) in &files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
    let (expect, no_problems) = read_path(&folder, &folder.display().to_string());
    assert!(expect.lines().count() > 50 && no_problems.is_empty(), "{no_problems:?}");
    let plain = tar(&files);
    let mut archives = vec![("a.tar".to_owned(), plain.clone()), ("a.zip".to_owned(), zip(&files))];
    for (format, pack) in STREAMS {
        archives.push((format!("a.tar.{format}"), pack(&plain)));
    }
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Bzip2] {
        archives.push((format!("{method}.zip"), zip_as(&files, method)));
    }
    for (name, bytes) in archives {
        let path = dir.path().join(&name);
        fs::write(&path, bytes).expect("a file");
        let (got, problems) = read_path(&path, &path.display().to_string());
        assert!(got == expect, "{name} gives something else");
        assert_eq!(problems, no_problems, "{name}");
        // In a folder, beside another file.
        let (again, _) = read_path(dir.path(), &path.display().to_string());
        // Of two copies of a log one counts.
        assert!(without_also(&again).contains(&without_also(&expect)), "{name} in a folder");
        fs::remove_file(&path).expect("is removed");
    }
    // An archive in an archive in an archive.
    let root = dir.path().join("nest.zip");
    let inner = vec![("x.tar.zst".to_owned(), zstd(&tar(&[("y.zip".to_owned(), zip(&files))])))];
    fs::write(&root, zip(&inner)).expect("a file");
    let inside = format!("{}/x.tar.zst/y.zip", root.display());
    let (got, problems) = read_path(&root, &inside);
    assert!(got == expect, "nested archives give something else");
    assert_eq!(problems, no_problems);
}

#[test]
fn archives_come_from_standard_input() {
    let files = all_files();
    let count = |output: &[u8]| output.iter().filter(|b| **b == b'\n').count();
    let report = |input: &[u8]| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fivefifty"))
            .args(["report", "--year", "2026", "--format", "jsonl", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input).expect("is taken"));
        let output = child.wait_with_output().expect("ends");
        writer.join().expect("is written");
        (count(&output.stdout), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let expect = report(&tar(&files));
    assert!(expect.0 > 50 && expect.1.is_empty(), "{expect:?}");
    assert_eq!(report(&xz(&tar(&files))), expect);
    assert_eq!(report(&zip(&files)), expect);
    // Compressed, and no archive.
    let log = sample(Path::new("postfix/all-rows.log"));
    assert_eq!(report(&bzip2(&log)), report(&log));
}

#[test]
fn big_members_are_read_block_by_block() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = sample(Path::new("postfix/all-rows.log"));
    let big = log.repeat(3_000_000 / log.len());
    let mails = samples().into_iter().filter(|name| name.extension().is_some_and(|e| e == "eml"));
    let mails: Vec<u8> =
        mails.flat_map(|name| mbox_mail("From x Thu Jan  1 00:00:00 2026", &sample(&name))).collect();
    let files = [
        ("big.log".to_owned(), big),
        ("small.log".to_owned(), log),
        ("big.mbox".to_owned(), mails.repeat(3_000_000 / mails.len())),
    ];
    let folder = dir.path().join("plain");
    fs::create_dir(&folder).expect("a folder");
    files.iter().for_each(|(name, bytes)| fs::write(folder.join(name), bytes).expect("a file"));
    let files = [&files[0], &files[2], &files[1]].map(Clone::clone);
    let (expect, problems) = read_path(&folder, &folder.display().to_string());
    for (name, bytes) in [("b.zip", zip(&files)), ("b.tar.gz", gzip(&tar(&files)))] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("a file");
        let (got, also) = read_path(&path, &path.display().to_string());
        assert!(got == expect, "{name} gives something else");
        assert_eq!(also, problems, "{name}");
    }
}

#[test]
fn lines_of_members_are_read_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let log = Path::new("postfix/all-rows.log");
    let files = [("x.eml".to_owned(), b"no".to_vec()), ("d/a.log.gz".to_owned(), gzip(&sample(log)))];
    let inner = [("i.tar.xz".to_owned(), xz(&tar(&files)))];
    for (name, bytes) in [("r.zip", zip(&files)), ("r.tar.gz", gzip(&tar(&files))), ("n.zip", zip(&inner))] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).expect("a file");
        with_engine(vec![Input::Path(path.clone())], |engine, snapshot| {
            let wanted = RawOf::Rejection(snapshot.len() as u32 / 2);
            engine.want_raw(wanted);
            let until = Instant::now() + Duration::from_secs(20);
            let raw = loop {
                match engine.raw() {
                    Some(raw) => break raw,
                    None if Instant::now() < until => std::thread::sleep(Duration::from_millis(5)),
                    None => panic!("{name}: no lines come"),
                }
            };
            assert_eq!(raw.problem, None, "{name}");
            let deciding = raw.lines.iter().find(|line| line.deciding).expect("a deciding line");
            let text = String::from_utf8(sample(log)).expect("text");
            assert_eq!(
                Some(deciding.text.as_str()),
                text.lines().nth(deciding.number as usize - 1),
                "{name}"
            );
            fs::remove_file(&path).expect("is removed");
        });
    }
}

#[test]
fn cut_archives_give_what_is_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    let names: Vec<_> = samples().into_iter().filter(|name| name.starts_with("notices")).take(8).collect();
    let files: Vec<_> = names.iter().map(|name| (name.display().to_string(), sample(name))).collect();
    let path = dir.path().join("cut");
    let root = path.display().to_string();
    for (kind, bytes) in [("tar", tar(&files)), ("zip", zip(&files)), ("tar.bz2", bzip2(&tar(&files)))] {
        fs::write(&path, &bytes).expect("a file");
        let (whole, _) = read_path(&path, &root);
        let mut most = 0;
        for tenth in 1..10 {
            fs::write(&path, &bytes[..bytes.len() * tenth / 10]).expect("a file");
            let (got, problems) = read_path(&path, &root);
            assert!(!problems.is_empty(), "{kind} cut at {tenth} tenths: no problem is told");
            let n_same = got.lines().zip(whole.lines()).take_while(|(a, b)| a == b).count();
            // A mail that was cut may still say who was refused.
            assert!(n_same + 1 >= got.lines().count(), "{kind} cut at {tenth} tenths\n{got}");
            most = most.max(n_same);
        }
        // A bzip2 block is whole or not there at all.
        assert!(most > 3 || kind == "tar.bz2", "{kind}: {most}");
    }
    for (format, pack) in STREAMS {
        let log = long_log();
        let packed = pack(&log);
        let cut = snapshot("cut.log", Cursor::new(packed[..packed.len() / 2].to_vec()));
        let problems: Vec<_> = cut.problems.iter().map(|p| p.problem.message.clone()).collect();
        assert_eq!(problems, [format!("the {format} data ends early; what came before was read")]);
        assert!(cut.len() > 100, "{format}: {}", cut.len());
    }
}

/// A log of two megabytes that packs badly, as those of busy hosts do.
fn long_log() -> Vec<u8> {
    let mut seed = 1u64;
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        seed >> 16
    };
    let line = |id: u64, a: u64, b: u64| {
        format!(
            "Nov 17 14:51:07 out1 postfix/smtp[930]: {id:012X}: to=<{a:x}{b:x}@example.net>, relay=mx.example.net\
             [192.0.2.26]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.26] \
             said: 550 5.1.1 {b:x} User unknown (in reply to RCPT TO command))\n"
        )
    };
    (0..8_000).flat_map(|_| line(next(), next(), next()).into_bytes()).collect()
}

#[test]
fn bombs_and_deep_nests_end() {
    let dir = tempfile::tempdir().expect("a folder");
    let good = ("good.log".to_owned(), sample(Path::new("postfix/relay-denied.log")));
    // Two gigabytes of zeros, in two layers.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 2 << 30), &mut encoder).expect("compresses");
    let bomb = ("bomb.gz".to_owned(), encoder.finish().expect("ends"));
    let path = dir.path().join("bomb.zip");
    fs::write(&path, zip(&[good.clone(), bomb])).expect("a file");
    let (got, problems) = read_path(&path, &path.display().to_string());
    assert!(!got.is_empty(), "what came before is read");
    // Nobody reads on what is no text, so it is not unpacked either. Bounds of what is read have tests of their own.
    assert_eq!(problems, ["/bomb.gz: no text: neither a log nor a mail; it was not read"]);
    let nest = (0..6)
        .fold(tar(std::slice::from_ref(&good)), |inner, n| tar(&[(format!("{n}.tar"), inner), good.clone()]));
    let path = dir.path().join("nest.tar");
    fs::write(&path, nest).expect("a file");
    let (got, problems) = read_path(&path, &path.display().to_string());
    assert!(!got.is_empty());
    assert_eq!(
        problems,
        ["/5.tar/4.tar/3.tar: an archive within 3 others was not opened; unpack it yourself first"]
    );
}

#[test]
fn archives_without_mail_say_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let table = [
        (
            zip(&[("todo.txt".to_owned(), b"buy milk\n".to_vec())]),
            "no mail log, transcript or notice was recognised in this archive",
        ),
        (zip(&[]), "the archive is empty"),
    ];
    for (bytes, expect) in table {
        let path = dir.path().join("a.zip");
        fs::write(&path, bytes).expect("a file");
        let (_, problems) = read_path(&path, &path.display().to_string());
        assert_eq!(problems, [format!(": {expect}")]);
    }
}

/// A mail behind its separator, with a blank line at its end.
fn mbox_mail(separator: &str, mail: &[u8]) -> Vec<u8> {
    let ended: &[u8] = if mail.ends_with(b"\n") { b"" } else { b"\n" };
    [separator.as_bytes(), b"\n", mail, ended, b"\n"].concat()
}

/// Recipients and what was said of them.
fn refused(jsonl: &str) -> Vec<String> {
    let value = |line: &str, name: &str| {
        let record: serde_json::Value = serde_json::from_str(line).expect("JSON");
        record[name].to_string()
    };
    jsonl
        .lines()
        .map(|line| {
            ["final_recipient", "diagnostic_code", "message_id", "time"]
                .map(|name| value(line, name))
                .join(" ")
        })
        .collect()
}

#[test]
fn every_kind_of_mailbox() {
    let names: Vec<_> =
        samples().into_iter().filter(|name| name.extension().is_some_and(|e| e == "eml")).collect();
    let mails: Vec<Vec<u8>> = names.iter().map(|name| sample(name)).collect();
    let expect: Vec<String> = mails.iter().flat_map(|mail| refused(&read_bytes("x", mail.clone()))).collect();
    assert!(expect.len() > 10);
    let date = "Thu Jan  1 00:00:00 2026";
    let check = |how: &str, mailbox: Vec<u8>| {
        assert_eq!(refused(&read_bytes("x.mbox", mailbox.clone())), expect, "{how}");
        let crlf = String::from_utf8_lossy(&mailbox).replace("\r\n", "\n").replace('\n', "\r\n");
        // Lengths are those of the other line ends.
        if how != "mboxcl2" {
            assert_eq!(refused(&read_bytes("x.mbox", crlf.into_bytes())), expect, "{how}, CRLF");
        }
    };
    let join = |separator: &str| mails.iter().flat_map(|m| mbox_mail(separator, m)).collect::<Vec<u8>>();
    check("mboxrd", join(&format!("From MAILER-DAEMON {date}")));
    check(
        "Thunderbird",
        join(&format!("From - {date}\nX-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000")),
    );
    let mailbox = join(&format!("From MAILER-DAEMON {date}"));
    let first_line = memchr::memchr(b'\n', &mailbox).expect("a line") + 1;
    check("without its first line", mailbox[first_line..].to_vec());
    // With lengths, and a line in each mail that looks like the beginning of another.
    let with_length = |mail: &Vec<u8>, by: i64| {
        let text = String::from_utf8_lossy(mail).replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").expect("a head and a body");
        let body = format!("{body}\n\nFrom nobody {date}\nSubject: x\nTo: y\n\nFrom nobody {date}\n");
        let len = body.len() as i64 + by;
        mbox_mail(
            &format!("From MAILER-DAEMON {date}"),
            format!("{head}\nContent-Length: {len}\n\n{body}").as_bytes(),
        )
    };
    check("mboxcl2", mails.iter().flat_map(|mail| with_length(mail, 0)).collect());
    // Wrong lengths are of no use: then separators count, as in any mailbox.
    for by in [-7, 40, 1_000_000_000] {
        let mailbox: Vec<u8> = mails.iter().flat_map(|mail| with_length(mail, by)).collect();
        let got = refused(&read_bytes("x.mbox", mailbox));
        assert_eq!(got, expect, "lengths wrong by {by}");
    }
}

#[test]
fn one_mail_a_file() {
    let dir = tempfile::tempdir().expect("a folder");
    let names: Vec<_> =
        samples().into_iter().filter(|name| name.extension().is_some_and(|e| e == "eml")).collect();
    let expect: Vec<String> = names.iter().flat_map(|name| refused(&read_bytes("x", sample(name)))).collect();
    for kind in ["mh", "Maildir", "emlx"] {
        let folder = dir.path().join(kind);
        fs::create_dir_all(folder.join("cur")).expect("a folder");
        for (n, name) in names.iter().enumerate() {
            let mail = sample(name);
            let (file, bytes) = match kind {
                "mh" => (format!("{n:03}"), mail),
                "Maildir" => (format!("cur/17949{n:05}.M1P2.mx:2,S"), mail),
                _ => {
                    let list = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict/></plist>\n";
                    let length = format!("{:<10}\n", mail.len());
                    (format!("{n:03}.emlx"), [length.as_bytes(), &mail, list].concat())
                }
            };
            fs::write(folder.join(file), bytes).expect("a file");
        }
        fs::write(folder.join(".mh_sequences"), "unseen: 1-3\n").expect("a file");
        let (got, problems) = read_path(&folder, &folder.display().to_string());
        assert_eq!(refused(&got), expect, "{kind}");
        assert_eq!(problems, [""; 0], "{kind}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Random bytes behind what each container begins with.
    #[test]
    fn random_bytes_behind_each_magic(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        const MAGICS: [&[u8]; 8] = [
            &[0x1f, 0x8b, 8, 0],
            b"BZh91AY&SY",
            &[0xfd, b'7', b'z', b'X', b'Z', 0],
            &[0x28, 0xb5, 0x2f, 0xfd],
            b"PK\x03\x04",
            &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1],
            &[0xff, 0xfe],
            b"123\nFrom: a\nTo: b\n\n",
        ];
        let inputs = MAGICS.iter().map(|magic| {
            Input::Named { name: "x".into(), bytes: [magic, &bytes[..]].concat().into() }
        });
        with_engine(inputs.collect(), |_, snapshot| {
            let panicked = snapshot.problems.iter().find(|p| p.problem.message.contains("mistake in fivefifty"));
            assert!(panicked.is_none(), "{panicked:?}");
        });
    }
}
