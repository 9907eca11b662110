//! Reverse-paths and mailboxes as the evidence writes them.

use std::sync::Arc;

/// The reverse-path of a message (RFC 5321 §4.1.1.2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ReversePath {
    /// `<>`: the message is itself a notice; no notice may be sent about it.
    Null,
    /// A mailbox, without the angle brackets.
    Mailbox(Arc<str>),
}

impl ReversePath {
    /// Reads `<a@example.org>`, `a@example.org`, `<>` or the empty text.
    pub fn parse(text: &str) -> Self {
        match tidy_mailbox(text) {
            "" => Self::Null,
            mailbox => Self::Mailbox(mailbox.into()),
        }
    }

    /// A mailbox without angle brackets; the empty one is the null path.
    pub fn of_mailbox(mailbox: &str) -> Self {
        if mailbox.is_empty() { Self::Null } else { Self::Mailbox(mailbox.into()) }
    }

    /// The mailbox; empty for the null path.
    pub fn mailbox(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Mailbox(mailbox) => mailbox,
        }
    }

    /// The mailbox; `<>` for the null path.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Null => "<>",
            Self::Mailbox(mailbox) => mailbox,
        }
    }
}

/// The address without blanks, angle brackets and a trailing dot. Quoted local parts stay as they are.
pub fn tidy_mailbox(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix('<').unwrap_or(text);
    let text = text.strip_suffix('>').unwrap_or(text);
    text.trim().trim_end_matches('.')
}

/// What stands after the last `@`; `None` without one.
pub fn domain_of(mailbox: &str) -> Option<&str> {
    let domain = &mailbox[memchr::memrchr(b'@', mailbox.as_bytes())? + 1..];
    (!domain.is_empty()).then_some(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(ReversePath::parse("<>"), ReversePath::Null);
        assert_eq!(ReversePath::parse(" <a@example.org> ").as_str(), "a@example.org");
        assert_eq!(tidy_mailbox("<\"a b\"@example.org>"), "\"a b\"@example.org");
        assert_eq!(domain_of("\"a@b\"@example.org"), Some("example.org"));
        assert_eq!(domain_of("postmaster"), None);
    }
}
