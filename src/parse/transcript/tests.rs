//! Whole sessions of many clients, as small as the point allows.

use super::read;
use crate::model::{Harvest, SourceId};

/// One line for each refusal: format, codes, stage (`?` if inferred), recipient, lines of the reply.
fn told(text: &str) -> String {
    let mut out = Harvest::default();
    let n = read(SourceId(0), text.as_bytes(), 1, 0, &mut out);
    assert_eq!(n, out.evidence.len());
    let mut lines: Vec<String> = out
        .evidence
        .iter()
        .map(|e| {
            let first = e.origins[0];
            let span = &text.as_bytes()[first.start as usize..][..first.len as usize];
            let code = e.reply_code.map_or("-".into(), |c| c.to_string());
            assert!(e.reply_code.is_none() || String::from_utf8_lossy(span).contains(&code), "{first:?}");
            assert_eq!(e.attempts.len(), 1);
            format!(
                "{} {code} {} {}{} {} {}",
                e.format.trim_start_matches("transcript."),
                e.enhanced_status.map_or("-".into(), |s| s.to_string()),
                e.stage.name(),
                if e.stage_inferred { "?" } else { "" },
                e.final_recipient.as_deref().unwrap_or("-"),
                e.diagnostic_code.lines().count(),
            )
        })
        .collect();
    if !out.accepted.is_empty() {
        lines.push(format!("accepted {:?}", out.accepted));
    }
    lines.join("\n")
}

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(told(text), expect, "{text}");
}

#[test]
fn swaks() {
    check(
        "=== Trying mx.example.net:25...\n=== Connected to mx.example.net.\n<-  220 mx.example.net ESMTP\n -> EHLO c.example.org\n\
         <-  250-mx.example.net\n<-  250 HELP\n -> MAIL FROM:<s@example.org>\n<-  250 ok\n -> RCPT TO:<a@example.net>\n\
         <** 550-5.1.1 no\n<** 550 5.1.1 such user\n -> QUIT\n<-  221 bye\n=== Connection closed with remote host.\n",
        "swaks 550 5.1.1 rcpt_to a@example.net 2",
    );
    // Over TLS, quoted in a mail.
    check(
        "> <~  220 mx.example.net\n>  ~> EHLO c\n> <~  250 ok\n>  ~> MAIL FROM:<s@example.org>\n> <~* 550 5.7.1 no\n>  ~> QUIT\n",
        "swaks 550 5.7.1 mail_from - 1",
    );
    // Content that looks like a reply and like a command.
    check(
        "<-  220 mx.example.net\n -> EHLO c\n<-  250 ok\n -> MAIL FROM:<s@example.org>\n<-  250 ok\n -> RCPT TO:<a@example.net>\n\
         <-  250 ok\n -> DATA\n<-  354 go\n -> Subject: hi\n -> \n -> 550 5.1.1 no such user\n -> RCPT TO:<x@example.net>\n -> .\n\
         <** 554 5.7.1 spam\n -> QUIT\n<-  221 bye\n",
        "swaks 554 5.7.1 end_of_data a@example.net 1",
    );
}

#[test]
fn swaks_that_shows_errors_only() {
    let head = "=== Connected to mx.example.net.\n -> EHLO c.example.org\n -> MAIL FROM:<s@example.org>\n";
    check(
        &format!("{head} -> RCPT TO:<a@example.net>\n<** 550 5.1.1 no\n -> QUIT\n"),
        "swaks 550 5.1.1 rcpt_to a@example.net 1",
    );
    check(
        &format!(
            "{head} -> RCPT TO:<a@example.net>\n<** 554 5.7.1 no\n -> RCPT TO:<b@example.net>\n \
             -> RCPT TO:<c@example.net>\n<** 550 no\n -> QUIT\n"
        ),
        "swaks 554 5.7.1 rcpt_to a@example.net 1\nswaks 550 - rcpt_to c@example.net 1\n\
         accepted {\"example.net\": 1}",
    );
    check(
        "<** 550 5.1.1 <a@example.net>: Recipient address rejected\n",
        "swaks 550 5.1.1 rcpt_to? a@example.net 1",
    );
}

