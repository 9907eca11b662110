//! Whole logs: what is handed out, with which context.

use super::*;
use crate::model::{Evidence, Text};
use crate::parse::Lines;
use crate::smtp::ReversePath;
use proptest::prelude::*;

const WRITTEN: &str = "2026-11-20T00:00:00Z";

/// Reads with glances; what the grammars give must be the same.
fn read(text: &[u8]) -> Harvest {
    let options = ReadOptions {
        year: None,
        zone: Default::default(),
        written: WRITTEN.parse().unwrap(),
        bare_replies: true,
    };
    let glancing = || LogCorrelator::new(SourceId(0), options.clone());
    let out = read_with(glancing(), text);
    assert_eq!(format!("{out:?}"), format!("{:?}", read_with(glancing().thorough(), text)));
    out
}

fn read_with(mut correlator: LogCorrelator, text: &[u8]) -> Harvest {
    let mut out = Harvest::default();
    for line in Lines::new(SourceId(0), text, 1, 0) {
        correlator.line(line, &mut out);
    }
    correlator.finish(&mut out);
    out
}

/// One line an evidence: direction, action, ids, addresses, host, stage, codes, attempts, origins, words.
fn show(e: &Evidence) -> String {
    let text = |t: &Option<Text>| t.as_deref().unwrap_or("-").to_owned();
    format!(
        "{} {} {} {} {}>{}{} @{}[{}] {}{} {} {} tries={} lines={} | {}",
        e.direction.name(),
        e.action.name(),
        text(&e.queue_id),
        text(&e.message_id),
        e.reverse_path.as_ref().map_or("?", ReversePath::as_str),
        text(&e.final_recipient),
        e.original_recipient.as_ref().map_or(String::new(), |o| format!("({o})")),
        text(&e.remote_mta),
        e.remote_ip.map_or("-".into(), |ip| ip.to_string()),
        e.stage.name(),
        if e.stage_inferred { "?" } else { "" },
        e.reply_code.map_or("-".into(), |c| c.to_string()),
        e.enhanced_status.map_or("-".into(), |c| c.to_string()),
        e.attempts.len(),
        e.origins.iter().map(|o| o.line.to_string()).collect::<Vec<_>>().join(","),
        e.diagnostic_code.replace('\n', "/"),
    )
}

#[track_caller]
fn check(log: &str, expect: &[&str]) {
    let out = read(log.as_bytes());
    let got: Vec<String> = out.records.iter().map(|e| show(&e.to_evidence())).collect();
    assert_eq!(got, expect);
    assert_eq!(out.coverage.not_understood, 0);
}

/// Puts a Postfix frame before each line: `smtp QID: …`.
fn postfix(lines: &str) -> String {
    lines
        .lines()
        .enumerate()
        .map(|(n, l)| {
            let (daemon, rest) = l.split_once(' ').unwrap();
            format!("Nov 17 14:51:{n:02} mx postfix/{daemon}[7]: {rest}\n")
        })
        .collect()
}

fn exim(lines: &str) -> String {
    lines.lines().enumerate().map(|(n, l)| format!("2026-11-17 14:51:{n:02} {l}\n")).collect()
}

#[test]
fn a_bounce_takes_its_context_along() {
    check(
        &postfix(
            "smtpd 4F1C: client=c[192.0.2.7]\n\
             cleanup 4F1C: message-id=<m@example.net>\n\
             qmgr 4F1C: from=<b@example.net>, size=1, nrcpt=2 (queue active)\n\
             smtp 4F1C: to=<ok@example.org>, relay=r[192.0.2.1]:25, dsn=2.0.0, status=sent (250 ok)\n\
             smtp 4F1C: to=<a@example.org>, relay=r[192.0.2.1]:25, dsn=5.1.1, status=bounced (host r[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))\n\
             bounce 4F1C: sender non-delivery notification: 5A2B\n\
             qmgr 4F1C: removed",
        ),
        &[
            "outgoing failed 4F1C m@example.net b@example.net>a@example.org @r[192.0.2.1] rcpt_to 550 5.1.1 tries=1 lines=5,1,2,3 | 550 5.1.1 no",
        ],
    );
}

