//! Masks, and which refusals share a pattern.

use super::*;
use crate::model::{Origin, SourceId};
use crate::smtp::ReversePath;
use proptest::prelude::*;

fn judge() -> Judge {
    static KNOWLEDGE: std::sync::OnceLock<Arc<Knowledge>> = std::sync::OnceLock::new();
    let builtin = || Arc::new(Knowledge::builtin().unwrap_or_else(|e| panic!("{e}")));
    Judge::new(Arc::clone(KNOWLEDGE.get_or_init(builtin)))
}

fn evidence(text: &str) -> Evidence {
    let mut e = Evidence::new("test", Origin { source: SourceId(0), line: 1, start: 0, len: 0 });
    let reply = reply_codes(innermost(text).inner);
    e.diagnostic_code = text.into();
    e.reply_code = reply.code;
    e.enhanced_status = reply.enhanced;
    e.final_recipient = Some("bob.smith@example.org".into());
    e.reverse_path = Some(ReversePath::parse("<alice@sender.example>"));
    e.remote_mta = Some("mx1.mail.example.net".into());
    e
}

#[track_caller]
fn check(text: &str, expect: &str) {
    assert_eq!(&*judge().judge(&evidence(text)).pattern.text, expect);
}

#[test]
fn mailboxes() {
    check("550 5.1.1 <bob.smith@example.org>: unknown", "550 5.1.1 <recipient>: unknown");
    check("550 5.1.1 <Bob.Smith@EXAMPLE.org>... User unknown", "550 5.1.1 <recipient>... User unknown");
    check("550 bob.smith@example.org: no", "550 <recipient>: no");
    check("550 to rfc822;bob.smith@example.org.", "550 to rfc822;<recipient>.");
    check("550 <xbob.smith@example.org> no", "550 <address> no");
    check("553 <alice@sender.example>: not owned by user carol", "553 <address>: not owned by user <id>");
    check("550 mailto:postmaster@other.example please", "550 mailto:<address> please");
    check("550 User bob.smith unknown", "550 User <recipient> unknown");
    check("550 No such user (bob.smith)", "550 No such user (<recipient>)");
    check("550 domain example.org", "550 domain <domain>");
}

#[test]
fn ordinary_words_stay() {
    for (recipient, text) in [
        ("user@example.org", "550 User unknown"),
        ("mail@example.org", "550 mail refused"),
        ("bob@example.org", "550 bob is no help"),
    ] {
        let mut e = evidence(text);
        e.final_recipient = Some(recipient.into());
        assert_eq!(&*judge().judge(&e).pattern.text, text);
    }
    let mut e = evidence("550 user <o'brien> and o'brien unknown");
    e.final_recipient = Some("o'brien@example.org".into());
    assert_eq!(&*judge().judge(&e).pattern.text, "550 user <recipient> and <recipient> unknown");
    let mut e = evidence("550 <\"a b\"@example.org> no user");
    e.final_recipient = Some("\"a b\"@example.org".into());
    assert_eq!(&*judge().judge(&e).pattern.text, "550 <recipient> no user");
}

