//! Words by which a notice is told from other mail, and one system's notice from another's.

use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// Which kind of mail words belong to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sign {
    /// A non-delivery notice; the name of its format.
    Notice(&'static str),
    /// Typical words of notices of many systems.
    Failure,
    /// A message that is still being tried.
    Delay,
}

const POSTFIX: Sign = Sign::Notice("dsn.postfix");
const EXIM: Sign = Sign::Notice("dsn.exim");
const SENDMAIL: Sign = Sign::Notice("dsn.sendmail");
const QMAIL: Sign = Sign::Notice("dsn.qmail");
const EXCHANGE: Sign = Sign::Notice("dsn.exchange");
const GMAIL: Sign = Sign::Notice("dsn.gmail");
const OTHER: Sign = Sign::Notice("dsn.other");

/// Words in the body. Compared without regard to the case of ASCII letters; line ends count as blanks.
const BODY: &[(&str, Sign)] = &[
    ("this is the postfix program at host", POSTFIX),
    ("this is the mail system at host", POSTFIX),
    ("i'm sorry to have to inform you that your message could not", POSTFIX),
    ("i'm sorry to have to inform you that the message returned", POSTFIX),
    ("this message was created automatically by mail delivery software", EXIM),
    ("this message was created automatically by the mail delivery", EXIM),
    ("smtp error from remote mail server after", EXIM),
    ("smtp error from remote mailer after", EXIM),
    ("transcript of session follows", SENDMAIL),
    ("the following addresses had permanent fatal errors", SENDMAIL),
    ("the following addresses had delivery errors", SENDMAIL),
    ("the following addresses had permanent delivery errors", SENDMAIL),
    ("unsent message follows", SENDMAIL),
    ("... while talking to ", SENDMAIL),
    ("hi. this is the qmail-send program", QMAIL),
    ("this is the qmail-send program", QMAIL),
    ("i'm afraid i wasn't able to deliver your message to the following address", QMAIL),
    ("remote host said:", QMAIL),
    ("but sender was rejected", QMAIL),
    ("diagnostic information for administrators", EXCHANGE),
    ("generating server:", EXCHANGE),
    ("remote server returned '", EXCHANGE),
    ("did not reach the following recipient", EXCHANGE),
    ("informations de diagnostic pour les administrateurs", EXCHANGE),
    ("diagnoseinformationen für administratoren", EXCHANGE),
    ("información de diagnóstico para los administradores", EXCHANGE),
    ("informazioni di diagnostica per gli amministratori", EXCHANGE),
    ("管理者向けの診断情報", EXCHANGE),
    ("供管理员使用的诊断信息", EXCHANGE),
    ("technical details of permanent failure", GMAIL),
    ("technical details of temporary failure", GMAIL),
    ("the response from the remote server was", GMAIL),
    ("the error that the other server returned was", GMAIL),
    ("antwort des remote-servers", GMAIL),
    ("antwort vom remote-server", GMAIL),
    ("réponse du serveur distant", GMAIL),
    ("respuesta del servidor remoto", GMAIL),
    ("risposta del server remoto", GMAIL),
    ("risposta dal server remoto", GMAIL),
    ("resposta do servidor remoto", GMAIL),
    ("antwoord van de externe server", GMAIL),
    ("ответ удаленного сервера", GMAIL),
    ("ответ от удаленного сервера", GMAIL),
    ("odpowiedź serwera zdalnego", GMAIL),
    ("リモート サーバーからの応答", GMAIL),
    ("delivery to the following recipient failed permanently", GMAIL),
    ("address not found", GMAIL),
    ("we're writing to let you know that the group you tried to contact", GMAIL),
    ("this is the mailer-daemon, please do not reply", OTHER),
    ("this is the dragonfly mail agent", OTHER),
    ("we were unable to deliver your message to the following address", OTHER),
    ("unable to deliver message to the following", OTHER),
    ("unable to deliver message to", OTHER),
    ("undeliverable message", OTHER),
    ("could not be delivered", Sign::Failure),
    ("was not delivered", Sign::Failure),
    ("couldn't be delivered", Sign::Failure),
    ("cannot be delivered", Sign::Failure),
    ("can't be delivered", Sign::Failure),
    ("not able to be delivered", Sign::Failure),
    ("could not be sent", Sign::Failure),
    ("couldn't be sent", Sign::Failure),
    ("was undeliverable", Sign::Failure),
    ("undeliverable to", Sign::Failure),
    ("undeliverable for", Sign::Failure),
    ("undeliverable mail", Sign::Failure),
    ("undelivered mail", Sign::Failure),
    ("message not delivered", Sign::Failure),
    ("there was a problem delivering your message", Sign::Failure),
    ("delivery failed", Sign::Failure),
    ("delivery has failed", Sign::Failure),
    ("failed to deliver", Sign::Failure),
    ("following recipients was aborted", Sign::Failure),
    ("had delivery problems", Sign::Failure),
    ("delivery of the email was stopped", Sign::Failure),
    ("was considered unsolicited bulk e-mail", Sign::Failure),
    ("automatically generated delivery status notification", Sign::Failure),
    ("this is a delivery status notification", Sign::Failure),
    ("failure reasons", Sign::Failure),
    ("there was an error delivering your mail", Sign::Failure),
    ("the following recipients returned permanent errors", Sign::Failure),
    ("delivery to the following recipient", Sign::Failure),
    ("deliver to the following recipient", Sign::Failure),
    ("deliver the mail to the following recipient", Sign::Failure),
    ("deliver your message to the following", Sign::Failure),
    ("the following address failed", Sign::Failure),
    ("the following address(es) failed", Sign::Failure),
    ("recipients was rejected by a remote mail server", Sign::Failure),
    ("permanent fatal errors", Sign::Failure),
    ("message from interscan messaging security suite", Sign::Failure),
    ("we had trouble delivering your message", Sign::Failure),
    ("returned mail", Sign::Failure),
    ("failed addresses follow", Sign::Failure),
    ("-------server message", Sign::Failure),
    ("was automatically rejected", Sign::Failure),
    ("fatal delivery errors", Sign::Failure),
    ("did not reach some or all of the intended recipients", Sign::Failure),
    ("could not be reached", Sign::Failure),
    ("could not deliver message to", Sign::Failure),
    ("groups.google.com/support", Sign::Failure),
    ("error message below:", Sign::Failure),
    ("duplicated message-id in", Sign::Failure),
    ("this is the james mail server", OTHER),
    ("final-recipient:", Sign::Failure),
    ("your message wasn't delivered", Sign::Failure),
    ("dieser bericht wurde automatisch", Sign::Failure),
    ("konnte nicht zugestellt werden", Sign::Failure),
    ("konnte nicht an folgende", Sign::Failure),
    ("fehler bei der nachrichtenzustellung", Sign::Failure),
    ("n'a pas pu être remis", Sign::Failure),
    ("n'a pas pu être distribué", Sign::Failure),
    ("échec de la remise", Sign::Failure),
    ("no se ha podido entregar", Sign::Failure),
    ("no se pudo entregar", Sign::Failure),
    ("impossibile recapitare", Sign::Failure),
    ("não foi possível entregar", Sign::Failure),
    ("не может быть доставлено", Sign::Failure),
    ("nie można dostarczyć", Sign::Failure),
    ("kunde inte levereras", Sign::Failure),
    ("kon niet worden bezorgd", Sign::Failure),
    ("配信できません", Sign::Failure),
    ("送信できません", Sign::Failure),
    ("退信", Sign::Failure),
    ("無法傳送", Sign::Failure),
    ("无法送达", Sign::Failure),
    ("this is a warning message only", Sign::Delay),
    ("you do not need to resend your message", Sign::Delay),
    ("you do not need to resend the message", Sign::Delay),
    ("no action is required on your part", Sign::Delay),
    ("could not send message for past", Sign::Delay),
    ("will keep trying until message is", Sign::Delay),
    ("delivery attempts will continue", Sign::Delay),
    ("has not yet been delivered", Sign::Delay),
    ("it will be retried", Sign::Delay),
    ("has been delayed", Sign::Delay),
    ("the following addresses had transient non-fatal errors", Sign::Delay),
];