/// Columns of the program's own before the arrow or the label; which side speaks is learned.
#[test]
fn columns_of_servers_and_programs() {
    let session = [
        (false, "220 mx.example.net ESMTP"),
        (true, "EHLO c.example.org"),
        (false, "250 ok"),
        (true, "MAIL FROM:<s@example.org>"),
        (false, "250 ok"),
        (true, "RCPT TO:<a@example.net>"),
        (false, "550 5.1.1 <a@example.net>: no, never"),
        (true, "QUIT"),
    ];
    type Columns = fn(bool, &str) -> String;
    let columns: [Columns; 8] = [
        |client, text| {
            format!(
                "192.0.2.9 [1A2C] Thu, 17 Nov 2026 14:51:07 +0200 {} {text}",
                if client { "<<<" } else { ">>>" }
            )
        },
        |client, text| {
            let side = if client { "SENT" } else { "RECEIVED" };
            format!("\"SMTPC\"\t12\t7\t\"2026-11-17 14:51:07.123\"\t\"192.0.2.9\"\t\"{side}: {text}\"")
        },
        |client, text| {
            format!("Tue 2026-11-17 14:51:07.123: [1234:1] {} {text}", if client { "-->" } else { "<--" })
        },
        |client, text| {
            let text = if text.contains(',') { format!("\"{text}\"") } else { text.to_owned() };
            let event = if client { ">" } else { "<" };
            format!("2026-11-17T14:51:07.123Z,Out,08D1,1,192.0.2.3:1,192.0.2.9:25,{event},{text},")
        },
        |client, text| format!("mailnews.smtp: {}: {text}", if client { "C" } else { "S" }),
        |client, text| {
            let side = if client { "Send" } else { "Response" };
            format!("2026-11-17 14:51:07.123456 UTC - 1234[7f]: SMTP {side}: {text}")
        },
        |client, text| format!("[2026-11-17 14:51:07] 4{} {text}", if client { ">" } else { "<" }),
        |client, text| format!("SMTP-OUT: 00000022: {} {text}", if client { ">>" } else { "<<" }),
    ];
    for column in columns {
        let text: String = session.iter().map(|(client, text)| column(*client, text) + "\n").collect();
        check(&text, "other 550 5.1.1 rcpt_to a@example.net 1");
    }
}

/// Exchange's SmtpReceive log: the program has sent the reply.
#[test]
fn a_servers_own_log() {
    let columns = "2026-11-17T14:51:07.123Z,In,08D1,1,192.0.2.3:25,192.0.2.9:1";
    let text = format!(
        "{columns},<,EHLO c.example.org,\n{columns},>,250 ok,\n{columns},<,MAIL FROM:<s@example.org>,\n\
         {columns},>,250 ok,\n{columns},<,RCPT TO:<a@example.net>,\n{columns},>,550 5.7.54 SMTP; Unable to relay,\n"
    );
    let mut out = Harvest::default();
    read(SourceId(0), text.as_bytes(), 1, 0, &mut out);
    let told: Vec<_> = out
        .evidence
        .iter()
        .map(|e| (e.direction, e.final_recipient.as_deref(), e.remote_mta.as_deref()))
        .collect();
    assert_eq!(told, [(crate::model::Direction::Incoming, Some("a@example.net"), Some("c.example.org"))]);
}

#[test]
fn remarks_of_javamail_are_no_commands() {
    check(
        "DEBUG SMTP: connected to host \"mx.example.net\", port: 25\n220 mx.example.net\nEHLO c\n250 ok\n\
         DEBUG SMTP: AUTH LOGIN command trace suppressed\nDEBUG SMTP: AUTH LOGIN succeeded\n\
         MAIL FROM:<s@example.org>\n250 ok\nRCPT TO:<a@example.net>\n550 5.1.1 no\nRSET\n250 ok\n",
        "other 550 5.1.1 rcpt_to a@example.net 1",
    );
}

#[test]
fn what_tools_say_after_a_reply_is_no_part_of_it() {
    let session = "220 mx\nEHLO c\n250 ok\nMAIL FROM:<s@example.org>\n250 ok\nRCPT TO:<a@example.net>\n\
                   550 5.1.1 <a@example.net>: Recipient address rejected: User unknown\n";
    let mut out = Harvest::default();
    for remark in ["read R BLOCK", "read:errno=0", "closed", "/home/u/dead.letter... Saved message"] {
        read(SourceId(0), format!("{session}{remark}\n").as_bytes(), 1, 0, &mut out);
    }
    assert_eq!(out.evidence.len(), 4);
    assert!(out.evidence.iter().all(|e| e.diagnostic_code.ends_with("User unknown")));
}