#[test]
fn hosts_and_addresses() {
    check(
        "554 Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "554 Client host [<ip>] blocked using zen.spamhaus.org",
    );
    check("554 blocked by bl.list.example", "554 blocked by bl.list.example");
    check(
        "554 <relay.other.example[192.0.2.1]>: Client host rejected",
        "554 <<host>[<ip>]>: Client host rejected",
    );
    check("554 <unknown[2001:db8::1]>: Client host rejected", "554 <unknown[<ip>]>: Client host rejected");
    check("550 <mail.other.example>: Helo command rejected", "550 <host>: Helo command rejected");
    check("550 IPv6:2001:db8::1 no PTR", "550 IPv6:<ip> no PTR");
    check("550 192.0.2.1:25 192.0.2.0/24", "550 <ip>:<n> <ip>/24");
    check("554 1.2.0.192.zen.spamhaus.org is 127.0.0.4", "554 <ip>.zen.spamhaus.org is 127.0.0.4");
    check("550 mx7.mail.example.net says no", "550 <host> says no");
    check("550 mx1.mail.example.net ESMTP", "550 <host> ESMTP");
    check("550 policy of other.example", "550 policy of <domain>");
    check("550 See google.com", "550 See google.com");
    check("554 <mailer[192.0.2.1]>: Client host rejected", "554 <<host>[<ip>]>: Client host rejected");
    check("554 relay.other.example [192.0.2.1] is refused", "554 <host> [<ip>] is refused");
    check("554 other.example (mxgmx012) not available", "554 other.example (<host>) not available");
    check("504 <carol>: Helo command rejected: x", "504 <host>: Helo command rejected: x");
    check("550 Access denied...4f1c23a9d0", "550 Access denied...<id>");
    check("554 no - mta4321.mail.bf1.yahoo.com", "554 no - <host>");
    check("550 not local host other.example, not a gateway", "550 not local host <domain>, not a gateway");
    check("550 [MAIL FROM domain [other.example] fails]", "550 [MAIL FROM domain [<domain>] fails]");
}

#[test]
fn ids() {
    check("550-5.1.1 try d75a77b69052e-4319abc12si1234567edf.42 - gsmtp", "550 5.1.1 try <id> - gsmtp");
    check(
        "550 5.4.1 Access denied. AS(201806281) [AM0PR04MB1234.eurprd04.prod.outlook.com 2024-01-31T10:00:00.123Z 08DC1A2B3C4D5E6F]",
        "550 5.4.1 Access denied. AS(201806281) [<id> <date> <id>]",
    );
    check(
        "550 [Name=Protocol Filter Agent][AGT=PFA][MxId=11B2C3D4E5F60718]",
        "550 [Name=Protocol Filter Agent][AGT=PFA][MxId=<id>]",
    );
    check("550 queued as 4F1C23A9D0", "550 queued as <id>");
    check("550 session id A12345", "550 session id <id>");
}

#[test]
fn tags_and_codes_stay() {
    for text in [
        "550 (S3150)",
        "550 IB607",
        "554 [CS01]",
        "421 [TSS04]",
        "554 [PH01]",
        "553 [BL21]",
        "550 OFR_102 [102]",
        "550 AUP#In-1310",
        "550 (AS3150)",
        "554 [291]",
        "554 (554.30)",
        "550 see RFC 5322 section 3.6.2",
        "550 LPN007_403",
        "550 Error 17",
        "550 5.7.515 Access denied",
        "550 RESOLVER.ADR.RecipNotFound; x",
        "554 AS(7555)",
    ] {
        check(text, text);
    }
}

#[test]
fn numbers_and_times() {
    check("552 size 26214400 exceeds 500 KB", "552 size <n> exceeds <n> KB");
    check("552 limit 25MB", "552 limit <n>MB");
    check("550 [192.0.2.1       13] Our system", "550 [<ip> <n>] Our system");
    check("550 score 12.5 of 5", "550 score <n> of <n>");
    check("450 since Mon, 31 Jan 2024 10:00:00 +0000", "450 since <date> <time>");
    check("450 since Jan 31 10:00:00", "450 since <date> <time>");
    check("450 since 31 Jan 2024.", "450 since <date>.");
    check("450 you may try", "450 you may try");
    check("450 since Tue, 1 Dec 2026 23:59:59 -0800 (PST) ok", "450 since <date> <time> ok");
    check("450 in 5 minutes or 300s", "450 in <time> or <time>");
    check("550 1,200 of 250/250 (100%) messages", "550 <n> of <n>/<n> (<n>%) messages");
    check("550 Error 17 seconds", "550 Error 17 seconds");
}

