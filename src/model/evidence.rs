//! What the evidence says of one refusal, before anything is concluded from it.

use super::{Origin, Text, Timestamp, Try};
use crate::smtp::{EnhancedStatus, ReplyCode, ReversePath, Stage};
use std::net::IpAddr;

/// Who refused whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Direction {
    /// A remote MTA refused us, or our own delivery failed.
    Outgoing,
    /// We refused a client.
    Incoming,
}

impl Direction {
    /// `outgoing` or `incoming`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Outgoing => "outgoing",
            Self::Incoming => "incoming",
        }
    }
}

/// What became of the recipient, in the words of RFC 3464 §2.3.3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Refused for good: the final verdict.
    Failed,
    /// Refused for now; no final verdict stands in the evidence.
    Delayed,
}

impl Action {
    /// `failed` or `delayed`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Delayed => "delayed",
        }
    }
}

/// One try to hand the message over for one recipient.
#[derive(Clone, PartialEq, Debug)]
pub struct Attempt {
    /// When, if the evidence says.
    pub time: Option<Timestamp>,
    /// The remote MTA of this try.
    pub remote_mta: Option<Text>,
    /// The reply code of this try.
    pub reply_code: Option<ReplyCode>,
    /// Its enhanced status code.
    pub enhanced_status: Option<EnhancedStatus>,
    /// The words, verbatim.
    pub text: Text,
    /// Where it stands.
    pub origin: Origin,
}

impl Attempt {
    /// The same, borrowed.
    pub fn as_try(&self) -> Try<'_> {
        Try {
            time: self.time,
            remote_mta: self.remote_mta.as_deref(),
            reply_code: self.reply_code,
            enhanced_status: self.enhanced_status,
            text: &self.text,
            origin: self.origin,
        }
    }
}

impl From<Try<'_>> for Attempt {
    fn from(one: Try<'_>) -> Self {
        Self {
            time: one.time,
            remote_mta: one.remote_mta.map(Text::from),
            reply_code: one.reply_code,
            enhanced_status: one.enhanced_status,
            text: one.text.into(),
            origin: one.origin,
        }
    }
}

/// Headers of the message that was refused, where a notice returns them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OriginalMail {
    /// `From:`
    pub from: Option<Text>,
    /// `Subject:`, decoded
    pub subject: Option<Text>,
    /// `Date:`
    pub date: Option<Timestamp>,
}

/// One refusal: one message, one recipient, one final verdict.
///
/// `None` always means that the evidence does not say; nothing is made up.
#[derive(Clone, PartialEq, Debug)]
pub struct Evidence {
    /// The grammar that read it; starts with the kind: `postfix`, `exim`, `transcript.swaks`, `dsn.rfc3464`.
    pub format: &'static str,
    /// Who refused whom.
    pub direction: Direction,
    /// When the deciding reply was given.
    pub time: Option<Timestamp>,
    /// The MTA that wrote the log or the notice (RFC 3464 §2.2.2).
    pub reporting_mta: Option<Text>,
    /// Outgoing: the host that refused. Incoming: the client that was refused.
    pub remote_mta: Option<Text>,
    /// Its address.
    pub remote_ip: Option<IpAddr>,
    /// The reporting MTA's id of the message, case kept. `None` for `NOQUEUE`.
    pub queue_id: Option<Text>,
    /// `Message-ID` without angle brackets.
    pub message_id: Option<Text>,
    /// The envelope sender.
    pub reverse_path: Option<ReversePath>,
    /// The recipient that was refused (RFC 3464 §2.3.2), without angle brackets.
    pub final_recipient: Option<Text>,
    /// The recipient as first given, where it differs (alias, forwarding).
    pub original_recipient: Option<Text>,
    /// The stage of the session.
    pub stage: Stage,
    /// The stage is a conclusion, not a statement of the evidence.
    pub stage_inferred: bool,
    /// The reply code of the innermost reply.
    pub reply_code: Option<ReplyCode>,
    /// The enhanced status code, only if it stands in the evidence.
    pub enhanced_status: Option<EnhancedStatus>,
    /// The reply, verbatim, multi-line replies put back together with `\n`; the outermost if replies are nested.
    /// Empty if the evidence holds no words.
    pub diagnostic_code: Text,
    /// What became of the recipient.
    pub action: Action,
    /// All tries in time order; the last is the deciding one. Never empty once correlated.
    pub attempts: Vec<Attempt>,
    /// The deciding line first, then the other lines of this message in file order.
    pub origins: Vec<Origin>,
    /// From the returned message.
    pub original: OriginalMail,
}

impl Evidence {
    /// An outgoing failure of which nothing but its origin is known yet.
    pub fn new(format: &'static str, origin: Origin) -> Self {
        Self {
            format,
            direction: Direction::Outgoing,
            time: None,
            reporting_mta: None,
            remote_mta: None,
            remote_ip: None,
            queue_id: None,
            message_id: None,
            reverse_path: None,
            final_recipient: None,
            original_recipient: None,
            stage: Stage::Unknown,
            stage_inferred: false,
            reply_code: None,
            enhanced_status: None,
            diagnostic_code: "".into(),
            action: Action::Failed,
            attempts: Vec::new(),
            origins: vec![origin],
            original: OriginalMail::default(),
        }
    }

    /// The one try that the evidence itself tells of.
    pub fn own_attempt(&self) -> Attempt {
        Attempt {
            time: self.time,
            remote_mta: self.remote_mta.clone(),
            reply_code: self.reply_code,
            enhanced_status: self.enhanced_status,
            text: self.diagnostic_code.clone(),
            origin: self.origins[0],
        }
    }
}
