//! The fields of the filter language in one table: completion, messages and docs/QUERY.md are made from it.

/// One field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// What stands before the colon.
    pub name: &'static str,
    /// What may stand after it, for people.
    pub values: &'static str,
    /// The values that are words of the language, for completion; empty if any text will do.
    pub known: &'static [&'static str],
    /// A term that works.
    pub example: &'static str,
    /// What it matches.
    pub help: &'static str,
}

/// All fields, in the order in which help lists them.
pub const FIELDS: &[Field] = &[
    Field {
        name: "code",
        values: "a reply code; `y`, `z`, `x` and a final `*` stand for any digit",
        known: &["5yz", "4yz", "550", "551", "552", "553", "554", "421", "450", "451"],
        example: "code:55*",
        help: "Reply code",
    },
    Field {
        name: "esc",
        values: "an enhanced status code; `*` stands for any number",
        known: &["5.1.*", "5.2.*", "5.7.*", "5.1.1", "5.7.1", "5.7.26"],
        example: "esc:5.7.*",
        help: "Enhanced status code",
    },
    Field {
        name: "row",
        values: "1 to 6, `auth`, `reputation`, `content`, `policy`, `other`, `none`",
        known: &["1", "2", "3", "4", "5", "6", "auth", "reputation", "content", "policy", "other", "none"],
        example: "row:auth",
        help: "Row of the matrix; the four words are the parts of row 5, `none` is not classified",
    },
    Field {
        name: "category",
        values: "a class or a family of classes",
        known: &[],
        example: "category:auth.*",
        help: "Class of the verdict",
    },
    Field {
        name: "who",
        values: "sender_admin (us), dns_owner (dns), sender, recipient_admin (postmaster), recipient, provider",
        known: &["sender_admin", "dns_owner", "sender", "recipient_admin", "recipient", "provider"],
        example: "who:dns",
        help: "Who has to act first",
    },
    Field {
        name: "stage",
        values: "connect, ehlo, starttls, auth, mail_from, rcpt_to, data, end_of_data, delivery, unknown",
        known: &[
            "connect",
            "ehlo",
            "starttls",
            "auth",
            "mail_from",
            "rcpt_to",
            "data",
            "end_of_data",
            "delivery",
            "unknown",
        ],
        example: "stage:rcpt",
        help: "Stage of the SMTP session",
    },
    Field {
        name: "domain",
        values: "a domain, or `*.` and a domain for its sub-domains alone",
        known: &[],
        example: "domain:example.org",
        help: "Domain of the final recipient, and its sub-domains",
    },
    Field {
        name: "sender",
        values: "part of an address, `name@`, `@domain`, or a whole address; `<>`",
        known: &["<>"],
        example: "sender:news@",
        help: "Reverse-path (envelope sender); `<>` is the null path of a notice",
    },
    Field {
        name: "to",
        values: "as for sender",
        known: &[],
        example: "to:ana@example.org",
        help: "Final or original recipient",
    },
    Field {
        name: "mta",
        values: "part of a host name",
        known: &[],
        example: "mta:mx.example.org",
        help: "Remote MTA: the host that refused, or the client that was refused",
    },
    Field {
        name: "ip",
        values: "an address or a network, IPv4 or IPv6",
        known: &[],
        example: "ip:10.0.0.0/8",
        help: "Address of the remote MTA",
    },
    Field {
        name: "provider",
        values: "a provider's id or name; `none`",
        known: &[],
        example: "provider:google",
        help: "Who runs the remote MTA",
    },
    Field {
        name: "source",
        values: "a source's name, or part of one",
        known: &[],
        example: "source:mail.log",
        help: "File or paste it was read from; a whole name means that source alone",
    },
    Field {
        name: "pattern",
        values: "a pattern's id or its beginning",
        known: &[],
        example: "pattern:v1:3fa94c",
        help: "Pattern",
    },
    Field {
        name: "queue",
        values: "a queue id, upper and lower case kept apart",
        known: &[],
        example: "queue:4c8Kx0z2bQ",
        help: "Queue id in the reporting MTA",
    },
    Field {
        name: "since",
        values: "a day or a time in UTC",
        known: &[],
        example: "since:2026-11-17",
        help: "Not before this time",
    },
    Field {
        name: "until",
        values: "a day or a time in UTC",
        known: &[],
        example: "until:2026-11-17T14:00",
        help: "Before this time; a day is included whole",
    },
    Field {
        name: "seen",
        values: "a number with `m`, `h`, `d` or `w`",
        known: &["1h", "24h", "7d", "30d"],
        example: "seen:24h",
        help: "In the last minutes, hours, days or weeks before the newest refusal that was read",
    },
    Field {
        name: "tries",
        values: "a number, alone or after `>`, `>=`, `<`, `<=`",
        known: &["1", ">1", ">3"],
        example: "tries:>3",
        help: "How often it was tried",
    },
    Field {
        name: "retry",
        values: "never, after_fix, later, auto",
        known: &["never", "after_fix", "later", "auto"],
        example: "retry:after_fix",
        help: "Whether to send it again",
    },
    Field {
        name: "confidence",
        values: "low, medium, high",
        known: &["low", "medium", "high"],
        example: "confidence:low",
        help: "How far the verdict can be trusted",
    },
    Field {
        name: "direction",
        values: "outgoing, incoming",
        known: &["outgoing", "incoming"],
        example: "direction:incoming",
        help: "Whether we were refused or refused a client",
    },
    Field {
        name: "is",
        values: "transient (soft), permanent, unclassified, retold, incoming, outgoing",
        known: &["transient", "permanent", "unclassified", "retold", "incoming", "outgoing"],
        example: "is:unclassified",
        help: "Kind of refusal; naming transient or retold ones brings them into view",
    },
];