static MATCHER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostFirst)
        .build(BODY.iter().map(|(words, _)| words))
        .ok()
});

/// What the words of a body say about it.
#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signs {
    /// The first format named.
    pub format: Option<&'static str>,
    /// Words of failure were seen.
    pub failure: bool,
    /// Words of delay were seen.
    pub delay: bool,
}

/// Looks for the words in `text`, which may be wrapped.
pub(super) fn in_body(text: &str) -> Signs {
    let mut signs = Signs::default();
    let Some(matcher) = MATCHER.as_ref() else { return signs };
    let joined = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ").replace('’', "'");
    for found in matcher.find_iter(&joined) {
        match BODY[found.pattern().as_usize()].1 {
            Sign::Notice(format) => {
                signs.failure = true;
                // The generic name gives way to a system's.
                if signs.format.is_none_or(|f| f == "dsn.other") {
                    signs.format = Some(format);
                }
            }
            Sign::Failure => signs.failure = true,
            Sign::Delay => signs.delay = true,
        }
    }
    signs
}

/// Words in the subject of a non-delivery notice.
const NOTICE_SUBJECTS: [&str; 46] = [
    "returning to sender",
    "automatically rejected",
    "did not reach",
    "rejected:",
    "mail failed",
    "loop alert",
    "undeliver",
    "returned mail",
    "failure notice",
    "delivery status",
    "delivery failure",
    "delivery failed",
    "mail delivery",
    "delivery has failed",
    "delivery notification",
    "non-delivery",
    "nondelivery",
    "returning message",
    "could not be delivered",
    "couldn't be delivered",
    "mail system error",
    "delivery problem",
    "delivery error",
    "mail failure",
    "message undeliverable",
    "unable to deliver",
    "not delivered",
    "error sending your mail",
    "message delivery",
    "delayed mail",
    "delivery delayed",
    "warning: could not send",
    "delivery report",
    "unzustellbar",
    "nicht zustellbar",
    "non remis",
    "non distribuable",
    "echec de la remise",
    "échec de la remise",
    "no se pudo entregar",
    "no entregado",
    "mancato recapito",
    "undelivered",
    "onbestelbaar",
    "配信不能",
    "配信エラー",
];