#[test]
fn urls() {
    check(
        "550 https://support.google.com/mail/?p=NoSuchUser x",
        "550 https://support.google.com/mail/?p=NoSuchUser x",
    );
    check(
        "550 https://support.google.com/mail/answer/81126.",
        "550 https://support.google.com/mail/answer/81126.",
    );
    check("550 https://www.spamhaus.org/query/ip/192.0.2.1", "550 https://www.spamhaus.org/query/ip/<ip>");
    check("550 http://list.example/r?r=1&ip=192.0.2.1)", "550 http://list.example/r?r=<n>&ip=<ip>)");
    check("550 http://list.example/bob.smith@example.org/x", "550 http://list.example/<recipient>/x");
    check("550 http://list.example/4f1c23a9d0/why", "550 http://list.example/<id>/why");
}

#[track_caller]
fn id_of(text: &str, change: impl FnOnce(&mut Evidence)) -> String {
    let mut e = evidence(text);
    change(&mut e);
    judge().judge(&e).pattern.id.to_string()
}

#[test]
fn one_refusal_in_four_renderings() {
    let id = id_of(
        "550-5.1.1 The account that you tried to reach\n550-5.1.1 does not exist. d75a77b69052e-4319abc12si1234567edf.42\n550 5.1.1 - gsmtp",
        |_| {},
    );
    let other = "x1y2z3a4b5c6d-99887766abc55si7654321edf.7";
    for text in [
        "550-5.1.1 The account that you tried to reach 550-5.1.1 does not exist. ID 550 5.1.1 - gsmtp",
        "550-5.1.1 The account that you tried to reach\\n550-5.1.1 does not exist. ID\\n550 5.1.1 - gsmtp",
        "smtp; 550-5.1.1 The account that you tried to reach 550-5.1.1 does not exist. ID 550 5.1.1 - gsmtp",
        "550-5.1.1 The account\r\n550-5.1.1 that you tried to reach does\r\n550-5.1.1 not exist. ID - gsmtp",
        "550 5.1.1 The account that you tried to reach does not exist.  ID - gsmtp",
        "550-5.1.1 The account that you tried to reach 550-5.1.1 does not exist. ID 550 5.1.1 - gsmtp (in reply to RCPT TO command)",
        "host mx1.mail.example.net[192.0.2.1] said: 550 5.1.1 The account that you tried to reach does not exist. ID - gsmtp",
    ] {
        assert_eq!(id_of(&text.replace("ID", other), |_| {}), id, "{text}");
    }
}

#[test]
fn what_does_not_matter() {
    let text = "550 5.1.1 <bob.smith@example.org>: Recipient address rejected: User unknown in local recipient table";
    let id = id_of(text, |_| {});
    assert_eq!(id_of(text, |e| e.queue_id = Some("4F1C23A9D0".into())), id);
    assert_eq!(id_of(text, |e| e.enhanced_status = None), id);
    assert_eq!(id_of(text, |e| e.stage = Stage::RcptTo), id, "5.1.1 implies the stage");
    let carol = text.replace("bob.smith@example.org", "carol@example.com");
    assert_eq!(id_of(&carol, |e| e.final_recipient = Some("carol@example.com".into())), id);
    assert_eq!(id_of(&carol, |e| e.final_recipient = Some("CAROL@example.com".into())), id);
    assert_ne!(id_of(text, |e| e.stage = Stage::EndOfData), id);
    assert_ne!(id_of(text, |e| e.direction = Direction::Incoming), id);
    assert_ne!(id_of(&text.replace("local", "virtual mailbox"), |_| {}), id);
    let bare = "550 no such thing here";
    assert_eq!(id_of(bare, |e| e.enhanced_status = EnhancedStatus::parse("5.0.0")), id_of(bare, |_| {}));
}

#[test]
fn an_unknown_stage_is_filled_in() {
    let rejection = judge().judge(&evidence("550 5.1.1 <bob.smith@example.org>: unknown"));
    assert_eq!((rejection.evidence.stage, rejection.evidence.stage_inferred), (Stage::RcptTo, true));
    let mut e = evidence("550 5.1.1 no");
    e.stage = Stage::Data;
    let rejection = judge().judge(&e);
    assert_eq!((rejection.evidence.stage, rejection.evidence.stage_inferred), (Stage::Data, false));
}

