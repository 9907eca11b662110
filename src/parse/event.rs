//! What one line of a mail log says, the same for every MTA.
//!
//! Every dialect turns its lines into these; `correlate` puts the events of one message together.

use crate::model::Timestamp;
use crate::smtp::{EnhancedStatus, ReplyCode, Stage};
use std::borrow::Cow;
use std::net::IpAddr;

/// A log line with what is known from its frame (time, host, program).
#[derive(Clone, Debug)]
pub struct LogLine<'a> {
    /// When it was written.
    pub time: Option<Timestamp>,
    /// The host that wrote it: the reporting MTA.
    pub host: Option<&'a str>,
    /// The program with its instance: `postfix-out/smtp`, `exim`.
    pub program: &'a str,
    /// Its process id.
    pub pid: Option<u32>,
    /// What follows the frame.
    pub message: Cow<'a, str>,
}

/// One event of a message.
#[derive(Clone, Debug)]
pub struct LogEvent<'a> {
    /// The grammar: `postfix`, `exim`.
    pub format: &'static str,
    /// The instance within the host (`postfix-out`), so that equal queue ids of two instances stay apart.
    pub instance: &'a str,
    /// The queue id, case kept; `None` for `NOQUEUE` and the like: such an event stands alone.
    pub queue_id: Option<&'a str>,
    /// What happened.
    pub kind: EventKind<'a>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum EventKind<'a> {
    /// A client handed the message in.
    Client { host: Option<&'a str>, ip: Option<IpAddr>, login: Option<&'a str> },
    /// The Message-ID, without angle brackets.
    MessageId(&'a str),
    /// The envelope sender, as written. Exim's `<=` gives the Message-ID with it.
    Sender { reverse_path: &'a str, message_id: Option<&'a str> },
    /// One recipient was tried.
    Attempt(DeliveryAttempt<'a>),
    /// We refused a client's command.
    Refused(Refusal<'a>),
    /// The whole message was given up after too long a time (`status=expired`).
    Expired { reverse_path: &'a str },
    /// A non-delivery notice about this message was queued under another id.
    Notice { notice_id: &'a str },
    /// The message has left the queue.
    Removed,
    /// A line that is known and decides nothing: a connection, a warning, a hold.
    Other,
}

impl EventKind<'_> {
    /// In a few words, for people.
    pub fn says(&self) -> &'static str {
        match self {
            Self::Client { .. } => "a client handed a message in",
            Self::MessageId(_) => "a message's Message-ID",
            Self::Sender { .. } => "a message's sender",
            Self::Attempt(attempt) => match attempt.outcome {
                Outcome::Accepted => "a recipient was accepted",
                Outcome::Deferred => "a recipient was put off",
                Outcome::Bounced => "a recipient was refused",
                Outcome::Expired => "a recipient was given up",
            },
            Self::Refused(refusal) if refusal.permanent => "a client was refused",
            Self::Refused(_) => "a client was put off",
            Self::Expired { .. } => "a message was given up",
            Self::Notice { .. } => "a notice was sent",
            Self::Removed => "a message left the queue",
            Self::Other => "decides nothing",
        }
    }
}

/// What a line of the most common shapes says, read off its bytes. Each stands for the [`EventKind`] that the grammar
/// would give, as far as anybody needs it of mail that goes its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Glance<'a> {
    /// A client handed the message in.
    Client,
    /// The Message-ID, without angle brackets.
    MessageId(&'a [u8]),
    /// The envelope sender, without angle brackets, and the Message-ID where the line has it, else nothing.
    Sender {
        /// Empty for the null path.
        path: &'a [u8],
        /// Without angle brackets.
        message_id: &'a [u8],
    },
    /// One recipient was accepted.
    Accepted {
        /// The recipient as tried.
        recipient: &'a [u8],
        /// The words begin with a reply code.
        has_code: bool,
        /// Accepted by a content filter on this host that hands it back: it has reached nobody yet.
        passed_on: bool,
    },
    /// The message has left the queue.
    Removed,
    /// A line that is known and decides nothing.
    Other,
}

/// How a try ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Accepted by the next hop (250), or put in a local mailbox.
    Accepted,
    /// To be tried again.
    Deferred,
    /// Refused for good.
    Bounced,
    /// Given up after too long a time.
    Expired,
}

/// A try for one recipient.
#[derive(Clone, Debug)]
pub struct DeliveryAttempt<'a> {
    /// How it ended.
    pub outcome: Outcome,
    /// The recipient as tried.
    pub recipient: &'a str,
    /// As first given, where it differs.
    pub original_recipient: Option<&'a str>,
    /// The envelope sender, where the line has it (Exim `F=<…>`).
    pub reverse_path: Option<&'a str>,
    /// The remote MTA's name.
    pub remote_mta: Option<&'a str>,
    /// Its address.
    pub remote_ip: Option<IpAddr>,
    /// The stage, if stated.
    pub stage: Stage,
    /// The code of the innermost reply.
    pub reply_code: Option<ReplyCode>,
    /// The enhanced status code of the innermost reply, else of the line (`dsn=`).
    pub enhanced_status: Option<EnhancedStatus>,
    /// The remote reply (or the program's own words), put back into lines, without the program's wrapping words.
    pub text: Cow<'a, str>,
}

/// A command that we refused.
#[derive(Clone, Debug)]
pub struct Refusal<'a> {
    /// 5yz or 4yz.
    pub reply_code: Option<ReplyCode>,
    /// Where it stands in the reply.
    pub enhanced_status: Option<EnhancedStatus>,
    /// The stage at which the client was told.
    pub stage: Stage,
    /// Whether this was for good. (Follows the code where there is one.)
    pub permanent: bool,
    /// The client's name.
    pub client: Option<&'a str>,
    /// The client's address.
    pub client_ip: Option<IpAddr>,
    /// `from=<…>`
    pub reverse_path: Option<&'a str>,
    /// `to=<…>`
    pub recipient: Option<&'a str>,
    /// The reply as the client saw it, code first.
    pub text: Cow<'a, str>,
}
