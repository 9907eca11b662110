//! The stage of an SMTP session at which a reply was given.

use super::EnhancedStatus;
use std::fmt;

/// Where in the session the refusal came. Ordered as a session runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Stage {
    /// The greeting (banner): before any command.
    Connect,
    /// In reply to EHLO or HELO.
    Ehlo,
    /// In reply to STARTTLS, or in the TLS handshake.
    StartTls,
    /// In reply to AUTH.
    Auth,
    /// In reply to MAIL FROM: the reverse-path.
    MailFrom,
    /// In reply to RCPT TO: one recipient.
    RcptTo,
    /// In reply to the DATA command, before any content.
    Data,
    /// In reply to the final dot: the content was seen.
    EndOfData,
    /// After acceptance: local delivery, or a notice about mail that was accepted before.
    Delivery,
    /// The evidence does not say.
    #[default]
    Unknown,
}

impl Stage {
    /// All stages in session order.
    pub const ALL: [Self; 10] = [
        Self::Connect,
        Self::Ehlo,
        Self::StartTls,
        Self::Auth,
        Self::MailFrom,
        Self::RcptTo,
        Self::Data,
        Self::EndOfData,
        Self::Delivery,
        Self::Unknown,
    ];

    /// The name in reports, rules and queries: `rcpt_to`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Ehlo => "ehlo",
            Self::StartTls => "starttls",
            Self::Auth => "auth",
            Self::MailFrom => "mail_from",
            Self::RcptTo => "rcpt_to",
            Self::Data => "data",
            Self::EndOfData => "end_of_data",
            Self::Delivery => "delivery",
            Self::Unknown => "unknown",
        }
    }

    /// The name for people: `RCPT TO`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Connect => "banner",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::MailFrom => "MAIL FROM",
            Self::RcptTo => "RCPT TO",
            Self::Data => "DATA",
            Self::EndOfData => "end of DATA",
            Self::Delivery => "after acceptance",
            Self::Unknown => "unknown",
        }
    }

    /// The stage at which a status is usually given (RFC 3463: addresses at RCPT TO, content after the final dot);
    /// `None` where servers differ. A conclusion for evidence that states no stage.
    pub fn usual_for(status: EnhancedStatus) -> Option<Self> {
        match (status.subject, status.detail) {
            (1, 7 | 8) => Some(Self::MailFrom),
            (1 | 2, _) => Some(Self::RcptTo),
            (6, _) | (3, 4) | (7, 20..=29) => Some(Self::EndOfData),
            _ => None,
        }
    }

    /// A stage by its [`name`](Self::name), or by the short forms people type in a query
    /// (`rcpt`, `mail`, `banner`, `eod`).
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace([' ', '-'], "_");
        let short = match name.as_str() {
            "banner" | "greeting" | "connection" => Self::Connect,
            "helo" => Self::Ehlo,
            "tls" => Self::StartTls,
            "mail" => Self::MailFrom,
            "rcpt" => Self::RcptTo,
            "eod" | "end" | "dot" | "end_of_message" | "body" => Self::EndOfData,
            "after_acceptance" => Self::Delivery,
            _ => return Self::ALL.into_iter().find(|s| s.name() == name),
        };
        Some(short)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for stage in Stage::ALL {
            assert_eq!(Stage::parse(stage.name()), Some(stage));
        }
        assert_eq!(Stage::parse("RCPT"), Some(Stage::RcptTo));
        assert_eq!(Stage::parse("end of DATA"), Some(Stage::EndOfData));
        assert_eq!(Stage::parse("nonsense"), None);
    }

    #[test]
    fn usual_stages() {
        let usual = |status| EnhancedStatus::parse(status).and_then(Stage::usual_for);
        assert_eq!(usual("5.1.1"), Some(Stage::RcptTo));
        assert_eq!(usual("5.1.8"), Some(Stage::MailFrom));
        assert_eq!(usual("5.2.2"), Some(Stage::RcptTo));
        assert_eq!(usual("5.3.4"), Some(Stage::EndOfData));
        assert_eq!(usual("5.7.26"), Some(Stage::EndOfData));
        assert_eq!(usual("5.7.1"), None);
    }
}