/// Words in the subject of a reply by a machine that refuses nothing.
const AWAY_SUBJECTS: [&str; 25] = [
    "out of office",
    "out of the office",
    "out-of-office",
    "auto reply",
    "auto-reply",
    "automatic reply",
    "autoreply",
    "auto response",
    "autoresponse",
    "auto:",
    "vacation",
    "on holiday",
    "away from",
    "i am away",
    "away until",
    "abwesenheit",
    "automatische antwort",
    "réponse automatique",
    "absence du bureau",
    "respuesta automática",
    "fuera de la oficina",
    "risposta automatica",
    "automatisch antwoord",
    "自動応答",
    "自动回复",
];

/// Whether the subject is that of a non-delivery notice.
pub(super) fn is_notice_subject(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    NOTICE_SUBJECTS.iter().any(|words| subject.contains(words))
}

/// Whether the subject is that of an absence note or another automatic reply.
pub(super) fn is_away_subject(subject: &str) -> bool {
    let subject = subject.to_lowercase();
    AWAY_SUBJECTS.iter().any(|words| subject.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        #[track_caller]
        fn check(text: &str, expect: &str) {
            let s = in_body(text);
            assert_eq!(format!("{} {} {}", s.format.unwrap_or("-"), s.failure, s.delay), expect, "{text}");
        }
        check("Hi. This is the qmail-send program at mail.example.org.", "dsn.qmail true false");
        check("This message was created\nautomatically by mail delivery software.", "dsn.exim true false");
        check("Your message could not be delivered to a@example.org", "- true false");
        check("THIS IS A WARNING MESSAGE ONLY.", "- false true");
        check("Let us meet at noon.", "- false false");
    }

    #[test]
    fn subjects() {
        assert!(is_notice_subject("Undelivered Mail Returned to Sender"));
        assert!(is_away_subject("Automatic reply: hello"));
        assert!(!is_notice_subject("hello") && !is_away_subject("hello"));
    }
}