#[test]
fn tries_add_up() {
    let deferred = "smtp 4F1C: to=<a@example.org>, relay=r[192.0.2.1]:25, dsn=4.7.1, status=deferred (host r[192.0.2.1] said: 450 4.7.1 later (in reply to RCPT TO command))\n";
    let bounced = "smtp 4F1C: to=<a@example.org>, relay=r[192.0.2.1]:25, dsn=5.1.1, status=bounced (host r[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))\n";
    let sent = "smtp 4F1C: to=<a@example.org>, relay=r[192.0.2.1]:25, dsn=2.0.0, status=sent (250 ok)\n";
    let expired = "qmgr 4F1C: from=<b@example.net>, status=expired, returned to sender\n";
    let removed = "qmgr 4F1C: removed\n";
    let failed = "outgoing failed 4F1C - ?>a@example.org @r[192.0.2.1] rcpt_to 550 5.1.1 tries=3 lines=3,1,2 | 550 5.1.1 no";
    check(&postfix(&[deferred, deferred, bounced, removed].concat()), &[failed]);
    check(&postfix(&[deferred, sent, removed].concat()), &[]);
    let delayed = "outgoing delayed 4F1C - ?>a@example.org @r[192.0.2.1] rcpt_to 450 4.7.1 tries=2 lines=2,1 | 450 4.7.1 later";
    check(&postfix(&[deferred, deferred].concat()), &[delayed]);
    check(&postfix(&[deferred, deferred, removed].concat()), &[delayed]);
    check(
        &postfix(&[deferred, deferred, expired, removed].concat()),
        &[
            "outgoing failed 4F1C - b@example.net>a@example.org @r[192.0.2.1] rcpt_to 450 4.7.1 tries=2 lines=3,1,2 | 450 4.7.1 later",
        ],
    );
    check(
        &postfix(expired),
        &[
            "outgoing failed 4F1C - b@example.net>- @-[-] unknown - - tries=1 lines=1 | expired, returned to sender",
        ],
    );
}

#[test]
fn a_5yz_in_a_deferral_is_not_final() {
    check(
        &postfix(
            "smtp 4F1C: to=<a@example.org>, relay=r[192.0.2.1]:25, dsn=5.7.1, status=deferred (host r[192.0.2.1] said: 550 5.7.1 no (in reply to end of DATA command))",
        ),
        &[
            "outgoing delayed 4F1C - ?>a@example.org @r[192.0.2.1] end_of_data 550 5.7.1 tries=1 lines=1 | 550 5.7.1 no",
        ],
    );
}

#[test]
fn ids_are_told_apart() {
    // By case, by instance, by host, and by a new client's line.
    check(
        "Nov 17 14:51:00 mx postfix/qmgr[7]: 3pXPBc5gcdz3xxV: from=<a@example.net>, size=1, nrcpt=1 (queue active)\n\
         Nov 17 14:51:01 mx postfix-out/qmgr[7]: 3pXPBc5gcdz3xxV: from=<b@example.net>, size=1, nrcpt=1 (queue active)\n\
         Nov 17 14:51:02 my postfix/qmgr[7]: 3pXPBc5gcdz3xxV: from=<c@example.net>, size=1, nrcpt=1 (queue active)\n\
         Nov 17 14:51:03 mx postfix/qmgr[7]: 3pXPBc5gcdz3xxv: from=<d@example.net>, size=1, nrcpt=1 (queue active)\n\
         Nov 17 14:51:04 mx postfix/local[7]: 3pXPBc5gcdz3xxV: to=<x@example.org>, relay=local, dsn=5.1.1, status=bounced (unknown user: \"x\")\n",
        &[
            "outgoing failed 3pXPBc5gcdz3xxV - a@example.net>x@example.org @-[-] delivery - 5.1.1 tries=1 lines=5,1 | unknown user: \"x\"",
        ],
    );
    check(
        &postfix(
            "qmgr 4F1C: from=<old@example.net>, size=1, nrcpt=1 (queue active)\n\
             local 4F1C: to=<x@example.org>, relay=local, dsn=2.0.0, status=sent (delivered)\n\
             smtpd 4F1C: client=c[192.0.2.7]\n\
             local 4F1C: to=<x@example.org>, relay=local, dsn=5.1.1, status=bounced (unknown user: \"x\")",
        ),
        &[
            "outgoing failed 4F1C - ?>x@example.org @-[-] delivery - 5.1.1 tries=1 lines=4,3 | unknown user: \"x\"",
        ],
    );
}