#[test]
fn servers_that_repeat_a_credential() {
    for session in [
        "220 mx\nEHLO c\n250 ok\nAUTH PLAIN AGRlbW8Ac2VjcmV0\n535 5.7.8 bad AGRlbW8Ac2VjcmV0\n",
        "220 mx\nEHLO c\n250 ok\nAUTH PLAIN\n334 \nAGRlbW8Ac2VjcmV0\n535 5.7.8 bad AGRlbW8Ac2VjcmV0\n",
        " Out: 220 mx\n In:  EHLO c\n Out: 250 ok\n In:  AUTH PLAIN AGRlbW8Ac2VjcmV0\n Out: 535 5.7.8 bad AGRlbW8Ac2VjcmV0\n",
        "send: 'AUTH PLAIN AGRlbW8Ac2VjcmV0\\r\\n'\nreply: b'535 5.7.8 bad AGRlbW8Ac2VjcmV0\\r\\n'\n",
    ] {
        let mut out = Harvest::default();
        read(SourceId(0), session.as_bytes(), 1, 0, &mut out);
        let told: Vec<_> = out.evidence.iter().map(|e| &*e.diagnostic_code).collect();
        assert_eq!(told, ["535 5.7.8 bad ••••"], "{session}");
    }
}

#[test]
fn curl() {
    check(
        "* Connected to mx.example.net (192.0.2.1) port 25\n< 220 mx.example.net\n> EHLO c\n< 250 ok\n> MAIL FROM:<s@example.org>\n\
         < 250 ok\n> RCPT TO:<a@example.net>\n< 550 5.1.1 no\n* RCPT failed: 550\n> QUIT\n< 221 bye\ncurl: (55) RCPT failed: 550\n",
        "curl 550 5.1.1 rcpt_to a@example.net 1",
    );
    check("curl: (55) RCPT failed: 550\n", "other 550 - rcpt_to - 1");
}

#[test]
fn python() {
    check(
        "send: 'rcpt TO:<a@example.net>\\r\\n'\nreply: b'550 5.1.1 it\\'s off\\r\\n'\nreply: retcode (550); Msg: b'5.1.1 it\\'s off'\n\
         smtplib.SMTPRecipientsRefused: {'a@example.net': (550, b\"5.1.1 it's off\")}\n",
        "smtplib 550 5.1.1 rcpt_to a@example.net 1",
    );
    // Only the second telling was kept.
    check(
        "send: 'ehlo c\\r\\n'\nreply: retcode (250); Msg: b'ok'\nsend: 'mail FROM:<s@example.org>\\r\\n'\n\
         reply: retcode (550); Msg: b'5.7.1 no'\n",
        "smtplib 550 5.7.1 mail_from - 1",
    );
    check(
        "Traceback (most recent call last):\n  File \"x.py\", line 550, in <module>\nsmtplib.SMTPRecipientsRefused: \
         {'a@example.net': (550, b'5.1.1 no'), 'b@example.net': (550, b'5.1.1 no')}\n",
        "other 550 5.1.1 rcpt_to a@example.net 1\nother 550 5.1.1 rcpt_to b@example.net 1",
    );
    check("smtplib.SMTPAuthenticationError: (535, b'5.7.8 no')\n", "other 535 5.7.8 auth - 1");
}

#[test]
fn nodemailer() {
    check(
        "[12:00:00 DEBUG] [abc123xyz] C: RCPT TO:<a@example.net>\n[12:00:00 DEBUG] [abc123xyz] S: 550 5.1.1 no\n\
         Error: Can't send mail - all recipients were rejected: 550 5.1.1 no\n    at f (/x.js:550:5)\n{\n  response: '550 5.1.1 no',\n\
         responseCode: 550,\n  command: 'RCPT TO'\n}\n",
        "nodemailer 550 5.1.1 rcpt_to a@example.net 1",
    );
    check(
        "{\n  code: 'EENVELOPE',\n  response: '550-5.1.1 no\\n' +\n    '550 5.1.1 such user',\n  responseCode: 550,\n\
         command: 'RCPT TO',\n  rejected: [ 'a@example.net' ]\n}\n",
        "other 550 5.1.1 rcpt_to a@example.net 2",
    );
}

