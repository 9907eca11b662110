//! How far a pattern reaches: one recipient, one domain, one sender, or everyone.

use crate::model::{RejectionIdx, Snapshot};

/// Who is hit by the given refusals.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// Refusals.
    pub n_refusals: u32,
    /// Distinct final recipients.
    pub n_recipients: u32,
    /// Their domains with counts, most first.
    pub recipient_domains: Vec<(String, u32)>,
    /// Distinct reverse-paths.
    pub n_senders: u32,
    /// Their domains with counts, most first.
    pub sender_domains: Vec<(String, u32)>,
    /// Remote MTAs with counts, most first.
    pub remote_mtas: Vec<(String, u32)>,
    /// Recipients at the same recipient domains that were accepted in the same evidence.
    pub accepted_same_domains: u64,
    /// Recipients accepted at all.
    pub accepted: u64,
}

/// The scope of `rows`.
pub fn scope(snapshot: &Snapshot, rows: &[RejectionIdx]) -> Scope {
    let _ = (snapshot, rows);
    Scope::default()
}
