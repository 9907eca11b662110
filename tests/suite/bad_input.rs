//! Input that is broken, hostile or no mail at all: a clear message with the name, the rest of the job done.

use crate::read::{jsonl, project, snapshot};
use proptest::prelude::*;
use std::fs;
use std::io::{Cursor, Write as _};
use std::process::{Command, Output};

fn report(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fivefifty")).arg("report").args(args).output().expect("the program runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A good log, to see that the rest of the job is done.
const GOOD: &str = "Nov 17 14:51:07 out1 postfix/smtp[930]: 4F1C2A0B: to=<a@example.net>, relay=mx.example.net\
    [192.0.2.26]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, status=bounced (host mx.example.net[192.0.2.26] said: \
    550 5.1.1 <a@example.net> User unknown (in reply to RCPT TO command))\n";

#[test]
fn a_log_behind_any_number_of_blank_lines_is_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("mail.log");
    fs::write(&path, format!("{}{GOOD}", "\n".repeat(200_000))).expect("a file");
    let output = report(&["--format", "jsonl", &path.display().to_string()]);
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(line.contains(r#""line":200001,"#) && line.lines().count() == 1, "{line}{}", stderr(&output));
}

#[test]
fn each_bad_input_is_named_and_the_rest_is_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name).display().to_string();
    fs::write(path("good.log"), GOOD).expect("a file");
    fs::write(path("empty.log"), "").expect("a file");
    fs::write(path("picture.png"), [0x89, b'P', b'N', b'G', 0, 0, 0, 1, 2, 3, 0, 0xff, 0xfe].repeat(50))
        .expect("a file");
    fs::create_dir(path("nothing")).expect("a folder");
    fs::create_dir(path("no-mail")).expect("a folder");
    fs::write(path("no-mail/todo.txt"), "buy milk\n").expect("a file");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for n in 0..5000 {
        writeln!(gz, "{} {n}", GOOD.trim_end()).expect("compresses");
    }
    let gz = gz.finish().expect("ends");
    fs::write(path("cut.log.gz"), &gz[..gz.len() / 2]).expect("a file");
    let table = [
        ("empty.log", "the file is empty"),
        ("picture.png", "no text"),
        ("nothing", "the folder is empty"),
        ("no-mail", "no mail log, transcript or notice was recognised"),
        ("cut.log.gz", "the gzip data ends early; what came before was read"),
        ("missing.log", "there is no such file"),
    ];
    for (name, expect) in table {
        let output = report(&["--year", "2026", "--format", "jsonl", &path(name), &path("good.log")]);
        let said = stderr(&output);
        assert!(said.contains(expect) && said.contains(name), "{name}: {said}");
        assert!(output.status.success(), "{name}: {:?}", output.status);
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("good.log"),
            "{name}: the rest was not read"
        );
        let strict = report(&["--strict", &path(name), &path("good.log")]);
        assert_eq!(strict.status.code(), Some(1), "{name}: --strict");
    }
    let alone = report(&[&path("missing.log")]);
    assert_eq!(alone.status.code(), Some(2), "nothing could be read");
}

#[test]
#[cfg(unix)]
fn no_permission_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("secret.log");
    fs::write(&path, GOOD).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("permissions");
    if fs::read(&path).is_ok() {
        eprintln!("skipped: this user may read everything (root)");
        return;
    }
    let output = report(&[&path.display().to_string()]);
    assert!(stderr(&output).contains("no permission to read it"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_line_of_a_hundred_megabytes_is_cut_and_the_next_is_read() {
    let mut bytes = GOOD.as_bytes().to_vec();
    bytes.extend_from_slice(&b"Nov 17 14:51:08 out1 postfix/smtp[930]: "[..]);
    bytes.resize(bytes.len() + 100_000_000, b'x');
    bytes.push(b'\n');
    bytes.extend_from_slice(GOOD.replace("4F1C2A0B", "5F1C2A0B").as_bytes());
    let snapshot = snapshot("long.log", Cursor::new(bytes));
    assert_eq!(snapshot.len(), 2);
    assert!(snapshot.problems.iter().any(|p| p.problem.to_string().starts_with("line 2: a line of over")));
}

#[test]
fn a_file_removed_while_it_is_read_ends_well() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("gone.log");
    fs::write(&path, GOOD.repeat(1000)).expect("a file");
    let file = fs::File::open(&path).expect("opens");
    fs::remove_file(&path).expect("is removed");
    assert_eq!(snapshot("gone.log", file).len(), 1000);
}

#[test]
fn hostile_reply_text_is_escaped_in_the_report() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("evil.log");
    fs::write(&path, GOOD.replace("User unknown", "User \u{202e}nwonknu\u{1b}[2J")).expect("a file");
    let path = path.display().to_string();
    for format in ["text", "md"] {
        let output = report(&["--year", "2026", "--format", format, &path]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("nwonknu"), "{format}: {text}");
        assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}'), "{format}: {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Arbitrary bytes give a result, never a panic, and every place is inside the source.
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        check_places(bytes);
    }

    /// Damaged samples are more likely to get deep into a grammar.
    #[test]
    fn damaged_samples_never_panic(pick in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
                                   cut in 0usize..40, insert in "[\\x00-\\x7f<>()\\[\\]:;=, \\\\n5é\u{202e}]{0,12}") {
        let samples = crate::read::samples();
        let sample = &samples[pick.index(samples.len())];
        let mut bytes = fs::read(project("sample-logs").join(sample)).expect("a sample");
        bytes.truncate(40_000);
        let at = at.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, insert.into_bytes());
        check_places(bytes);
    }
}

fn check_places(bytes: Vec<u8>) {
    let len = bytes.len() as u64;
    let plain = !bytes.starts_with(&[0x1f, 0x8b])
        && !bytes.starts_with(&[0xff, 0xfe])
        && !bytes.starts_with(&[0xfe, 0xff]);
    let snapshot = snapshot("x", Cursor::new(bytes));
    jsonl(&snapshot);
    if plain {
        for (_, rejection) in snapshot.iter() {
            for origin in rejection.evidence.origins() {
                assert!(
                    origin.start + u64::from(origin.len) <= len && origin.line >= 1,
                    "{origin:?} of {len}"
                );
            }
        }
    }
}
