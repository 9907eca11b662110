//! Whole notices, as they come and as they are pasted.

use super::{read_body, read_mail};
use crate::model::{Action, Evidence, Harvest, SourceId};
use proptest::prelude::*;

/// `recipient action stage code status | text`, one line a recipient.
fn show(evidence: &[Evidence]) -> String {
    let line = |e: &Evidence| {
        format!(
            "{} {} {}{} {} {} | {}",
            e.final_recipient.as_deref().unwrap_or("-"),
            e.action.name(),
            e.stage.name(),
            if e.stage_inferred { "?" } else { "" },
            e.reply_code.map_or("-".into(), |c| c.to_string()),
            e.enhanced_status.map_or("-".into(), |c| c.to_string()),
            e.diagnostic_code
        )
    };
    evidence.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn mail(text: &str) -> Harvest {
    let mut out = Harvest::default();
    read_mail(SourceId(0), text.as_bytes(), 1, 0, &mut out);
    out
}

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(show(&mail(text).evidence), expect);
}

#[track_caller]
fn check_pasted(text: &str, expect: &str) {
    let mut out = Harvest::default();
    let found = read_body(SourceId(0), text.as_bytes(), 1, 0, &mut out);
    assert_eq!(show(&out.evidence), expect);
    assert_eq!(found, out.evidence.len());
}

/// A report of RFC 6522 with the given words, status and returned headers.
fn report(words: &str, status: &str, headers: &str) -> String {
    format!(
        "Return-Path: <>\nFrom: MAILER-DAEMON@mail.example.org\nTo: sender@example.org\n\
         Date: Thu, 01 Jan 2026 10:00:00 +0100\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
         --b\nContent-Type: text/plain\n\n{words}\n\
         --b\nContent-Type: message/delivery-status\n\n{status}\n\
         --b\nContent-Type: text/rfc822-headers\n\n{headers}\n--b--\n"
    )
}

const POSTFIX_WORDS: &str = "This is the mail system at host mail.example.org.\n\n\
    <a@example.net>: host mx.example.net[192.0.2.1] said: 550-5.1.1 The account does\n    \
    not exist. 550 5.1.1 See https://example.net (in reply to RCPT TO command)\n";

const POSTFIX_STATUS: &str = "Reporting-MTA: dns; mail.example.org\nX-Postfix-Queue-ID: 4F1C\n\
    X-Postfix-Sender: rfc822; sender@example.org\nArrival-Date: Thu, 01 Jan 2026 09:59:00 +0100 (CET)\n\n\
    Final-Recipient: rfc822; a@example.net\nOriginal-Recipient: rfc822;alias@example.org\nAction: failed\n\
    Status: 5.1.1\nRemote-MTA: dns; mx.example.net\nDiagnostic-Code: smtp; 550-5.1.1 The account does not exist.\n    \
    550 5.1.1 See https://example.net\n";

#[test]
fn a_postfix_report() {
    let text = report(
        POSTFIX_WORDS,
        POSTFIX_STATUS,
        "Message-ID: <1@example.org>\nSubject: Hello\nFrom: sender@example.org",
    );
    check(
        &text,
        "a@example.net failed rcpt_to 550 5.1.1 | 550-5.1.1 The account does not exist.\n550 5.1.1 See https://example.net",
    );
    let out = mail(&text);
    let e = &out.evidence[0];
    assert_eq!(e.format, "dsn.rfc3464");
    assert_eq!(e.reporting_mta.as_deref(), Some("mail.example.org"));
    assert_eq!(e.remote_mta.as_deref(), Some("mx.example.net"));
    assert_eq!(e.queue_id.as_deref(), Some("4F1C"));
    assert_eq!(e.message_id.as_deref(), Some("1@example.org"));
    assert_eq!(e.original.subject.as_deref(), Some("Hello"));
    assert_eq!(e.original_recipient.as_deref(), Some("alias@example.org"));
    assert_eq!(e.reverse_path.as_ref().map(|p| p.as_str()), Some("sender@example.org"));
    assert_eq!(e.time.map(|t| t.to_rfc3339()).as_deref(), Some("2026-01-01T09:00:00+00:00"));
    let origin = e.origins[0];
    let span = &text[origin.start as usize..origin.start as usize + origin.len as usize];
    assert_eq!(
        span,
        "Diagnostic-Code: smtp; 550-5.1.1 The account does not exist.\n    550 5.1.1 See https://example.net"
    );
    assert_eq!(origin.line, 1 + text[..origin.start as usize].matches('\n').count() as u64);
    assert_eq!(e.origins[1].len as usize, text.trim_end().len());
    assert_eq!((out.coverage.messages, out.coverage.not_refusals), (1, 0));
    assert_eq!(out.coverage.by_daemon["dsn.rfc3464"].understood, 1);
}