#[test]
fn php() {
    check(
        "2026-11-24 17:17:07\tCLIENT -> SERVER: RCPT TO:<a@example.net>\n2026-11-24 17:17:07\tSERVER -> CLIENT: 550-5.1.1 no\n\
         \t\t550 5.1.1 such user\n2026-11-24 17:17:07\tSMTP ERROR: RCPT TO command failed: 550-5.1.1 no\n\t\t550 5.1.1 such user\n",
        "phpmailer 550 5.1.1 rcpt_to a@example.net 2",
    );
    check(
        "Mailer Error: SMTP Error: data not accepted. SMTP server error: DATA END command failed Detail: no DMARC\n \
         SMTP code: 550 Additional SMTP info: 5.7.26\n",
        "other 550 5.7.26 end_of_data - 1",
    );
    check(
        "SMTP -> FROM SERVER:220 mx.example.net\nCLIENT -> SMTP: EHLO c\nSMTP -> FROM SERVER:250 ok\nCLIENT -> SMTP: MAIL FROM:<s@example.org>\n\
         SMTP -> FROM SERVER:550 5.7.1 no\n",
        "other 550 5.7.1 mail_from - 1",
    );
    check(
        "Expected response code \"250/251/252\" but got code \"550\", with message \"550 5.1.1 <a@example.net>: User unknown\".\n",
        "other 550 5.1.1 rcpt_to? a@example.net 1",
    );
}

#[test]
fn typed_sessions() {
    check(
        "Trying 192.0.2.1...\nConnected to mx.example.net.\nEscape character is '^]'.\n220 mx.example.net ESMTP\nHELO c\n250 ok\n\
         MAIL FROM: s@example.org\n250 ok\nRCPT TO: a@example.net\n550 5.1.1 no\nQUIT\n221 bye\nConnection closed by foreign host.\n",
        "other 550 5.1.1 rcpt_to a@example.net 1",
    );
    check(
        "220 mx.example.net\nEHLO c\n250 ok\nMAIL FROM:<s@example.org>\n250 ok\nRCPT TO:<a@example.net>\n250 ok\nDATA\n354 go\n\
         Subject: x\n\n550 people came\n.\n550 5.7.1 spam\n",
        "other 550 5.7.1 end_of_data a@example.net 1",
    );
    // Replies only.
    check(
        "220 mx.example.net ESMTP\n250-mx.example.net\n250 HELP\n250 2.1.0 ok\n550 5.1.1 <a@example.net>: Recipient address rejected\n221 bye\n",
        "other 550 5.1.1 rcpt_to? a@example.net 1",
    );
    check(
        "220 mx.example.net ESMTP\n250 mx.example.net\n250 2.1.0 ok\n250 2.1.5 ok\n354 go\n550 5.7.1 refused\n221 bye\n",
        "other 550 5.7.1 end_of_data? - 1",
    );
    // Commands in a burst, replies later.
    check(
        "EHLO c\nMAIL FROM:<s@example.org>\nRCPT TO:<a@example.net>\nRCPT TO:<b@example.net>\nQUIT\n220 mx.example.net\n250 ok\n\
         250 ok\n550 5.1.1 no\n250 ok\n221 bye\n",
        "other 550 5.1.1 rcpt_to a@example.net 1\naccepted {\"example.net\": 1}",
    );
}