/// The field of that name, whatever its case.
pub fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|f| f.name.eq_ignore_ascii_case(name))
}

/// The name nearest to a mistyped one, if one is near: at most two letters changed, or one begins with the other.
pub(super) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase();
    let far = |name: &str| match name.starts_with(&typed) || typed.starts_with(name) {
        true => 1,
        false => edits(&typed, name),
    };
    let limit = if typed.chars().count() <= 3 { 1 } else { 2 };
    names
        .map(|name| (far(name), name))
        .filter(|(far, _)| *far <= limit)
        .min_by_key(|(far, _)| *far)
        .map(|(_, n)| n)
}

/// The field table of docs/QUERY.md.
pub fn markdown_table() -> String {
    let mut out = String::from("| field | takes | for example | matches |\n|---|---|---|---|\n");
    for field in FIELDS {
        out.push_str(&format!(
            "| `{}:` | {} | `{}` | {} |\n",
            field.name, field.values, field.example, field.help
        ));
    }
    out
}

/// Letters to insert, drop or change to make one word of the other (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;

    #[test]
    fn the_document_shows_this_table() {
        let doc = include_str!("../../docs/QUERY.md").replace("\r\n", "\n");
        assert!(doc.contains(&markdown_table()), "put this into docs/QUERY.md:\n{}", markdown_table());
    }

    #[test]
    fn every_example_and_known_value_is_a_query() {
        for field in FIELDS {
            assert!(field.example.starts_with(&format!("{}:", field.name)));
            Query::parse(field.example).unwrap();
            for value in field.known {
                Query::parse(&format!("{}:{value}", field.name)).unwrap();
            }
        }
    }

    #[test]
    fn near_names() {
        let near = |typed| nearest(typed, FIELDS.iter().map(|f| f.name)).unwrap_or("-");
        assert_eq!(near("stge"), "stage");
        assert_eq!(near("SENDR"), "sender");
        assert_eq!(near("cod"), "code");
        assert_eq!(near("zzzz"), "-");
        assert_eq!(near("http"), "-");
    }
}