#[test]
fn several_recipients_each_once() {
    let status = "Reporting-MTA: dns; m\n\nFinal-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.0.0\n\
        Diagnostic-Code: X-Postfix; host mx said: 552 5.2.2 full\n\nFinal-Recipient: rfc822; b@example.net\nAction: delayed\n\
        Status: 4.2.0\nDiagnostic-Code: smtp; 450 later\n\nFinal-Recipient: rfc822; c@example.net\nAction: relayed\nStatus: 2.0.0\n\n\
        Final-Recipient: rfc822; A@example.net\nAction: failed\nStatus: 5.0.0\n";
    check(
        &report("", status, ""),
        "a@example.net failed rcpt_to? 552 5.2.2 | 552 5.2.2 full\nb@example.net delayed rcpt_to? 450 4.2.0 | 450 later",
    );
}

#[test]
fn sendmail_sessions() {
    let words = "   ----- The following addresses had permanent fatal errors -----\n<a@example.net>\n    (reason: 550 5.7.1 no)\n\n   \
        ----- Transcript of session follows -----\n... while talking to mx.example.net.:\n>>> DATA\n<<< 550 5.7.1 no\n554 5.0.0 Service unavailable\n";
    let status = "Final-Recipient: RFC822; a@example.net\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: X-Unix; 67\n";
    check(&report(words, status, ""), "a@example.net failed data 550 5.7.1 | 550 5.7.1 no");
    // Sendmail keeps one line of a longer reply in the field.
    let words = ">>> RCPT To:<a@example.net>\n<<< 550-5.1.1 no\n<<< 550 5.1.1 such user\n";
    let status =
        "Final-Recipient: RFC822; a@example.net\nAction: failed\nDiagnostic-Code: SMTP; 550-5.1.1 no\n";
    check(
        &report(words, status, ""),
        "a@example.net failed rcpt_to 550 5.1.1 | 550-5.1.1 no\n550 5.1.1 such user",
    );
}

/// A plain mail with the given subject and body.
fn plain(subject: &str, body: &str) -> String {
    format!(
        "From: Mail Delivery System <mailer-daemon@example.org>\nTo: sender@example.org\nSubject: {subject}\n\n{body}"
    )
}

const EXIM: &str = "This message was created automatically by mail delivery software.\n\n\
    A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. \
    The following address(es) failed:\n\n  a@example.net\n    host mx.example.net [192.0.2.1]\n    \
    SMTP error from remote mail server after RCPT TO:<a@example.net>:\n    550 5.1.1 no such\n    user\n  b@example.net\n    \
    retry timeout exceeded\n\n------ This is a copy of the message, including all the headers. ------\n\n\
    Return-path: <sender@example.org>\nMessage-Id: <1@example.org>\nFrom: sender@example.org\nSubject: Hello\n\n550 5.5.5 in the text\n";

const QMAIL: &str = "Hi. This is the qmail-send program at mail.example.org.\n\
    I'm afraid I wasn't able to deliver your message to the following addresses.\n\
    This is a permanent error; I've given up. Sorry it didn't work out.\n\n<a@example.net>:\n\
    Connected to 192.0.2.1 but sender was rejected.\nRemote host said: 550 sorry (#5.7.1)\n\n\
    --- Below this line is a copy of the message.\n\nReturn-Path: <sender@example.org>\n";

const GMAIL: &str = "** Address not found **\n\nYour message wasn't delivered to a@example.net because the address couldn't be found.\n\n\
    The response from the remote server was:\n550 5.1.1 <a@example.net>: no such user\n";

const EXCHANGE: &str = "Delivery has failed to these recipients or groups:\n\nA (a@example.net)\n\
    Your message wasn't delivered.\n\nDiagnostic information for administrators:\n\nGenerating server: mail.example.org\n\n\
    a@example.net\nRemote Server at example.net (192.0.2.1) returned '550 5.7.1 can't relay'\n\nOriginal message headers:\n\n\
    Received: from x by y; Thu, 1 Jan 2026 10:00:00 +0000\nFrom: sender@example.org\nMessage-ID: <1@example.org>\n";

