//! The part of an SMTP session that Sendmail and its relatives print in a notice.
//!
//! `... while talking to mx.example.org.:` / `>>> RCPT To:<a@example.org>` / `<<< 550 5.1.1 no such user`. Lines
//! without an arrow are the sending program's own summary: `550 5.1.1 <a@example.org>... User unknown`. They tell
//! whom a reply to DATA was about; and `554 <a@example.org>... 550 Host unknown` quotes a reply itself.

use super::address::addresses;
use super::quoted::cap;
use super::stage;
use crate::smtp::{ReplyCode, Stage};

/// One reply of the server.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Exchange {
    /// The host that was talked to.
    pub host: Option<String>,
    /// Whom it is about: from the command, or from the summary behind the session.
    pub recipients: Vec<String>,
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

    fn add_recipient(&mut self, recipient: &str) {
        if self.recipients.len() < MAX_RECIPIENTS && !self.is_about(recipient) {
            self.recipients.push(recipient.to_owned());
        }
    }

    /// Whether it is known to be about `recipient`.
    pub fn is_about(&self, recipient: &str) -> bool {
        self.recipients.iter().any(|r| r.eq_ignore_ascii_case(recipient))
    }
}

/// The most replies kept of one session, the longest, and the most recipients of one.
const MAX_REPLIES: usize = 200;
const MAX_REPLY: usize = 4 * 1024;
const MAX_RECIPIENTS: usize = 200;

