//! What a notice says about one recipient, before it becomes evidence.

use crate::model::Timestamp;
use crate::smtp::{EnhancedStatus, Stage};
use std::net::IpAddr;

/// What became of a recipient: the `Action` of RFC 3464 §2.3.3, or the words that say the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// Given up.
    Failed,
    /// Still being tried.
    Delayed,
    /// Delivered, relayed or expanded: no refusal.
    Fine,
}

impl Fate {
    /// Reads `failed`, `delayed`, `delivered`, `relayed`, `expanded`, with whatever comment follows.
    pub fn parse(value: &str) -> Option<Self> {
        let word: String = value.trim().chars().take_while(char::is_ascii_alphabetic).collect();
        match word.to_ascii_lowercase().as_str() {
            "failed" | "failure" | "fail" => Some(Self::Failed),
            "delayed" => Some(Self::Delayed),
            "delivered" | "deliverable" | "relayed" | "expanded" => Some(Self::Fine),
            _ => None,
        }
    }
}

/// What is known of one recipient.
#[derive(Clone, Default, Debug)]
pub(super) struct Finding {
    /// As tried, without angle brackets.
    pub recipient: Option<String>,
    /// As first given.
    pub original_recipient: Option<String>,
    /// Failed, delayed or fine, if stated.
    pub fate: Option<Fate>,
    /// `Status:`
    pub status: Option<EnhancedStatus>,
    /// The reply or the words about it.
    pub text: String,
    /// The words around the reply, for the stage and the host.
    pub context: String,
    /// Whose reply it is.
    pub remote_mta: Option<String>,
    /// Its address.
    pub remote_ip: Option<IpAddr>,
    /// When it was last tried.
    pub time: Option<Timestamp>,
    /// The stage, where a transcript shows it.
    pub stage: Option<Stage>,
}