#[test]
fn notices_without_fields() {
    let exim = "a@example.net failed rcpt_to 550 5.1.1 | 550 5.1.1 no such user\n\
        b@example.net failed unknown - - | retry timeout exceeded";
    let qmail = "a@example.net failed mail_from 550 5.7.1 | 550 sorry (#5.7.1)";
    let gmail = "a@example.net failed rcpt_to? 550 5.1.1 | 550 5.1.1 <a@example.net>: no such user";
    let exchange = "a@example.net failed unknown 550 5.7.1 | 550 5.7.1 can't relay";
    for (body, expect, format) in [
        (EXIM, exim, "dsn.exim"),
        (QMAIL, qmail, "dsn.qmail"),
        (GMAIL, gmail, "dsn.gmail"),
        (EXCHANGE, exchange, "dsn.exchange"),
    ] {
        check(&plain("Mail delivery failed", body), expect);
        check_pasted(body, expect);
        let quoted: String = body.lines().map(|l| format!("> {l}\n")).collect();
        check_pasted(&format!("Hello,\nwhat is this?\n\n{quoted}\nThank you\n"), expect);
        let e = &mail(&plain("Mail delivery failed", body)).evidence[0];
        assert_eq!(e.format, format);
        assert_eq!(e.reverse_path.as_ref().map(|p| p.as_str()), Some("sender@example.org"));
    }
    let e = &mail(&plain("x", EXIM)).evidence[0];
    assert_eq!(e.remote_mta.as_deref(), Some("mx.example.net"));
    assert_eq!(e.remote_ip.map(|ip| ip.to_string()).as_deref(), Some("192.0.2.1"));
    assert_eq!(e.original.subject.as_deref(), Some("Hello"));
}

#[test]
fn many_systems() {
    #[track_caller]
    fn check_both(body: &str, expect: &str) {
        check(&plain("Undeliverable: Hello", body), expect);
        check_pasted(body, expect);
    }
    // hMailServer
    check_both(
        "Your message did not reach some or all of the intended recipients.\n\n   Sent: x\n   Subject: Hello\n\n\
         The following recipient(s) could not be reached:\n\na@example.net\n   Error Type: SMTP\n   \
         Remote server (192.0.2.1) issued an error.\n   hMailServer sent: RCPT TO:<a@example.net>\n   \
         Remote server replied: 550 Unknown user\n",
        "a@example.net failed rcpt_to 550 - | 550 Unknown user",
    );
    // SmarterMail
    check_both(
        "Could not deliver message to the following recipient(s):\n\nFailed Recipient: a@example.net\n\
         Reason: Remote host said: 550 5.1.1 no such user\n",
        "a@example.net failed rcpt_to? 550 5.1.1 | 550 5.1.1 no such user",
    );
    // MDaemon
    check_both(
        "The attached message had PERMANENT fatal delivery errors!\n\nFailed address: a@example.net\n\n\
         --- Session Transcript ---\n Thu 2026-01-01 10:00:00: <-- 550 5.7.1 no relay\n--- End Transcript ---\n",
        "a@example.net failed unknown 550 5.7.1 | 550 5.7.1 no relay",
    );
    // InterScan prints its arrows the other way round.
    check_both(
        "Unable to deliver message to <a@example.net>.\n\nSent <<< RCPT TO:<a@example.net>\n\
         Received >>> 550 5.1.1 <a@example.net>... user unknown\n",
        "a@example.net failed rcpt_to 550 5.1.1 | 550 5.1.1 <a@example.net>... user unknown",
    );
    // MailMarshal: the reply before the recipients.
    check_both(
        "Your message could not be delivered because of\n\n550 5.1.1 User unknown\n\n\
         The following recipients were affected:\n    a@example.net\n",
        "a@example.net failed rcpt_to? 550 5.1.1 | 550 5.1.1 User unknown",
    );
    // DragonFly Mail Agent
    check_both(
        "This is the DragonFly Mail Agent v0.13 at mail.example.org.\n\nThere was an error delivering your mail to \
         <a@example.net>.\n\nmx.example.net [192.0.2.1] did not like our RCPT TO:\n552 5.2.2 full\n\nMessage headers follow.\n",
        "a@example.net failed rcpt_to 552 5.2.2 | 552 5.2.2 full",
    );
    // Exchange in German, and its older form in angle brackets.
    check_both(
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\nDiagnoseinformationen für \
         Administratoren:\n\nGenerierender Server: mail.example.org\n\na@example.net\n\
         #550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n",
        "a@example.net failed rcpt_to? 550 5.1.1 | 550 5.1.1 RESOLVER.ADR.RecipNotFound; not found",
    );
    check_both(
        "Diagnostic information for administrators:\n\na@example.net\n\
         mx.example.net #<mx.example.net #5.7.1 smtp; 554 5.7.1 no relay> #SMTP#\n",
        "a@example.net failed unknown 554 5.7.1 | 554 5.7.1 no relay",
    );
    // OpenSMTPD, Courier
    check_both(
        "    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.\n\na@example.net: 550 5.2.1 off\n\n    \
         Below is a copy of the original message:\n",
        "a@example.net failed rcpt_to? 550 5.2.1 | 550 5.2.1 off",
    );
    check_both(
        "                           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n\
         <a@example.net>:\n    mx.example.net [192.0.2.1]:\n>>> RCPT TO:<a@example.net>\n<<< 550 User unknown.\n",
        "a@example.net failed rcpt_to 550 - | 550 User unknown.",
    );
    // No code at all.
    check_both(
        "Your message\n\n  Subject: Hello\n\nwas not delivered to:\n\n  a@example.net\n\nbecause:\n\n  \
         User a (a@example.net) not listed in Domino Directory\n",
        "a@example.net failed unknown - - | User a (a@example.net) not listed in Domino Directory",
    );
}

