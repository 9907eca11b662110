//! At which stage the refusal came, from the words of the notice.
//!
//! Postfix `(in reply to RCPT TO command)`, Exim `after RCPT TO:<a@example.org>`, qmail `does not like recipient`,
//! DragonFly `did not like our RCPT TO`, GMX `after RCPT command`, Yahoo `[RCPT_TO]`.

use crate::smtp::{EnhancedStatus, ReplyCode, Stage};

/// Words that name a stage, in lower case; the first that stands in the text decides, in this order.
const WORDS: [(&str, Stage); 71] = [
    ("in reply to rcpt to", Stage::RcptTo),
    ("in reply to mail from", Stage::MailFrom),
    ("in reply to data command", Stage::Data),
    ("in reply to end of data", Stage::EndOfData),
    ("in reply to ehlo", Stage::Ehlo),
    ("in reply to helo", Stage::Ehlo),
    ("in reply to starttls", Stage::StartTls),
    ("in reply to auth", Stage::Auth),
    ("refused to talk to me", Stage::Connect),
    ("sasl authentication failed", Stage::Auth),
    ("after rcpt to:", Stage::RcptTo),
    ("after pipelined rcpt to:", Stage::RcptTo),
    ("after mail from:", Stage::MailFrom),
    ("after pipelined mail from:", Stage::MailFrom),
    ("after end of data", Stage::EndOfData),
    ("after pipelined end of data", Stage::EndOfData),
    ("after initial connection", Stage::Connect),
    ("after ehlo", Stage::Ehlo),
    ("after helo", Stage::Ehlo),
    ("after starttls", Stage::StartTls),
    ("after auth", Stage::Auth),
    ("after data:", Stage::Data),
    ("after pipelined data", Stage::Data),
    ("after rcpt command", Stage::RcptTo),
    ("for rcpt command", Stage::RcptTo),
    ("after mail command", Stage::MailFrom),
    ("for mail command", Stage::MailFrom),
    ("for text command", Stage::EndOfData),
    ("after text command", Stage::EndOfData),
    ("for data command", Stage::Data),
    ("after data command", Stage::Data),
    ("after end-of-data", Stage::EndOfData),
    ("does not like recipient", Stage::RcptTo),
    ("but sender was rejected", Stage::MailFrom),
    ("failed after i sent the message", Stage::EndOfData),
    ("but my name was rejected", Stage::Ehlo),
    ("but greeting failed", Stage::Connect),
    ("failed on data command", Stage::Data),
    ("did not like our rcpt to", Stage::RcptTo),
    ("did not like our mail from", Stage::MailFrom),
    ("did not like our final data", Stage::EndOfData),
    ("did not like our data", Stage::Data),
    ("did not like our ehlo", Stage::Ehlo),
    ("did not like our helo", Stage::Ehlo),
    ("did not like our starttls", Stage::StartTls),
    ("[rcpt_to]", Stage::RcptTo),
    ("[mail_from]", Stage::MailFrom),
    ("[data]", Stage::Data),
    ("[body]", Stage::EndOfData),
    ("[end_of_message]", Stage::EndOfData),
    ("[smtp_response_after_data]", Stage::EndOfData),
    ("smtp:rcpt ", Stage::RcptTo),
    ("smtp:mail ", Stage::MailFrom),
    ("smtp:data ", Stage::Data),
    ("smtp:eom ", Stage::EndOfData),
    ("smtp:connect ", Stage::Connect),
    ("refused to accept your message (data)", Stage::Data),
    ("refused to accept your message (rcpt to)", Stage::RcptTo),
    ("refused to accept your message (mail from)", Stage::MailFrom),
    ("error in rcpt to", Stage::RcptTo),
    ("server sent: rcpt to", Stage::RcptTo),
    ("server sent: mail from", Stage::MailFrom),
    ("server sent: data", Stage::Data),
    ("response after rcpt to", Stage::RcptTo),
    ("while sending rcpt to", Stage::RcptTo),
    ("while sending mail from", Stage::MailFrom),
    ("while sending end of data", Stage::EndOfData),
    ("message-body was rejected", Stage::EndOfData),
    // Gmail's internal states of its SMTP client.
    ("(state 13)", Stage::RcptTo),
    ("(state 14)", Stage::RcptTo),
    ("(state 18)", Stage::EndOfData),
];

/// How much of a text is searched.
const MAX_TEXT: usize = 16 * 1024;

/// The stage that the words name.
pub(super) fn from_words(text: &str) -> Option<Stage> {
    let text = super::quoted::cap(text, MAX_TEXT);
    let lower = text.to_ascii_lowercase().split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    WORDS.iter().find(|(words, _)| lower.contains(words)).map(|(_, stage)| *stage)
}

/// The stage of a command line: `RCPT TO:<a@example.org>`, `DATA`, `.`
pub(super) fn from_command(command: &str) -> Option<Stage> {
    let verb: String = command.trim().chars().take_while(|c| c.is_ascii_alphabetic() || *c == '.').collect();
    Some(match verb.to_ascii_uppercase().as_str() {
        "RCPT" => Stage::RcptTo,
        "MAIL" => Stage::MailFrom,
        // Sendmail prints `>>> DATA` before the text and `>>> .` after it.
        "DATA" => Stage::Data,
        "." | "BDAT" => Stage::EndOfData,
        "EHLO" | "HELO" | "LHLO" => Stage::Ehlo,
        "STARTTLS" => Stage::StartTls,
        "AUTH" => Stage::Auth,
        _ => return None,
    })
}

/// What the codes suggest where no words tell.
pub(super) fn from_codes(code: Option<ReplyCode>, enhanced: Option<EnhancedStatus>) -> Option<Stage> {
    // Without a reply no server refused a command.
    code?;
    Stage::usual_for(enhanced?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_from_words() {
        #[track_caller]
        fn check(text: &str, expect: Option<Stage>) {
            assert_eq!(from_words(text), expect, "{text}");
        }
        check("550 no (in reply to RCPT TO command)", Some(Stage::RcptTo));
        check("550 no (in reply to end of DATA command)", Some(Stage::EndOfData));
        check(
            "SMTP error from remote mail server after MAIL FROM:<a@example.org> SIZE=1: 550 no",
            Some(Stage::MailFrom),
        );
        check("192.0.2.1 does not like recipient.", Some(Stage::RcptTo));
        check("550 no [RCPT_TO]", Some(Stage::RcptTo));
        check("refused to\n    talk to me: 421 x", Some(Stage::Connect));
        check("550 no", None);
    }

    #[test]
    fn stages_from_commands() {
        assert_eq!(from_command("RCPT To:<a@example.org>"), Some(Stage::RcptTo));
        assert_eq!(from_command("."), Some(Stage::EndOfData));
        assert_eq!(from_command("QUIT"), None);
    }

    #[test]
    fn stages_from_codes() {
        let check = |code: u16, status: &str| from_codes(ReplyCode::new(code), EnhancedStatus::parse(status));
        assert_eq!(check(550, "5.1.1"), Some(Stage::RcptTo));
        assert_eq!(check(550, "5.1.8"), Some(Stage::MailFrom));
        assert_eq!(check(550, "5.7.26"), Some(Stage::EndOfData));
        assert_eq!(check(550, "5.7.1"), None);
        assert_eq!(from_codes(None, EnhancedStatus::parse("5.1.1")), None);
    }
}