#[test]
fn refused_clients() {
    check(
        &postfix(
            "smtpd NOQUEUE: reject: RCPT from c[192.0.2.7]: 550 5.1.1 <a@example.org>: no; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<c>\n\
             smtpd NOQUEUE: reject: RCPT from c[192.0.2.7]: 450 4.7.1 later; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<c>\n\
             cleanup 4F1C: message-id=<m@example.net>\n\
             cleanup 4F1C: milter-reject: END-OF-MESSAGE from c[192.0.2.7]: 5.7.1 spam; from=<b@example.net> to=<a@example.org> proto=ESMTP helo=<c>\n\
             smtpd NOQUEUE: reject_warning: RCPT from c[192.0.2.7]: 550 5.1.1 no; from=<> to=<a@example.org> proto=ESMTP helo=<c>\n\
             smtpd warning: c[192.0.2.7]: SASL LOGIN authentication failed: 535 no",
        ),
        &[
            "incoming failed - - b@example.net>a@example.org @c[192.0.2.7] rcpt_to 550 5.1.1 tries=1 lines=1 | 550 5.1.1 <a@example.org>: no",
            "incoming delayed - - b@example.net>a@example.org @c[192.0.2.7] rcpt_to 450 4.7.1 tries=1 lines=2 | 450 4.7.1 later",
            "incoming failed 4F1C m@example.net b@example.net>a@example.org @c[192.0.2.7] end_of_data - 5.7.1 tries=1 lines=4,3 | 5.7.1 spam",
        ],
    );
}

#[test]
fn accepted_mail_is_counted_by_domain() {
    let out = read(
        postfix(
            "smtp 4F1C: to=<a@Example.org>, relay=r[192.0.2.1]:25, dsn=2.0.0, status=sent (250 ok)\n\
             smtp 4F1C: to=<b@example.org>, relay=127.0.0.1[127.0.0.1]:10024, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 5A2B)\n\
             virtual 4F1C: to=<b@example.org>, relay=virtual, dsn=2.0.0, status=sent (delivered to maildir)",
        )
        .as_bytes(),
    );
    assert_eq!(out.accepted.into_iter().collect::<Vec<_>>(), [("example.org".to_owned(), 2)]);
    assert_eq!(out.coverage.lines, 3);
    assert_eq!(out.coverage.with_reply, 2);
    assert_eq!(out.coverage.by_daemon["smtp"].understood, 2);
}

#[test]
fn exim_messages() {
    check(
        &exim(
            "1aBcDe-0001Ab-Cd <= b@example.net H=c [192.0.2.7] P=esmtps S=1 id=m@example.net\n\
             1aBcDe-0001Ab-Cd => ok@example.org R=d T=s H=r [192.0.2.1] C=\"250 ok\"\n\
             1aBcDe-0001Ab-Cd == a@example.org R=d T=remote_smtp defer (-44) H=r [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@example.org>: 451 4.7.1 later\n\
             1aBcDe-0001Ab-Cd == a@example.org R=d T=remote_smtp defer (-53): retry time not reached for any host\n\
             1aBcDe-0001Ab-Cd ** a@example.org: retry timeout exceeded\n\
             1aBcDe-0001Ab-Cd Completed",
        ),
        &[
            "outgoing failed 1aBcDe-0001Ab-Cd m@example.net b@example.net>a@example.org @r[192.0.2.1] rcpt_to 451 4.7.1 tries=2 lines=5,1,3 | 451 4.7.1 later",
        ],
    );
}

#[test]
fn a_reject_log_tells_each_refusal_once() {
    check(
        "2026-11-17 14:51:07 H=(x) [192.0.2.7] F=<b@example.net> rejected after DATA: spam\n\
         Envelope-from: <b@example.net>\n\
         Envelope-to: <a@example.org>\n\
         P Received: from x by mx\n\
         \tid 550 5.1.1 no\n\
         F From: b@example.net\n\
         \x20 Subject: 550 5.1.1 no\n\
         ----------------------------------------\n",
        &["incoming failed - - b@example.net>- @-[192.0.2.7] end_of_data - - tries=1 lines=1 | spam"],
    );
}

#[test]
fn exim_in_syslog() {
    check(
        "Nov 17 14:51:07 mx exim[7]: [1/2] 2026-11-17 14:51:07 1aBcDe-0001Ab-Cd ** a@example.org R=d T=remote_smtp H=r [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@exam\n\
         Nov 17 14:51:07 mx exim[7]: [2/2] ple.org>: 550 no\n",
        &[
            "outgoing failed 1aBcDe-0001Ab-Cd - ?>a@example.org @r[192.0.2.1] rcpt_to 550 - tries=1 lines=1,2 | 550 no",
        ],
    );
}

