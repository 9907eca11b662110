//! The part of an SMTP session that Sendmail and its relatives print in a notice.
//!
//! `... while talking to mx.example.org.:` / `>>> RCPT To:<a@example.org>` / `<<< 550 5.1.1 no such user`. Lines
//! without an arrow, `554 5.0.0 Service unavailable`, are the sending program's own summary.

use super::address::addresses;
use super::stage;
use crate::smtp::{ReplyCode, Stage};

/// One reply of the server.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Exchange {
    /// The host that was talked to.
    pub host: Option<String>,
    /// The recipient, if the command names one.
    pub recipient: Option<String>,
    /// The stage of the command.
    pub stage: Option<Stage>,
    /// All lines of the reply, without arrows.
    pub reply: String,
}

impl Exchange {
    /// The code the reply starts with.
    pub fn code(&self) -> Option<ReplyCode> {
        crate::smtp::read_reply(&self.reply).code
    }
}

/// The most replies kept of one session, and the longest.
const MAX_REPLIES: usize = 200;
const MAX_REPLY: usize = 4 * 1024;

/// What stands in front of a command, and of a reply.
fn arrow(line: &str) -> Option<(bool, &str)> {
    let line = line.trim_start();
    if let Some(rest) = line.strip_prefix("<<<") {
        return Some((true, rest.trim()));
    }
    line.strip_prefix(">>>").map(|rest| (false, rest.trim()))
}

/// Whether `line` belongs to a printed session.
pub(super) fn is_line(line: &str) -> bool {
    arrow(line).is_some() || line.trim_start().starts_with("... while talking to ")
}

/// All 4yz and 5yz replies with the commands they answer.
pub(super) fn read(lines: &[&str]) -> Vec<Exchange> {
    let mut found: Vec<Exchange> = Vec::new();
    let mut host = None;
    let mut command = (None, None);
    let mut open = false;
    for line in lines {
        if let Some(name) = line.trim_start().strip_prefix("... while talking to ") {
            host = Some(name.trim().trim_end_matches([':', '.', ' ']).to_owned());
            command = (None, Some(Stage::Connect));
            open = false;
            continue;
        }
        let Some((is_reply, text)) = arrow(line) else {
            open = false;
            continue;
        };
        if !is_reply {
            if let Some(at) = stage::from_command(text) {
                let recipient =
                    (at == Stage::RcptTo).then(|| addresses(text).first().map(|a| (*a).to_owned()));
                command = (recipient.flatten(), Some(at));
            }
            open = false;
            continue;
        }
        let code = ReplyCode::at_start(text);
        let room = found.len() < MAX_REPLIES;
        match found.last_mut() {
            // The next line of the same reply: with its code, or folded without one.
            Some(last)
                if open
                    && last.reply.len() + text.len() < MAX_REPLY
                    && (code.is_none() || text.get(..3) == last.reply.get(..3) && dashed(&last.reply)) =>
            {
                last.reply.push(if code.is_some() { '\n' } else { ' ' });
                last.reply.push_str(text);
            }
            _ if code.is_some_and(|c| c.get() >= 400) && room => {
                found.push(Exchange {
                    host: host.clone(),
                    recipient: command.0.clone(),
                    stage: command.1,
                    reply: super::quoted::cap(text, MAX_REPLY).to_owned(),
                });
                open = true;
            }
            _ => open = false,
        }
    }
    found
}

/// Whether the last line so far is a continuation, `550-…`.
fn dashed(reply: &str) -> bool {
    reply.rsplit('\n').next().and_then(|l| l.as_bytes().get(3)) == Some(&b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions() {
        #[track_caller]
        fn check(text: &str, expect: &[&str]) {
            let lines: Vec<_> = text.lines().collect();
            let got: Vec<String> = read(&lines)
                .iter()
                .map(|e| {
                    format!(
                        "{} {} {} | {}",
                        e.host.as_deref().unwrap_or("-"),
                        e.recipient.as_deref().unwrap_or("-"),
                        e.stage.map_or("-", Stage::name),
                        e.reply
                    )
                })
                .collect();
            assert_eq!(got, expect);
        }
        check(
            "... while talking to mx.example.org.:\n>>> RCPT To:<a@example.org>\n<<< 550-5.1.1 no\n<<< 550 5.1.1 user\n\
             550 5.1.1 <a@example.org>... User unknown",
            &["mx.example.org a@example.org rcpt_to | 550-5.1.1 no\n550 5.1.1 user"],
        );
        check("... while talking to mx:\n<<< 554 go away\n<<< 250 x", &["mx - connect | 554 go away"]);
        check(">>> DATA\n<<< 550 a\n<<< 503 b", &["- - data | 550 a", "- - data | 503 b"]);
        check("no arrows\n550 x", &[]);
    }
}