#[test]
fn arrows_of_any_meaning() {
    check(
        ">>> 220 mx.example.net\n<<< EHLO c\n>>> 250 ok\n<<< MAIL FROM:<s@example.org>\n>>> 250 ok\n<<< RCPT TO:<a@example.net>\n>>> 550 5.1.1 no\n",
        "sendmail 550 5.1.1 rcpt_to a@example.net 1",
    );
    check(
        "S: 220 mx.example.net\nC: EHLO c\nS: 250 ok\nC: MAIL FROM:<s@example.org>\nS: 553 5.1.8 no\nC: QUIT\nS: 221 bye\n",
        "other 553 5.1.8 mail_from - 1",
    );
    check(
        "<-- 220 mx.example.net\n--> EHLO c\n<-- 250 ok\n--> MAIL FROM:<s@example.org>\n<-- 250 ok\n--> RCPT TO:<a@example.net>\n\
         <-- 550 5.1.1 no\nmsmtp: recipient address a@example.net not accepted by the server\nmsmtp: server message: 550 5.1.1 no\n",
        "other 550 5.1.1 rcpt_to a@example.net 1",
    );
    check(
        "Connecting to mx.example.net [192.0.2.1]:25 ... connected\n  SMTP<< 220 mx.example.net\n  SMTP>> EHLO c\n  SMTP<< 250 ok\n\
         SMTP>> MAIL FROM:<s@example.org>\n  SMTP>> RCPT TO:<a@example.net>\n  SMTP>> DATA\n  SMTP<< 250 ok\n  SMTP<< 550 5.1.1 no\n\
         SMTP<< 503 5.5.1 no valid recipients\n  SMTP>> QUIT\n",
        "other 550 5.1.1 rcpt_to a@example.net 1",
    );
    check(
        "   ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n>>> RCPT To:<a@example.net>\n\
         <<< 550 5.1.1 no\n550 5.1.1 <a@example.net>... User unknown\n>>> DATA\n<<< 503 5.5.1 need RCPT\n",
        "sendmail 550 5.1.1 rcpt_to a@example.net 1",
    );
    check(
        "Transcript of session follows.\n\n Out: 220 mx.example.org ESMTP Postfix\n In:  EHLO c.example.net\n Out: 250 ok\n\
         In:  MAIL FROM:<s@example.net>\n Out: 250 2.1.0 Ok\n In:  RCPT TO:<a@example.org>\n Out: 554 5.7.1 <a@example.org>: Relay access denied\n",
        "postfix 554 5.7.1 rcpt_to a@example.org 1",
    );
    check(
        "-> \"220 mx.example.net\\r\\n\"\n<- \"EHLO c\\r\\n\"\n-> \"250 ok\\r\\n\"\n<- \"MAIL FROM:<s@example.org>\\r\\n\"\n-> \"550 5.7.1 no\\r\\n\"\n\
         Net::SMTPFatalError: 550 5.7.1 no\n",
        "other 550 5.7.1 mail_from - 1",
    );
    check(
        "DEBUG SMTP: connected to host \"mx.example.net\", port: 25\n220 mx.example.net\nEHLO c\n250 ok\nMAIL FROM:<s@example.org>\n250 ok\n\
         RCPT TO:<a@example.net>\n550 5.1.1 no\nDEBUG SMTP: Invalid Addresses\nQUIT\n221 bye\n\
         com.sun.mail.smtp.SMTPAddressFailedException: 550 5.1.1 no\n",
        "other 550 5.1.1 rcpt_to a@example.net 1",
    );
}

#[test]
fn error_messages_alone() {
    check(
        "msmtp: recipient address a@example.net not accepted by the server\nmsmtp: server message: 550-5.1.1 no\n\
         msmtp: server message: 550 5.1.1 such user\n",
        "other 550 5.1.1 rcpt_to? - 2",
    );
}