const REJECT: &str = "NOQUEUE: reject: RCPT from c[192.0.2.7]: 550 5.1.1 <a@example.org>: no; from=<b@example.net> \
                      to=<a@example.org> proto=ESMTP helo=<c>";

fn reject(tries: usize, lines: &str) -> String {
    format!(
        "incoming failed - - b@example.net>a@example.org @c[192.0.2.7] rcpt_to 550 5.1.1 tries={tries} lines={lines} | \
         550 5.1.1 <a@example.org>: no"
    )
}

#[test]
fn last_message_repeated() {
    let smtpd = format!("Nov 17 14:51:07 mx postfix/smtpd[7]: {REJECT}\n");
    let other = "Nov 17 14:51:07 mx postfix/smtpd[7]: disconnect from c[192.0.2.7]\n";
    for said in [
        "mx last message repeated 3 times",
        "mx syslogd[1]: last message repeated 3 times",
        "--- last message repeated 3 times ---",
    ] {
        let again = format!("Nov 17 14:51:37 {said}\n");
        check(&[&*smtpd, &again].concat(), &[&reject(4, "1,2")]);
        check(&[&*smtpd, "\n", &again, &again, other].concat(), &[&reject(7, "1,3,4")]);
        // It is about another line, or another host.
        check(&[&*smtpd, other, &again].concat(), &[&reject(1, "1")]);
        check(&[&*again, &smtpd].concat(), &[&reject(1, "2")]);
        if said.starts_with("mx") {
            check(&[&*smtpd, &again.replace(" mx", " my")].concat(), &[&reject(1, "1")]);
        }
    }
    let hostile = "Nov 17 14:51:37 mx last message repeated 4000000000 times\n".to_owned();
    check(&[&*smtpd, &hostile, &hostile].concat(), &[&reject(100, "1,2")]);
}

#[test]
fn message_repeated() {
    let smtpd = format!("Nov 17 14:51:07 mx postfix/smtpd[7]: {REJECT}\n");
    let again =
        |text: &str| format!("Nov 17 14:51:37 mx postfix/smtpd[7]: message repeated 3 times: [ {text}]\n");
    check(&[&*smtpd, &again(REJECT)].concat(), &[&reject(4, "1,2")]);
    check(&[&*smtpd, &again(&REJECT[..100])].concat(), &[&reject(4, "1,2")]);
    // The first of them is elsewhere.
    check(&again(REJECT), &[&reject(3, "1")]);
    check(
        &[&*smtpd, &again("disconnect from c[192.0.2.7]"), &again(REJECT)].concat(),
        &[&reject(1, "1"), &reject(3, "3")],
    );
}

#[test]
fn repeated_deferrals() {
    let deferred = "4F1C: to=<a@example.org>, relay=r[192.0.2.1]:25, dsn=4.7.1, status=deferred (host r[192.0.2.1] said: 450 4.7.1 later (in reply to RCPT TO command))";
    let expect = |tries: usize, lines: &str| {
        format!(
            "outgoing delayed 4F1C - ?>a@example.org @r[192.0.2.1] rcpt_to 450 4.7.1 tries={tries} lines={lines} | 450 4.7.1 later"
        )
    };
    let line = format!("Nov 17 14:51:07 mx postfix/smtp[7]: {deferred}\n");
    check(&format!("{line}Nov 17 14:51:37 mx last message repeated 2 times\n"), &[&expect(3, "2,1")]);
    check(
        &format!("Nov 17 14:51:37 mx postfix/smtp[7]: message repeated 2 times: [ {deferred}]\n"),
        &[&expect(2, "1")],
    );
}

