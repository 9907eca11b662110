//! A refusal with what is concluded from it: what lists show and reports print.

use super::{Evidence, Verdict};
use std::sync::Arc;

/// One refusal: evidence, verdict and pattern.
#[derive(Clone, Debug)]
pub struct Rejection {
    /// What the evidence says.
    pub evidence: Evidence,
    /// What is concluded; shared by all refusals with the same masked reply.
    pub verdict: Arc<Verdict>,
    /// The pattern it belongs to.
    pub pattern: Arc<Pattern>,
}

/// Many refusals that are the same problem: one reply with its variable parts masked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    /// `v1:` and 12 hexadecimal digits. The same on every machine, for every order of sources; `v1` is the
    /// version of the masking.
    pub id: Box<str>,
    /// The reply with its variable parts as `<recipient>`, `<ip>` …, codes first: `550 5.1.1 <recipient> unknown`.
    pub text: Box<str>,
}

impl Rejection {
    /// A permanent refusal: a 5yz, or given up.
    pub fn is_permanent(&self) -> bool {
        self.evidence.action == super::Action::Failed
    }
}