#[test]
fn pasted_pieces() {
    check_pasted(
        "Final-Recipient: rfc822; a@example.net\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no\nsuch user\n",
        "a@example.net failed rcpt_to? 550 5.1.1 | 550 5.1.1 no such user",
    );
    check_pasted(
        "We got this:\n\n<a@example.net>: host mx.example.net[192.0.2.1] said: 550 5.1.1 no such\nuser (in reply to RCPT TO\ncommand)\n",
        "a@example.net failed rcpt_to 550 5.1.1 | 550 5.1.1 no such user",
    );
    check_pasted(
        POSTFIX_WORDS,
        "a@example.net failed rcpt_to 550 5.1.1 | 550-5.1.1 The account does not exist.\n550 5.1.1 See https://example.net",
    );
}

#[test]
fn html_only() {
    let html = "<html><body><p>Your message to <b>a@example.net</b> couldn't be delivered.</p>\
        <p>Reported error: <i>550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found</i></p></body></html>";
    let text = format!(
        "From: postmaster@example.org\nTo: sender@example.org\nSubject: Undeliverable: Hello\nMIME-Version: 1.0\n\
         Content-Type: text/html; charset=utf-8\n\n{html}\n"
    );
    check(
        &text,
        "a@example.net failed rcpt_to? 550 5.1.10 | 550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found",
    );
}