#[test]
fn lines_that_were_cut() {
    let words: String = (0..200).map(|n| format!("word{n:03} ")).collect();
    let whole = format!(
        "Nov 17 14:51:07 mx postfix/smtp[7]: 4F1C: to=<a@example.org>, relay=r[192.0.2.1]:25, dsn=5.7.1, status=bounced (host r[192.0.2.1] said: 550 5.7.1 {words}end (in reply to RCPT TO command))"
    );
    let expect = |lines: &str, words: &str, stage: &str| {
        format!(
            "outgoing failed 4F1C - ?>a@example.org @r[192.0.2.1] {stage} 550 5.7.1 tries=1 lines={lines} | 550 5.7.1 {words}"
        )
    };
    let (first, rest) = whole.split_at(1020);
    let all = expect("1,2", &format!("{words}end"), "rcpt_to");
    check(&format!("{first}\nNov 27 18:50:10 {rest}\n"), &[&all]);
    check(
        &format!("{first}\nNov 27 18:50:10 {rest}\nNov 17 14:51:08 mx postfix/qmgr[7]: 4F1C: removed\n"),
        &[&all],
    );
    // Another line follows, or none.
    let message = first.split_once("said: 550 5.7.1 ").unwrap().1;
    let out = read(first.as_bytes());
    let cut: Vec<String> = out.records.iter().map(|e| show(&e.to_evidence())).collect();
    assert_eq!(cut, [expect("1", message, "unknown")]);
    for next in ["mx postfix/qmgr[7]: 4F1C: removed", "mx cron[7]: 5.1.1", "my hello"] {
        let out = read(format!("{first}\nNov 17 14:51:08 {next}\n").as_bytes());
        assert_eq!(out.records.len(), 1, "{next}");
    }
}

#[test]
fn the_same_in_containers() {
    let bounced = "4F1C: to=<a@example.org>, relay=local, dsn=5.1.1, status=bounced (unknown user: 'a')";
    let expect = |lines| {
        format!(
            "outgoing failed 4F1C - ?>a@example.org @-[-] delivery - 5.1.1 tries=1 lines={lines} | unknown user: 'a'"
        )
    };
    let docker = |text: &str| {
        format!("{{\"log\":\"{text}\",\"stream\":\"stdout\",\"time\":\"2026-11-17T13:51:07Z\"}}\n")
    };
    let framed = format!("Nov 17 14:51:07 mx postfix/local[7]: {bounced}");
    check(&docker(&format!("{framed}\\n")), &[&expect("1")]);
    check(&format!("> {}", docker(&format!("{framed}\\n"))), &[&expect("1")]);
    check(&(docker(&framed[..50]) + &docker(&format!("{}\\n", &framed[50..]))), &[&expect("1,2")]);
    check(&docker(&framed), &[&expect("1")]);
    check(
        &format!(
            "2026-11-17T13:51:07Z stdout P {}\n2026-11-17T13:51:07Z stdout F {}\n",
            &framed[..50],
            &framed[50..]
        ),
        &[&expect("1,2")],
    );
    let twice = docker(&format!("Nov 17 14:51:07 mx postfix/smtpd[7]: {REJECT}\\n"))
        + &docker("Nov 17 14:51:08 mx last message repeated 2 times\\n");
    check(&twice, &[&reject(3, "1,2")]);
    // A reject log, line by line.
    let log = "2026-11-17 14:51:07 H=(x) [192.0.2.7] F=<b@example.net> rejected after DATA: spam\n\
               Envelope-from: <b@example.net>\nP Received: from x by mx\n  Subject: 550 5.1.1 no\n-----\n";
    let wrapped: String = log.lines().map(|line| docker(&format!("{line}\\n"))).collect();
    check(
        &wrapped,
        &["incoming failed - - b@example.net>- @-[192.0.2.7] end_of_data - - tries=1 lines=1 | spam"],
    );
}

#[test]
fn escapes_of_rsyslog() {
    check(
        &postfix(
            "smtp 4F1C: to=<a@example.org>, relay=r[192.0.2.1]:25, dsn=5.7.1, status=bounced (host r[192.0.2.1] said: 550-5.7.1 no#012550 5.7.1 way (in reply to RCPT TO command))",
        ),
        &[
            "outgoing failed 4F1C - ?>a@example.org @r[192.0.2.1] rcpt_to 550 5.7.1 tries=1 lines=1 | 550-5.7.1 no/550 5.7.1 way",
        ],
    );
}

