//! Who speaks in lines with a given decoration, learned from the whole document.
//!
//! If lines that start with `>>> ` hold replies, `>>> ` is the server here, whatever it is elsewhere. A content line
//! `-> 250 reasons to buy` is then known to be the client's. Typed sessions (netcat, telnet) have no decoration: there
//! the same key carries both sides.

use std::collections::BTreeMap;

/// More kinds of decoration than this do not occur in good faith.
const MAX_KEYS: usize = 2048;

/// Who speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Server,
    Client,
    /// Both, or not told apart.
    Mixed,
    /// Neither: error messages and remarks beside lines that are told apart.
    Neither,
}

#[derive(Clone, Copy, Default)]
struct Count {
    replies: u32,
    commands: u32,
}

/// What has been learned.
#[derive(Default)]
pub(super) struct Roles {
    counts: BTreeMap<String, Count>,
    learned: BTreeMap<String, Role>,
}

impl Roles {
    /// A reply line with this decoration.
    pub(super) fn saw_reply(&mut self, key: &str) {
        if let Some(count) = self.count(key) {
            count.replies += 1;
        }
    }

    /// A command with this decoration.
    pub(super) fn saw_command(&mut self, key: &str) {
        if let Some(count) = self.count(key) {
            count.commands += 1;
        }
    }

    /// The whole document was seen.
    pub(super) fn conclude(&mut self) {
        let counts = &self.counts;
        // A marked server: replies and (nearly) no commands under something that is decoration.
        let marked = counts
            .iter()
            .filter(|(key, c)| !key.is_empty() && c.replies > c.commands * 4)
            .max_by_key(|(_, c)| c.replies)
            .map(|(key, c)| (key.clone(), c.replies));
        let commands_elsewhere = |key: &str| counts.iter().any(|(k, c)| k != key && c.commands > 0);
        let mut learned = BTreeMap::new();
        for (key, c) in counts {
            let shadowed = marked
                .as_ref()
                .is_some_and(|(m, n)| m != key && m.starts_with(key.as_str()) && *n >= c.replies);
            let role = if c.commands > c.replies * 2 {
                Role::Client
            } else if c.commands > 0 {
                Role::Mixed
            } else if shadowed {
                Role::Neither
            } else if key.is_empty() && !commands_elsewhere(key) {
                Role::Mixed
            } else {
                Role::Server
            };
            learned.insert(key.clone(), role);
        }
        self.learned = learned;
    }

    /// Who speaks in lines with this decoration.
    pub(super) fn of(&self, key: &str) -> Role {
        self.learned.get(key).copied().unwrap_or(Role::Neither)
    }

    fn count(&mut self, key: &str) -> Option<&mut Count> {
        if self.counts.len() >= MAX_KEYS && !self.counts.contains_key(key) {
            return None;
        }
        Some(self.counts.entry(key.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(replies: &[(&str, u32)], commands: &[(&str, u32)], expect: &[(&str, Role)]) {
        let mut roles = Roles::default();
        for (key, n) in replies {
            (0..*n).for_each(|_| roles.saw_reply(key));
        }
        for (key, n) in commands {
            (0..*n).for_each(|_| roles.saw_command(key));
        }
        roles.conclude();
        for (key, role) in expect {
            assert_eq!(roles.of(key), *role, "{key:?}");
        }
    }

    #[test]
    fn learned_from_content() {
        check(&[("<-", 5), ("<**", 1)], &[("->", 4)], &[("<-", Role::Server), ("<**", Role::Server)]);
        check(&[(">>>", 5)], &[("<<<", 4)], &[(">>>", Role::Server), ("<<<", Role::Client)]);
        check(&[("", 7)], &[("", 4)], &[("", Role::Mixed)]);
        check(
            &[("[]s:", 7), ("", 3), ("[]", 1)],
            &[("[]c:", 4)],
            &[("", Role::Neither), ("[]", Role::Neither)],
        );
        check(&[("->", 1), ("<-", 5)], &[("->", 5)], &[("->", Role::Client)]);
        check(&[("", 3)], &[], &[("", Role::Mixed)]);
    }
}