#[test]
fn one_refusal_or_several() {
    let start = "S: 220 mx.example.net\nC: EHLO c\nS: 250 ok\nC: MAIL FROM:<s@example.org>\nS: 250 ok\n";
    let several = format!(
        "{start}C: RCPT TO:<a@example.net>\nS: 550 5.1.1 no\nC: RCPT TO:<b@example.net>\nS: 250 ok\nC: RCPT TO:<c@example.org>\nS: 451 4.7.1 later\n\
         C: DATA\nS: 354 go\nC: Subject: x\nC: \nC: .\nS: 250 queued\nC: QUIT\nS: 221 bye\n"
    );
    check(
        &several,
        "other 550 5.1.1 rcpt_to a@example.net 1\nother 451 4.7.1 rcpt_to c@example.org 1\naccepted {\"example.net\": 1}",
    );
    let content = format!(
        "{start}C: RCPT TO:<a@example.net>\nS: 250 ok\nC: RCPT TO:<b@example.net>\nS: 250 ok\nC: DATA\nS: 354 go\nC: .\nS: 550 5.7.1 spam\n"
    );
    check(
        &content,
        "other 550 5.7.1 end_of_data a@example.net 1\nother 550 5.7.1 end_of_data b@example.net 1",
    );
    let data = format!("{start}C: RCPT TO:<a@example.net>\nS: 250 ok\nC: DATA\nS: 554 5.7.1 no\n");
    check(&data, "other 554 5.7.1 data a@example.net 1");
    let all_refused = format!(
        "{start}C: RCPT TO:<a@example.net>\nS: 550 5.1.1 no\nC: DATA\nS: 554 5.5.1 no valid recipients\n"
    );
    check(&all_refused, "other 550 5.1.1 rcpt_to a@example.net 1");
    // EHLO is not known, HELO is.
    check("S: 220 mx\nC: EHLO c\nS: 502 5.5.2 what\nC: HELO c\nS: 250 ok\nC: QUIT\nS: 221 bye\n", "");
    check("S: 220 mx\nC: EHLO c\nS: 550 5.7.1 bad name\nC: QUIT\nS: 221 bye\n", "other 550 5.7.1 ehlo - 1");
    check(
        "S: 220 mx\nC: EHLO c\nS: 250 ok\nC: MAIL FROM:<s@example.org>\nS: 553 no\nC: RCPT TO:<a@example.net>\nS: 503 MAIL first\n",
        "other 553 - mail_from - 1",
    );
    // RSET and QUIT refuse no message.
    check("S: 220 mx\nC: EHLO c\nS: 250 ok\nC: RSET\nS: 500 what\nC: QUIT\nS: 500 what\n", "");
    let sessions = format!("{several}{content}");
    assert_eq!(told(&sessions).lines().count(), 5);
    // The same session ids interleaved.
    check(
        "[aaaa11] S: 220 mx.example.net\n[bbbb22] S: 220 mx.example.net\n[aaaa11] C: MAIL FROM:<s@example.org>\n\
         [bbbb22] C: MAIL FROM:<s@example.org>\n[bbbb22] S: 250 ok\n[aaaa11] S: 550 5.7.1 no\n[bbbb22] C: RCPT TO:<b@example.net>\n\
         [bbbb22] S: 550 5.1.1 no\n",
        "nodemailer 550 5.7.1 mail_from - 1\nnodemailer 550 5.1.1 rcpt_to b@example.net 1",
    );
    // LMTP answers for each recipient.
    check(
        "C: LHLO c\nS: 250 ok\nC: MAIL FROM:<s@example.org>\nS: 250 ok\nC: RCPT TO:<a@example.net>\nS: 250 ok\nC: RCPT TO:<b@example.org>\nS: 250 ok\n\
         C: DATA\nS: 354 go\nC: .\nS: 250 ok\nS: 550 5.2.2 full\nC: QUIT\nS: 221 bye\n",
        "other 550 5.2.2 end_of_data b@example.org 1\naccepted {\"example.net\": 1}",
    );
}