#[test]
fn journal_entries() {
    let bounced = "4F1C: to=<a@example.org>, relay=local, dsn=5.1.1, status=bounced (unknown user: 'a')";
    let expect = |line| {
        format!(
            "outgoing failed 4F1C - ?>a@example.org @-[-] delivery - 5.1.1 tries=1 lines={line} | unknown user: 'a'"
        )
    };
    check(
        &format!(
            "{{\"_HOSTNAME\":\"mx\",\"SYSLOG_IDENTIFIER\":\"postfix/local\",\"MESSAGE\":\"{bounced}\"}}\n"
        ),
        &[&expect(1)],
    );
    check(
        &format!("__CURSOR=1\nMESSAGE={bounced}\nSYSLOG_IDENTIFIER=postfix/local\n_HOSTNAME=mx\n\n"),
        &[&expect(2)],
    );
}

#[test]
fn stages_are_inferred_from_the_status_only() {
    check(
        &postfix(
            "smtp 4F1C: to=<a@example.org>, relay=r[192.0.2.1]:25, dsn=5.1.1, status=bounced (host r[192.0.2.1] said: 550 5.1.1 no",
        ),
        &[
            "outgoing failed 4F1C - ?>a@example.org @r[192.0.2.1] rcpt_to? 550 5.1.1 tries=1 lines=1 | 550 5.1.1 no",
        ],
    );
}

#[test]
fn what_no_grammar_takes_is_counted() {
    let out = read(b"Nov 17 14:51:07 mx postfix/smtp[7]: strange 550 5.1.1 no\nand a lone 550 no\n");
    assert_eq!(out.coverage.not_understood, 2);
    assert_eq!(out.coverage.not_understood_at.iter().map(|o| o.line).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(out.coverage.by_daemon["smtp"].not_understood, 1);
}

proptest! {
    /// Pieces of log lines in any order, and bytes of any kind: no panic, and every origin lies in the text.
    #[test]
    fn anything_can_be_read(parts in prop::collection::vec(part(), 0..60)) {
        let text = parts.concat();
        let out = read(&text);
        for origin in out.records.iter().flat_map(|e| e.origins()).chain(out.coverage.not_understood_at.iter().copied()) {
            prop_assert!(origin.start + u64::from(origin.len) <= text.len() as u64);
        }
        for evidence in out.records.iter() {
            prop_assert!(evidence.n_tries() > 0);
        }
        let _ = crate::parse::detect(&text);
    }
}

/// Lines of few messages, several of them under way at one time.
fn busy_log() -> impl Strategy<Value = Vec<String>> {
    let line = (0..12u8, 0..11u8).prop_map(|(message, kind)| {
        match kind {
            8 => return format!("Nov 17 14:51:07 mx postfix/smtpd[7]: {REJECT}\n"),
            9 => return "Nov 17 14:51:08 mx last message repeated 2 times\n".to_owned(),
            10 => return format!("Nov 17 14:51:08 mx postfix/smtpd[7]: message repeated 2 times: [ {REJECT}]\n"),
            _ => {}
        }
        let said = match kind {
            0 | 1 => "client=app[10.0.0.1]".to_owned(),
            2 => format!("message-id=<{message}@a>"),
            3 => format!("from=<s{message}@a>, size=1, nrcpt=1 (queue active)"),
            4 => "to=<b@c>, relay=mx[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 ok)".to_owned(),
            5 => "to=<b@c>, relay=mx[192.0.2.1]:25, delay=1, dsn=4.2.0, status=deferred (host mx[192.0.2.1] said: \
                  450 4.2.0 later (in reply to RCPT TO command))"
                .to_owned(),
            6 => "to=<b@c>, relay=mx[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx[192.0.2.1] said: \
                  550 5.1.1 no (in reply to RCPT TO command))"
                .to_owned(),
            _ => "removed".to_owned(),
        };
        format!("Nov 17 14:51:07 mx postfix/smtp[7]: 4F1C0{message:X}: {said}\n")
    });
    prop::collection::vec(line, 0..80)
}

proptest! {
    /// However the log is cut, and with room for few messages: what is put behind one another is the same.
    #[test]
    fn parts_are_put_behind_one_another(lines in busy_log(), cuts in prop::collection::vec(0..80usize, 0..4), max in 1..9usize) {
        let options = ReadOptions { year: None, zone: Default::default(), written: WRITTEN.parse().unwrap(), bare_replies: true };
        let with_max = || {
            let mut log = LogCorrelator::new(SourceId(0), options.clone());
            log.queue.contexts = Contexts::with_max(max);
            log
        };
        let expect = read_with(with_max(), lines.concat().as_bytes());
        let mut room = None;
        let (mut log, mut out, mut n_followed) = (with_max(), Harvest::default(), 0);
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < lines.len()).collect();
        cuts.sort_unstable();
        let mut from = 0;
        let mut start = 0;
        for to in cuts.into_iter().chain([lines.len()]) {
            let part = lines[from..to].concat();
            let mut ahead = log.ahead(start, room.take()).unwrap();
            let mut found = Harvest::default();
            for line in Lines::new(SourceId(0), part.as_bytes(), 1, start) {
                ahead.line(line, &mut found);
            }
            ahead.flush(&mut found);
            let mut open = Harvest::default();
            match log.follow(ahead, found.coverage, from as u64, &mut open) {
                Some(Followed { open: open_places, room: emptied }) => {
                    room = Some(emptied);
                    n_followed += 1;
                    found.records.shift_lines(from as u64);
                    let mut all: Vec<(u64, Evidence)> =
                        found.places.drain(..).zip(found.records.iter().map(|e| e.to_evidence())).collect();
                    all.extend(open_places.into_iter().zip(open.records.iter().map(|e| e.to_evidence())));
                    all.sort_by_key(|(place, _)| *place);
                    all.iter().for_each(|(_, evidence)| out.records.push_evidence(evidence));
                    found.accepted.into_iter().chain(open.accepted).for_each(|(domain, n)| {
                        *out.accepted.entry(domain).or_default() += n;
                    });
                    out.coverage.add(open.coverage);
                }
                None => {
                    for line in Lines::new(SourceId(0), part.as_bytes(), from as u64 + 1, start) {
                        log.line(line, &mut out);
                    }
                }
            }
            (from, start) = (to, start + part.len() as u64);
        }
        log.finish(&mut out);
        let evidence = |out: &Harvest| out.records.iter().map(|e| format!("{:?}\n", e.to_evidence())).collect::<String>();
        prop_assert_eq!(evidence(&out), evidence(&expect));
        prop_assert_eq!((&out.coverage, &out.accepted), (&expect.coverage, &expect.accepted));
        let _ = n_followed;
    }
}