/// A line of a printed session.
enum Line<'a> {
    Host(&'a str),
    Command(&'a str),
    Reply(&'a str),
}

fn read_line(line: &str) -> Option<Line<'_>> {
    let line = line.trim();
    // InterScan writes `Sent <<< RCPT TO:…` and `Received >>> 550 …`: the content decides, not the arrow.
    let arrow = line.strip_prefix("Sent ").or_else(|| line.strip_prefix("Received ")).unwrap_or(line);
    if let Some(rest) = arrow.strip_prefix("<<<").or_else(|| arrow.strip_prefix(">>>")) {
        let text = rest.trim();
        let is_command = stage::from_command(text).is_some()
            || arrow.starts_with(">>>") && ReplyCode::at_start(text).is_none();
        return Some(if is_command { Line::Command(text) } else { Line::Reply(text) });
    }
    let rest = line.strip_prefix("... ").unwrap_or(line);
    let words = rest.get(..17)?;
    words
        .eq_ignore_ascii_case("while talking to ")
        .then(|| Line::Host(rest[17..].trim_end_matches([':', '.', ' '])))
}

/// Whether `line` belongs to a printed session.
pub(super) fn is_line(line: &str) -> bool {
    read_line(line).is_some()
}

/// Whether `line` is a summary that names a recipient: `554 <a@example.org>... Remote protocol error`.
pub(super) fn is_summary(line: &str) -> bool {
    let line = line.trim();
    ReplyCode::at_start(line).is_some()
        && line.split_once("... ").is_some_and(|(about, _)| about.contains('@'))
}

/// All 4yz and 5yz replies with the commands they answer.
pub(super) fn read(lines: &[&str]) -> Vec<Exchange> {
    let mut session = Session::default();
    for line in lines {
        match read_line(line) {
            Some(Line::Host(host)) => {
                session.host = Some(host.to_owned());
                (session.recipient, session.stage) = (None, Some(Stage::Connect));
                (session.in_reply, session.open) = (false, false);
            }
            Some(Line::Command(command)) => session.command(command),
            Some(Line::Reply(text)) => session.reply(text),
            None => session.summary(line),
        }
    }
    session.found
}

#[derive(Default)]
struct Session {
    host: Option<String>,
    recipient: Option<String>,
    stage: Option<Stage>,
    /// The line before was a line of the last reply.
    in_reply: bool,
    /// The last reply found is one of the host that is being talked to.
    open: bool,
    found: Vec<Exchange>,
}

impl Session {
    fn command(&mut self, command: &str) {
        self.in_reply = false;
        let Some(stage) = stage::from_command(command) else { return };
        let recipient = addresses(command).first().map(|a| (*a).to_owned());
        self.recipient = recipient.filter(|_| stage == Stage::RcptTo);
        self.stage = Some(stage);
    }

    fn reply(&mut self, text: &str) {
        let code = ReplyCode::at_start(text);
        if self.in_reply
            && let Some(last) = self.found.last_mut()
            && last.reply.len() + text.len() < MAX_REPLY
            && (code.is_none() || text.get(..3) == last.reply.get(..3) && is_dashed(&last.reply))
        {
            // The next line of the same reply: with its code, or folded without one.
            last.reply.push(if code.is_some() { '\n' } else { ' ' });
            last.reply.push_str(text);
            return;
        }
        self.in_reply = code.is_some_and(|c| c.get() >= 400) && self.found.len() < MAX_REPLIES;
        if self.in_reply {
            // Sendmail pipelines: what looks like a reply to DATA was one to RCPT, if DATA is then refused for want
            // of a recipient.
            let refused = super::quoted::is_summary(text);
            if let Some(last) = self.found.last_mut().filter(|_| self.open && refused)
                && last.stage == Some(Stage::Data)
            {
                last.stage = Some(Stage::RcptTo);
            }
            self.found.push(Exchange {
                host: self.host.clone(),
                recipients: self.recipient.clone().into_iter().collect(),
                stage: self.stage,
                reply: cap(text, MAX_REPLY).to_owned(),
            });
            self.open = true;
        }
    }

    /// `554 <a@example.org>... Remote protocol error`, `550 mx.example.org (smtp)... 550 Host unknown`.
    fn summary(&mut self, line: &str) {
        self.in_reply = false;
        let line = line.trim();
        if ReplyCode::at_start(line).is_none_or(|c| c.get() < 400) {
            return;
        }
        let Some((about, text)) = line.split_once("... ") else { return };
        match addresses(about).first() {
            None => {
                // Another host without a session of its own.
                let same_host = self.host.as_deref().is_some_and(|h| about.contains(h));
                self.open &= same_host;
            }
            Some(recipient) => {
                let room = self.found.len() < MAX_REPLIES;
                let last = self.found.last_mut().filter(|_| self.open);
                let quoted = ReplyCode::at_start(text).is_some_and(|c| c.get() >= 400);
                match last {
                    // A reply to RCPT is about that recipient only; one to DATA about all that are listed.
                    Some(last) if last.stage != Some(Stage::RcptTo) || last.recipients.is_empty() => {
                        last.add_recipient(recipient);
                    }
                    _ if quoted && room => self.found.push(Exchange {
                        host: None,
                        recipients: vec![(*recipient).to_owned()],
                        stage: None,
                        reply: cap(text, MAX_REPLY).to_owned(),
                    }),
                    _ => {}
                }
            }
        }
    }
}

/// Whether the last line so far is a continuation, `550-…`.
fn is_dashed(reply: &str) -> bool {
    reply.rsplit('\n').next().and_then(|l| l.as_bytes().get(3)) == Some(&b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let lines: Vec<_> = text.lines().collect();
        let got: Vec<String> = read(&lines)
            .iter()
            .map(|e| {
                let host = e.host.as_deref().unwrap_or("-");
                let stage = e.stage.map_or("-", Stage::name);
                format!("{host} {} {stage} | {}", e.recipients.join(","), e.reply)
            })
            .collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn sessions() {
        check(
            "... while talking to mx.example.org.:\n>>> RCPT To:<a@example.org>\n<<< 550-5.1.1 no\n<<< 550 5.1.1 user\n\
             550 5.1.1 <a@example.org>... User unknown",
            &["mx.example.org a@example.org rcpt_to | 550-5.1.1 no\n550 5.1.1 user"],
        );
        check("... while talking to mx:\n<<< 554 go away\n<<< 250 x", &["mx  connect | 554 go away"]);
        check(">>> DATA\n<<< 550 a\n<<< 550 b", &["-  data | 550 a", "-  data | 550 b"]);
        check(
            ">>> DATA\n<<< 550 a\n550 5.1.1 <a@example.org>... User unknown\n<<< 503 5.0.0 Need RCPT (recipient)",
            &["- a@example.org rcpt_to | 550 a", "-  data | 503 5.0.0 Need RCPT (recipient)"],
        );
        check("no arrows\n550 x", &[]);
    }

    #[test]
    fn arrows_of_any_meaning() {
        check(
            "Sent <<< RCPT TO:<a@example.org>\nReceived >>> 550 5.1.1 no",
            &["- a@example.org rcpt_to | 550 5.1.1 no"],
        );
    }

    #[test]
    fn summaries_say_whom_a_reply_is_about() {
        check(
            "While talking to example.net:\n>>> DATA\n<<< 550 no\n554 <a@example.net>... Remote protocol error\n\
             550 example.org (smtp)... 550 Host unknown\n554 <b@example.org>... 550 Host unknown",
            &["example.net a@example.net data | 550 no", "- b@example.org - | 550 Host unknown"],
        );
    }
}