#[test]
fn login() {
    let auth = "S: 220 mx\nC: EHLO c\nS: 250 AUTH LOGIN\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: ZGVtbw==\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 535 5.7.8 no\n";
    check(auth, "other 535 5.7.8 auth - 1");
    check(
        &format!(
            "{auth}C: AUTH PLAIN AGRlbW8Ac2VjcmV0\nS: 535 5.7.8 no\nC: MAIL FROM:<s@example.org>\nS: 530 5.7.0 log in\n"
        ),
        "other 535 5.7.8 auth - 1",
    );
    let mut out = Harvest::default();
    read(
        SourceId(0),
        format!("{auth}C: AUTH PLAIN AGRlbW8Ac2VjcmV0\nS: 535 5.7.8 no\n").as_bytes(),
        1,
        0,
        &mut out,
    );
    let all = format!("{out:?}");
    for secret in ["ZGVtbw", "c2VjcmV0", "AGRlbW8"] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[test]
fn facts_of_the_session() {
    let text = "2026-11-24 17:17:07\tSERVER -> CLIENT: 220 mx.example.net ESMTP\n2026-11-24 17:17:07\tCLIENT -> SERVER: EHLO out.example.org\n\
                2026-11-24 17:17:07\tSERVER -> CLIENT: 250 ok\n2026-11-24 17:17:07\tCLIENT -> SERVER: MAIL FROM:<>\n\
                2026-11-24 17:17:07\tSERVER -> CLIENT: 250 ok\n2026-11-24 17:17:08\tCLIENT -> SERVER: RCPT TO:<a@example.net>\n\
                2026-11-24 17:17:08\tSERVER -> CLIENT: 250 ok\n2026-11-24 17:17:08\tCLIENT -> SERVER: DATA\n\
                2026-11-24 17:17:08\tSERVER -> CLIENT: 354 go\n2026-11-24 17:17:08\tCLIENT -> SERVER: From: S <s@example.org>\n\
                2026-11-24 17:17:08\tCLIENT -> SERVER: Subject: =?utf-8?q?caf=C3=A9?=\n\
                2026-11-24 17:17:08\tCLIENT -> SERVER: Message-ID: <m1@example.org>\n2026-11-24 17:17:08\tCLIENT -> SERVER:\n\
                2026-11-24 17:17:08\tCLIENT -> SERVER: Subject: not this\n2026-11-24 17:17:08\tCLIENT -> SERVER: .\n\
                2026-11-24 17:17:09\tSERVER -> CLIENT: 550 5.7.1 no\n";
    let mut out = Harvest::default();
    read(SourceId(3), text.as_bytes(), 1, 0, &mut out);
    let e = &out.evidence[0];
    assert_eq!(e.time.map(|t| t.to_rfc3339()).as_deref(), Some("2026-11-24T17:17:09+00:00"));
    assert_eq!(e.remote_mta.as_deref(), Some("mx.example.net"));
    assert_eq!(e.reporting_mta.as_deref(), Some("out.example.org"));
    assert_eq!(e.reverse_path, Some(crate::smtp::ReversePath::Null));
    assert_eq!(e.message_id.as_deref(), Some("m1@example.org"));
    assert_eq!(e.original.subject.as_deref(), Some("café"));
    assert_eq!(e.original.from.as_deref(), Some("s@example.org"));
    assert_eq!(e.origins.len(), 2);
    assert_eq!((e.origins[0].line, e.origins[1].line), (16, 15));
}

#[test]
fn no_smtp_at_all() {
    for text in [
        "220 ftp.example.org FTP server ready\nUSER anonymous\n331 Password please\nPASS x\n230 ok\nRETR notes.txt\n550 notes.txt: No such file\n",
        "Status: Connecting\nResponse: 220 ProFTPD\nCommand: USER demo\nResponse: 331 Password\nCommand: CWD /x\nResponse: 550 No such directory\n",
        "550 people came\n250 of them stayed\n",
        "550 5.1.1 no such user\n",
        "> GET /550 HTTP/1.1\n< HTTP/1.1 200 OK\n",
        "",
    ] {
        check(text, "");
    }
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    fn no_panic(bytes: &[u8]) {
        let mut out = Harvest::default();
        read(SourceId(0), bytes, 1, 0, &mut out);
        for origin in out.evidence.iter().flat_map(|e| &e.origins) {
            assert!(origin.start + u64::from(origin.len) <= bytes.len() as u64);
        }
        let mut secrets = super::super::Secrets::default();
        for line in String::from_utf8_lossy(bytes).lines() {
            secrets.hide(line);
        }
    }

    proptest! {
        #[test]
        fn bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            no_panic(&bytes);
        }

        #[test]
        fn pieces(parts in proptest::collection::vec(proptest::sample::select(vec![
            "S: ", "C: ", "<** ", " -> ", "550", "550-", " ", "5.1.1", "\n", "\r\n", "RCPT TO:<", "a@b.example", ">", "DATA", "354 ", ".",
            "MAIL FROM:<>", "AUTH LOGIN ", "334 ", "EHLO x", "LHLO x", "'", "b'", "\\r\\n", "(550, b'", "{'a@b': ", "retcode (550); Msg: ",
            "220 ", "QUIT", "[abc123]", "2026-11-24 17:17:07", "response: '", "SMTP code: 550", "é", "•", "\u{0}", "Trying ", "to=<", "status=bounced (",
        ]), 0..60)) {
            no_panic(parts.concat().as_bytes());
        }
    }
}