fn part() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&str] = &[
        "\n",
        "\r\n",
        " ",
        ": ",
        "; ",
        ", ",
        "<",
        ">",
        "\"",
        "(",
        ")",
        "[",
        "]",
        "\\",
        "=",
        "é",
        "Nov 17 14:51:07 mx postfix/smtp[7]: ",
        "Nov 17 14:51:07 mx postfix/smtpd[7]: ",
        "Feb 29 14:51:07 mx exim[7]: ",
        "Nov 17 14:51:07 mx postfix/cleanup[7]: ",
        "2026-11-17 14:51:07 1aBcDe-0001Ab-Cd ",
        "2026-11-17 14:51:07 ",
        "4F1C: ",
        "NOQUEUE: ",
        "to=<a@example.org>",
        "from=<b@example.net>",
        "relay=r[192.0.2.1]:25",
        "dsn=5.1.1",
        "status=bounced ",
        "status=deferred ",
        "status=sent ",
        "(host r[192.0.2.1] said: 550 5.1.1 no (in reply to RCPT TO command))",
        "reject: RCPT from c[192.0.2.7]: 550 5.1.1 no",
        "reject: header x from c; from=<",
        "removed",
        "client=c[192.0.2.7]",
        "status=expired, returned to sender",
        "** ",
        "== ",
        "=> ",
        "<= ",
        "a@example.org ",
        "R=d T=s H=r (x) [192.0.2.1]:25",
        "SMTP error from remote mail server after RCPT TO:<a>: 550 no",
        "rejected RCPT <a@example.org>: no",
        "Completed",
        "[1/2] ",
        "[2\\2] ",
        "mx last message repeated 3 times",
        "message repeated 2 times: [ ",
        "{\"log\":\"",
        "\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-17T13:51:07Z\"}",
        "2026-11-17T13:51:07Z stdout P ",
        "2026-11-17T13:51:07Z stdout F ",
        "{\n",
        "}\n",
        "\"MESSAGE\" : \"",
        "[2\\2] ",
        "__CURSOR=x\n",
        "MESSAGE\n",
        "{\"MESSAGE\":\"",
        "\"}",
        "<22>1 ",
        "mail | ",
        "-----",
        "defer (-44)",
        "C=\"250",
        "F=<",
        "helo=<",
        "postfix/smtp[7]: ",
    ];
    prop_oneof![
        8 => prop::sample::select(PIECES).prop_map(|p| p.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ]
}
