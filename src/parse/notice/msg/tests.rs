//! `.msg` files written here from the documentation ([MS-OXMSG]), read again.

use super::compose::Info;
use super::*;
use crate::model::Action;
use std::io::{Cursor, Write as _};

/// Writes a compound file.
struct Writer(cfb::CompoundFile<Cursor<Vec<u8>>>);

impl Writer {
    fn new() -> Self {
        Self(cfb::CompoundFile::create(Cursor::new(Vec::new())).expect("a file"))
    }

    fn stream(&mut self, path: &str, bytes: &[u8]) {
        self.0.create_stream(path).expect("a stream").write_all(bytes).expect("is written");
    }

    /// The properties of an object: texts in UTF-16, and numbers.
    fn object(&mut self, path: &str, header: usize, texts: &[(u16, &str)], numbers: &[(u16, u32)]) {
        if !path.is_empty() {
            self.0.create_storage(path).expect("a storage");
        }
        let mut table = vec![0; header];
        for (id, value) in numbers {
            table.extend_from_slice(&[3, 0]);
            table.extend_from_slice(&id.to_le_bytes());
            table.extend_from_slice(&[6, 0, 0, 0]);
            table.extend_from_slice(&u64::from(*value).to_le_bytes());
        }
        self.stream(&format!("{path}/__properties_version1.0"), &table);
        for (id, text) in texts {
            let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            self.stream(&format!("{path}/__substg1.0_{id:04X}001F"), &bytes);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.flush().expect("is written");
        self.0.into_inner().into_inner()
    }
}

const WORDS: &str = "Your message did not reach some or all of the intended recipients.\r\n";

/// A report about two recipients, with the message it is about.
fn report() -> Vec<u8> {
    let mut file = Writer::new();
    file.object(
        "",
        32,
        &[
            (0x001a, "REPORT.IPM.Note.NDR"),
            (0x0037, "Undeliverable: Hello"),
            (0x0c1a, "System Administrator"),
            (0x0076, "ana@example.org"),
            (0x1001, WORDS),
            (0x6820, "dns;mbx1.example.org"),
        ],
        &[],
    );
    let recipient = "/__recip_version1.0_#0000000";
    file.object(
        &format!("{recipient}0"),
        8,
        &[
            (0x3002, "SMTP"),
            (0x3003, "gone@example.net"),
            (0x0c1b, "<mx.example.net #5.1.1 smtp;550 5.1.1 <gone@example.net>: no such user>"),
        ],
        &[(0x0c20, 511)],
    );
    file.object(
        &format!("{recipient}1"),
        8,
        &[
            (0x3002, "EX"),
            (0x3003, "/O=EXAMPLE/CN=FULL"),
            (0x39fe, "full@example.net"),
            (0x0c1b, "<mx2.example.net #5.2.2 smtp;552 5.2.2 mailbox full> #SMTP#"),
        ],
        &[],
    );
    let attachment = "/__attach_version1.0_#00000000";
    file.object(attachment, 8, &[], &[(0x3705, 5)]);
    file.object(
        &format!("{attachment}/__substg1.0_3701000D"),
        24,
        &[
            (0x001a, "IPM.Note"),
            (0x007d, "Received: from pc\r\n by mx\r\nMessage-ID: <1@example.org>\r\nContent-Type: text/plain;\r\n charset=x\r\nFrom: ana@example.org\r\n\r\n"),
            (0x0037, "Hello"),
        ],
        &[],
    );
    file.finish()
}

/// What is found, in words.
fn tell(bytes: &[u8]) -> Vec<String> {
    let mut found = Harvest::default();
    read(SourceId(7), bytes, &mut found);
    let place = Origin { source: SourceId(7), line: 1, start: 0, len: 0 };
    let evidence = found.evidence.iter().map(|e| {
        assert!(e.origins.iter().chain(e.attempts.iter().map(|a| &a.origin)).all(|origin| *origin == place));
        format!(
            "{} {} {} {} {} {} | {}",
            e.format,
            e.final_recipient.as_deref().unwrap_or("-"),
            e.reply_code.map_or("-".into(), |code| code.to_string()),
            e.enhanced_status.map_or("-".into(), |status| status.to_string()),
            e.remote_mta.as_deref().unwrap_or("-"),
            e.message_id.as_deref().unwrap_or("-"),
            e.diagnostic_code
        )
    });
    evidence.chain(found.problems.iter().map(|problem| format!("! {problem}"))).collect()
}

const GONE: &str = "dsn.rfc3464 gone@example.net 550 5.1.1 mx.example.net 1@example.org | 550 5.1.1 <gone@example.net>: no such user";
const FULL: &str =
    "dsn.rfc3464 full@example.net 552 5.2.2 mx2.example.net 1@example.org | 552 5.2.2 mailbox full";

#[test]
fn a_report_is_read() {
    assert_eq!(tell(&report()), [GONE, FULL]);
    let mut found = Harvest::default();
    read(SourceId(7), &report(), &mut found);
    let first = &found.evidence[0];
    assert_eq!(first.reporting_mta.as_deref(), Some("mbx1.example.org"));
    assert_eq!(first.action, Action::Failed);
    assert_eq!(first.reverse_path, Some(crate::smtp::ReversePath::parse("ana@example.org")));
}

#[test]
fn a_notice_that_was_received_as_mail() {
    let headers = "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.org\r\nTo: ana@example.org\r\n\
                   Subject: Returned mail\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n boundary=x\r\n\r\n";
    let words = "This is the mail system at host mx.example.org.\r\n\r\n<gone@example.net>: host mx.example.net[192.0.2.26]\r\n    said: 550 5.1.1 no such user (in reply to RCPT TO command)\r\n";
    // The words alone, then in RTF, then with the delivery status attached.
    let alone = |id: u16, text: &str| {
        let mut file = Writer::new();
        file.object("", 32, &[(0x001a, "IPM.Note"), (0x007d, headers), (id, text)], &[]);
        file.finish()
    };
    let expect = "dsn.postfix gone@example.net 550 5.1.1 mx.example.net - | 550 5.1.1 no such user";
    assert_eq!(tell(&alone(0x1000, words)), [expect]);
    let mut file = Writer::new();
    file.object("", 32, &[(0x001a, "IPM.Note"), (0x007d, headers)], &[]);
    let rtf = format!("{{\\rtf1 {}}}", words.replace("\r\n", "\\par\r\n"));
    let mut packed = vec![0; 16];
    packed[4..8].copy_from_slice(&(rtf.len() as u32).to_le_bytes());
    packed[8..12].copy_from_slice(b"MELA");
    packed.extend_from_slice(rtf.as_bytes());
    file.stream("/__substg1.0_10090102", &packed);
    assert_eq!(tell(&file.finish()), [expect]);
    let mut file = Writer::new();
    file.object("", 32, &[(0x001a, "IPM.Note"), (0x007d, headers), (0x1000, "It failed.")], &[]);
    file.object("/__attach_version1.0_#00000000", 8, &[(0x3707, "details.txt")], &[]);
    file.stream(
        "/__attach_version1.0_#00000000/__substg1.0_37010102",
        b"Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; gone@example.net\r\nAction: failed\r\n\
          Status: 5.1.1\r\nRemote-MTA: dns; mx.example.net\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n",
    );
    assert_eq!(
        tell(&file.finish()),
        ["dsn.rfc3464 gone@example.net 550 5.1.1 mx.example.net - | 550 5.1.1 no such user"]
    );
}

#[test]
fn receipts_and_other_mail_are_no_refusals() {
    for class in ["REPORT.IPM.Note.DR", "REPORT.IPM.Note.IPNRN", "IPM.Note", ""] {
        let mut file = Writer::new();
        file.object("", 32, &[(0x001a, class), (0x0037, "Hello"), (0x1000, "Lunch?")], &[]);
        file.object("/__recip_version1.0_#00000000", 8, &[(0x39fe, "b@example.net")], &[]);
        assert_eq!(tell(&file.finish()), [""; 0], "{class}");
    }
    let mut office = Writer::new();
    office.stream("/WordDocument", b"x");
    assert_eq!(tell(&office.finish()), ["! an Office file that holds no mail; it was not read"]);
    assert_eq!(tell(&MAGIC), ["! a damaged Outlook or Office file; it was not read"]);
}

#[test]
fn what_the_server_said_of_a_recipient() {
    let check = |text: &str, remote_mta: &str, status: &str, diagnostic: &str| {
        fn some(part: &str) -> Option<&str> {
            Some(part).filter(|part| !part.is_empty())
        }
        let expect =
            Info { remote_mta: some(remote_mta), status: some(status), diagnostic: some(diagnostic) };
        assert_eq!(Info::read(text), expect, "{text}");
    };
    check("<mx.example.net #5.1.1 smtp;550 5.1.1 no>", "mx.example.net", "5.1.1", "smtp;550 5.1.1 no");
    check("<#4.4.7>", "", "4.4.7", "");
    check("< #5.1.1 smtp;550 <a@example.org>... no>", "", "5.1.1", "smtp;550 <a@example.org>... no");
    check("<mx #5.0.0> #SMTP#", "mx", "5.0.0", "");
    check("550 5.1.1 no <a@example.org> #5", "", "", "550 5.1.1 no <a@example.org> #5");
    check("<ticket #7>", "", "", "<ticket #7>");
    check("", "", "", "");
}

#[test]
fn cut_anywhere() {
    let whole = report();
    let mut n_found = 0;
    for cut in (8..whole.len()).step_by(97) {
        let told = tell(&whole[..cut]);
        assert!(told.iter().any(|line| line.starts_with('!')), "{cut}: {told:?}");
        n_found += usize::from(told.iter().any(|line| line == GONE));
    }
    assert!(n_found > 0, "something is found where only the end is missing");
}

proptest::proptest! {
    #[test]
    fn damaged_files_never_panic(at in proptest::prelude::any::<proptest::sample::Index>(),
                                 more in proptest::prelude::any::<proptest::sample::Index>(),
                                 bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..12)) {
        let mut file = report();
        // The header and the tables are the most likely to lead astray.
        let at = if more.index(2) == 0 { at.index(512) } else { at.index(file.len() - bytes.len()) };
        file[at..at + bytes.len()].copy_from_slice(&bytes);
        tell(&file);
        let mut random = MAGIC.to_vec();
        random.extend_from_slice(&bytes);
        tell(&random);
    }
}