#[test]
fn a_failure_of_our_own_program_comes_after_acceptance() {
    let mut e = evidence("Unrouteable address");
    (e.remote_mta, e.reporting_mta) = (None, Some("out.example.org".into()));
    assert_eq!(judge().judge(&e).evidence.stage, Stage::Delivery);
    e.direction = Direction::Incoming;
    assert_ne!(judge().judge(&e).evidence.stage, Stage::Delivery);
}

#[test]
fn verdicts_are_shared() {
    let mut judge = judge();
    let a = judge.judge(&evidence("550 5.1.1 <bob.smith@example.org>: unknown"));
    let mut e = evidence("550 5.1.1 <c@example.com>: unknown");
    e.final_recipient = Some("c@example.com".into());
    let b = judge.judge(&e);
    assert!(Arc::ptr_eq(&a.verdict, &b.verdict) && Arc::ptr_eq(&a.pattern, &b.pattern));
}

#[test]
fn nothing_at_all() {
    let mut e = evidence("");
    assert_eq!(&*judge().judge(&e).pattern.text, "(no words in the evidence)");
    e.reply_code = ReplyCode::new(550);
    assert_eq!(&*judge().judge(&e).pattern.text, "550");
    let long = "x ".repeat(500);
    assert_eq!(judge().judge(&evidence(&long)).pattern.text.chars().count(), 400);
}

