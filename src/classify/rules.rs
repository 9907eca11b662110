//! Rules as data.

use crate::model::{ClassIdx, Direction};
use crate::smtp::{EnhancedStatus, ReplyCode, Stage};

/// What a verdict is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The reply, verbatim, possibly nested.
    pub diagnostic_code: &'a str,
    /// The innermost reply's code.
    pub reply_code: Option<ReplyCode>,
    /// The enhanced status code.
    pub enhanced_status: Option<EnhancedStatus>,
    /// The stage, if known.
    pub stage: Stage,
    /// The host that refused.
    pub remote_mta: Option<&'a str>,
    /// Domain of the final recipient.
    pub recipient_domain: Option<&'a str>,
    /// Who refused whom.
    pub direction: Direction,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `ms365.dbeb`
    pub id: String,
    /// Its class.
    pub class: ClassIdx,
    /// What it knows beyond the class.
    pub note: Option<String>,
    /// Where it was learnt.
    pub source: Option<String>,
}
