//! The evidence of one refusal before it is kept: borrowed from the line or mail that is being read.

use crate::model::{Action, Direction, Origin, OriginalMail, Timestamp};
use crate::smtp::{EnhancedStatus, ReplyCode, Stage};
use std::net::IpAddr;

/// The evidence of one refusal as a parser or correlator hands it over: [`Evidence`](crate::model::Evidence), borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// See [`Evidence::format`](crate::model::Evidence::format); so for all fields of the same name.
    pub format: &'static str,
    /// Who refused whom.
    pub direction: Direction,
    /// When the deciding reply was given.
    pub time: Option<Timestamp>,
    /// The MTA that wrote the log or the notice.
    pub reporting_mta: Option<&'a str>,
    /// The host that refused, or the client that was refused.
    pub remote_mta: Option<&'a str>,
    /// Its address.
    pub remote_ip: Option<IpAddr>,
    /// The reporting MTA's id of the message.
    pub queue_id: Option<&'a str>,
    /// `Message-ID` without angle brackets.
    pub message_id: Option<&'a str>,
    /// The envelope sender without angle brackets; empty for the null path.
    pub reverse_path: Option<&'a str>,
    /// The recipient that was refused.
    pub final_recipient: Option<&'a str>,
    /// The recipient as first given, where it differs.
    pub original_recipient: Option<&'a str>,
    /// The stage of the session.
    pub stage: Stage,
    /// The stage is a conclusion.
    pub stage_inferred: bool,
    /// The reply code of the innermost reply.
    pub reply_code: Option<ReplyCode>,
    /// The enhanced status code, only if it stands in the evidence.
    pub enhanced_status: Option<EnhancedStatus>,
    /// The reply, verbatim.
    pub diagnostic_code: &'a str,
    /// What became of the recipient.
    pub action: Action,
    /// The deciding line.
    pub origin: Origin,
    /// The other lines of this message, in file order.
    pub other_origins: &'a [Origin],
    /// All tries in time order; the last is the deciding one.
    pub tries: &'a [Try<'a>],
    /// From the returned message.
    pub original: Option<&'a OriginalMail>,
}

impl<'a> Draft<'a> {
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
            diagnostic_code: "",
            action: Action::Failed,
            origin,
            other_origins: &[],
            tries: &[],
            original: None,
        }
    }

    /// The evidence itself as its only try.
    pub fn own_try(&self) -> Try<'a> {
        Try {
            time: self.time,
            remote_mta: self.remote_mta,
            reply_code: self.reply_code,
            enhanced_status: self.enhanced_status,
            text: self.diagnostic_code,
            origin: self.origin,
        }
    }
}

/// One try to hand the message over: [`Attempt`](crate::model::Attempt), borrowed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Try<'a> {
    /// When, if the evidence says.
    pub time: Option<Timestamp>,
    /// The remote MTA of this try.
    pub remote_mta: Option<&'a str>,
    /// The reply code of this try.
    pub reply_code: Option<ReplyCode>,
    /// Its enhanced status code.
    pub enhanced_status: Option<EnhancedStatus>,
    /// The words, verbatim.
    pub text: &'a str,
    /// Where it stands.
    pub origin: Origin,
}