#[test]
fn tokens_of_the_rules_survive() {
    let mut judge = judge();
    let knowledge = Arc::clone(&judge.knowledge);
    let lost: Vec<_> = knowledge
        .rules()
        .iter()
        .flat_map(|rule| rule.tokens.iter().map(move |token| (&rule.id, token)))
        .filter(|(_, token)| !token.contains('@'))
        .filter(|(_, token)| {
            !judge.judge(&evidence(&format!("550 no {token} here"))).pattern.text.contains(token.as_str())
        })
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// A word that masking changes would never match, since the judge tries rules on the masked reply.
#[test]
fn words_of_the_rules_survive() {
    let mut masked = Masked::default();
    let knowledge = Arc::clone(&judge().knowledge);
    let nothing = Varying::default();
    let lost: Vec<_> = knowledge
        .rules()
        .iter()
        .flat_map(|rule| rule.any_text.iter().chain(&rule.all_text).map(move |words| (&rule.id, words)))
        .filter(|(_, words)| {
            masked.mask(std::iter::once(words.as_str()), &nothing);
            !masked.example(&nothing).contains(words.as_str())
        })
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// The judge tries rules on the masked reply: that must not change what they say.
#[test]
fn masked_replies_get_the_verdict_of_the_real_ones() {
    let mut judge = judge();
    let knowledge = Arc::clone(&judge.knowledge);
    let mut differ = Vec::new();
    for sample in knowledge.rules().iter().flat_map(|r| &r.accept) {
        let facts = sample.facts();
        let mut e = evidence(&sample.reply);
        e.remote_mta = sample.host.as_deref().map(Into::into);
        e.final_recipient = sample.recipient_domain.as_ref().map(|d| format!("user@{d}").into());
        (e.stage, e.direction) = (sample.stage, sample.direction);
        let (real, judged) = (knowledge.classify(&facts), judge.judge(&e).verdict);
        if (real.class, real.confidence) != (judged.class, judged.confidence) {
            differ.push(format!("{}: {real:?} {judged:?}", sample.reply));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

proptest::proptest! {
    /// Replies are written by strangers: nothing they write makes the judge fail, and ranges stay in the text.
    #[test]
    fn any_text_is_judged(parts in proptest::collection::vec(part(), 0..12)) {
        let text = parts.concat();
        let rejection = judge().judge(&evidence(&text));
        let facts = Facts {
            diagnostic_code: &text,
            reply_code: rejection.evidence.reply_code,
            enhanced_status: rejection.evidence.enhanced_status,
            stage: Stage::Unknown,
            remote_mta: None,
            recipient_domain: None,
            direction: Direction::Outgoing,
        };
        let judge = judge();
        let verdict = judge.knowledge.classify(&facts);
        let mut end = 0;
        for range in verdict.matched {
            proptest::prop_assert!(range.start >= end && text.get(range.start as usize..range.end as usize).is_some());
            end = range.end;
        }
    }
}

fn part() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    const PIECES: [&str; 44] = [
        "550",
        "550-5.1.1 ",
        "550 5.1.1 ",
        "5.7.1",
        " ",
        "\n",
        "\\n",
        "\r\n",
        "<",
        ">",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "'",
        ":",
        "::",
        "@",
        ".",
        "-",
        "=",
        "host mx[192.0.2.1] said: ",
        " (in reply to RCPT TO command)",
        "bob.smith@example.org",
        "bob.smith",
        "192.0.2.1",
        "2001:db8::1",
        "https://",
        "example.org",
        "Mon, ",
        "31 Jan 2024",
        "10:00:00",
        "relay",
        "access denied",
        "user unknown",
        "smtp;",
        "\u{130}",
        "\u{2019}",
        "\u{e9}",
        "25MB",
        "AS(123)",
        "a1b2c3d4e5",
        "%40",
    ];
    prop_oneof![proptest::sample::select(PIECES.as_slice()).prop_map(str::to_owned), "\\PC{0,6}", ".{0,4}"]
}

/// Pieces of replies, with all that the masker compares words with.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "550",
        "550-5.1.1",
        "5.1.1",
        "5.7.1",
        "User",
        "unknown",
        "user",
        "mailbox",
        "<",
        ">",
        ":",
        "(",
        ")",
        "[",
        "]",
        ";",
        ",",
        "...",
        "..",
        "/",
        "-",
        "=",
        "\"",
        "'",
        "ana",
        "ana.b",
        "info",
        "ana@example.org",
        "<ana@example.org>",
        "ANA@example.org",
        "bo.k@mail.example.net",
        "info@example.org",
        "xana@example.org",
        "example.org",
        "example.net",
        "sub.example.org",
        "mx1.mail.example.net",
        "mx2.mail.example.net",
        "sender.example",
        "news@sender.example",
        "https://example.org/a?b=c",
        "http://www.spamhaus.org/query/ip/192.0.2.1",
        "192.0.2.1",
        "mx[192.0.2.1]",
        "d75a77b69052e-4319abc12si1234567edf.42",
        "4c8Kx0z2bQ9d",
        "S3150",
        "IB607",
        "25MB",
        "10:00:00",
        "2026-11-17",
        "Jan",
        "31",
        "7",
        "hours",
        "domain",
        "host",
        "is",
        "from",
        "for",
        "to",
        "id",
        "gsmtp",
        "google.com",
        "Yahoo",
        "\n",
        "not owned by user",
        "Sender address rejected",
        "(in reply to RCPT TO command)",
        "said",
        "12345678",
        "1.2.0.192.zen.example.org",
    ]);
    prop::collection::vec((piece, prop::bool::weighted(0.7)), 0..12).prop_map(|parts| {
        parts.into_iter().map(|(p, blank)| format!("{p}{}", if blank { " " } else { "" })).collect()
    })
}

proptest! {
    /// A shortcut leads where the long way does, whichever refusals came before.
    #[test]
    fn shortcuts_lead_to_the_same(
        texts in prop::collection::vec(pieces(), 1..4),
        order in prop::collection::vec((0..4usize, 0..8usize, 0..4usize, 0..4usize), 1..30),
    ) {
        const RECIPIENTS: [&str; 8] = [
            "ana@example.org", "ana.b@example.org", "bo.k@mail.example.net", "info@example.org", "user@sub.example.org",
            "yahoo@example.org", "user7@google.com", "zoe.w@other.example",
        ];
        const SENDERS: [&str; 4] = ["", "news@sender.example", "ana@example.org", "x@www.spamhaus.org"];
        const HOSTS: [Option<&str>; 4] =
            [None, Some("mx1.mail.example.net"), Some("mx2.mail.example.net[192.0.2.1]:25"), Some("aspmx.l.google.com")];
        let mut judge = judge();
        for (text, recipient, sender, host) in order {
            let mut e = evidence(&texts[text % texts.len()]);
            e.final_recipient = Some(RECIPIENTS[recipient].into());
            e.reverse_path = Some(ReversePath::of_mailbox(SENDERS[sender]));
            e.remote_mta = HOSTS[host].map(Into::into);
            let mut records = Records::default();
            records.push_evidence(&e);
            let by_shortcut = judge.judged(records.get(0));
            let (in_full, _) = judge.judged_in_full(records.get(0));
            prop_assert_eq!(by_shortcut, in_full, "{:?}", e);
        }
    }
}

/// Texts for one recipient and one identifier, `{to}` and `{id}`, among what the masker looks at around them.
fn templates() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{to}",
        "<{to}>",
        "to:{to}",
        "x{to}",
        "{to}",
        "https://{to}/",
        "https://mx.example.net/?a={to}",
        "{id}",
        "{id}",
        "({id})",
        "id={id}",
        "User",
        "5",
        "12",
        "Jan",
        "31 Jan 2026",
        "2026-01-31",
        "10:00:00",
        "Mon",
        "May",
        "mx.other.example",
        "said: ",
        "host mx said: ",
        "550",
        "5.1.1",
        "/25",
        "(1234567)",
        "[7]",
        "[192.0.2.1]",
        ",",
        ":",
        "\\",
        "\n",
        "not owned by user",
        "rule",
        "id",
        "+0100",
        "is",
        "no",
    ]);
    let blank = prop::bool::weighted(0.8);
    prop::collection::vec((piece, blank), 1..7).prop_map(|parts| {
        let words = parts.into_iter().map(|(p, blank)| format!("{p}{}", if blank { " " } else { "" }));
        format!("550 5.1.1 {}", words.collect::<String>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// Which recipient and which identifier were cut out makes no difference.
    #[test]
    fn shortcuts_cut_out_what_decides_nothing(
        text in templates(),
        order in prop::collection::vec((0..9usize, 0..13usize), 2..24),
    ) {
        const RECIPIENTS: [&str; 9] = [
            "zoe.q@example.org", "s1234567@example.org", "q7654321@b.example", "min.li@example.org", "UTCzoe@example.org",
            "May@example.org", "nils.w@host1", "nils.w@EXAMPLE.ORG", "isn@example.org",
        ];
        const IDS: [&str; 13] = [
            "d75a77b69052e-4319abc12si1234567edf.42", "s1234567", "Q7654321", "s-1a2b3c4d5e", "q-1a2b3c4d5e",
            "1234-9f3c2ab1", "9f3c2ab1-1234", "550-abc123de", "5.1.1-abc123de", "UTC1234ab5", "is-1a2b3c4d5e",
            "May-1a2b3c4d5e", "20260131-9f3c2ab1",
        ];
        let mut judge = judge();
        for (recipient, id) in order {
            let mut e = evidence(&text.replace("{to}", RECIPIENTS[recipient]).replace("{id}", IDS[id]));
            e.final_recipient = Some(RECIPIENTS[recipient].into());
            let mut records = Records::default();
            records.push_evidence(&e);
            let by_shortcut = judge.judged(records.get(0));
            let (in_full, _) = judge.judged_in_full(records.get(0));
            prop_assert_eq!(by_shortcut, in_full, "{:?}", e);
        }
    }
}