#[test]
fn forwarded_notices() {
    let inner = report(POSTFIX_WORDS, POSTFIX_STATUS, "Message-ID: <1@example.org>");
    let outer = format!(
        "From: user@example.org\nTo: help@example.org\nSubject: Fwd: what is this?\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: text/plain\n\nPlease look.\n\
         --o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    );
    let out = mail(&outer);
    assert_eq!(out.evidence.len(), 1);
    assert_eq!(out.evidence[0].message_id.as_deref(), Some("1@example.org"));
    assert_eq!(out.evidence[0].queue_id.as_deref(), Some("4F1C"));
    // Several at once.
    let attached = format!("--o\nContent-Type: message/rfc822\n\n{inner}\n");
    let second = attached.replace("4F1C", "5A2D");
    let both = outer.replace("\n--o--\n", &format!("\n{second}--o--\n"));
    let out = mail(&both);
    let ids: Vec<_> = out.evidence.iter().filter_map(|e| e.queue_id.as_deref()).collect();
    assert_eq!(ids, ["4F1C", "5A2D"]);
}

#[test]
fn a_returned_notice_is_no_notice() {
    // What came back is itself a notice: it is not about this refusal's recipient.
    let inner = report(POSTFIX_WORDS, POSTFIX_STATUS, "Message-ID: <1@example.org>");
    let status = "Final-Recipient: rfc822; sender@example.org\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 full\n";
    let outer = report("", status, "").replace(
        "Content-Type: text/rfc822-headers\n\n",
        &format!("Content-Type: message/rfc822\n\n{}", inner.replace("--b", "--i").replace("\"b\"", "\"i\"")),
    );
    check(&outer, "sender@example.org failed rcpt_to? 552 5.2.2 | 552 5.2.2 full");
}

#[test]
fn no_refusals() {
    let cases = [
        // An absence note that quotes a notice's words.
        "From: a@example.org\nTo: b@example.org\nSubject: Automatic reply: Hello\nAuto-Submitted: auto-replied\n\nI am away until 5 May. My old address could not be delivered to.\n",
        // A talk about a refusal.
        "From: a@example.org\nTo: b@example.org\nSubject: Re: meeting\n\nThe server said: 550 5.1.1 no such user. Odd, isn't it?\n",
        "From: a@example.org\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\nSubject: FW: x\n\n--b\nContent-Type: text/plain\n\nabuse\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--b--\n",
        "From: a@example.org\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\nSubject: Read: x\n\n--b\nContent-Type: text/plain\n\nread\n--b--\n",
        &report("delivered", "Final-Recipient: rfc822; a@example.net\nAction: relayed\nStatus: 2.0.0\n", ""),
        "Subject: hello\n\nhello\n",
        "",
    ];
    for text in cases {
        let out = mail(text);
        assert_eq!(show(&out.evidence), "", "{text}");
        assert_eq!((out.coverage.messages, out.coverage.not_refusals), (1, 1), "{text}");
    }
    for text in ["What does 550 5.1.1 mean?", "room 550", "", "> > >", "MAIL FROM:<a@example.org>\n250 ok\n"]
    {
        check_pasted(text, "");
    }
}

#[test]
fn delays() {
    let body = "THIS IS A WARNING MESSAGE ONLY.\n\nDelivery to the following recipient has been delayed:\n\n     a@example.net\n\n\
        Message will be retried for 2 more day(s)\n";
    let out = mail(&plain("Delivery Status Notification (Delay)", body));
    assert_eq!(out.evidence[0].action, Action::Delayed);
}

#[test]
fn broken_mails() {
    // A boundary that never comes.
    let text = report(POSTFIX_WORDS, POSTFIX_STATUS, "Message-ID: <1@example.org>")
        .replace("boundary=\"b\"", "boundary=\"c\"");
    assert_eq!(mail(&text).evidence.len(), 1);
    // Bare carriage returns, and CRLF.
    let text = report(POSTFIX_WORDS, POSTFIX_STATUS, "");
    for end in ["\r", "\r\n"] {
        assert_eq!(show(&mail(&text.replace('\n', end)).evidence), show(&mail(&text).evidence));
    }
    // Deep nesting ends early.
    let deep = "Content-Type: message/rfc822\n\n".repeat(100_000);
    assert!(mail(&deep).evidence.is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let mut out = Harvest::default();
        read_mail(SourceId(0), &bytes, 1, 0, &mut out);
        read_body(SourceId(0), &bytes, 1, 0, &mut out);
    }

    /// Pieces of notices in any order: nothing panics, and every place lies in the mail.
    #[test]
    fn any_mixture_is_read(pieces in prop::collection::vec(0usize..24, 0..40)) {
        const PIECES: [&str; 24] = [
            "\n", "\r\n", "> ", "<", ">", "a@example.org", ": ", "550", " 5.1.1 ", "550-", "said: ", "(", ")", "'", "ü您",
            "<<< ", ">>> RCPT TO:<a@example.org>\n", "Final-Recipient: rfc822; ", "Diagnostic-Code: smtp; ", "    ",
            "Content-Type: message/rfc822\n\n", "... while talking to ", "This is the mail system at host ", "\\n",
        ];
        let text: String = pieces.iter().map(|i| PIECES[*i]).collect();
        let mut out = Harvest::default();
        read_mail(SourceId(0), text.as_bytes(), 1, 0, &mut out);
        read_body(SourceId(0), text.as_bytes(), 1, 0, &mut out);
        for origin in out.evidence.iter().flat_map(|e| &e.origins) {
            prop_assert!(origin.start as usize + origin.len as usize <= text.len());
        }
    }
}
