//! SMTP commands and the addresses in them.
//!
//! `RCPT TO:<a@example.org> NOTIFY=NEVER` (RFC 5321 §4.1.1), in any case, with or without the angle brackets that
//! pages lose. Commands of FTP and POP are known too, so that their 550s are told apart from ours.

/// What a command asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Ehlo,
    Helo,
    /// LMTP: one reply for each recipient after the content (RFC 2033).
    Lhlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// A chunk (RFC 3030) that is not the last.
    Bdat,
    /// Ends the content: the final dot, or `BDAT … LAST`.
    EndOfData,
    Rset,
    Quit,
    /// Known, and no matter for a refusal: NOOP, HELP, VRFY.
    Aside,
    /// A command of another protocol.
    Foreign,
}

/// A command with what follows the verb.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Command<'a> {
    pub(super) verb: Verb,
    pub(super) argument: &'a str,
}

/// The SASL mechanisms seen in practice (RFC 4954, RFC 7628).
pub(super) const MECHANISMS: [&str; 12] = [
    "PLAIN",
    "LOGIN",
    "CRAM-MD5",
    "DIGEST-MD5",
    "XOAUTH2",
    "OAUTHBEARER",
    "NTLM",
    "GSSAPI",
    "EXTERNAL",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "ANONYMOUS",
];

/// Verbs of FTP (RFC 959) and POP3 that SMTP does not have.
const FOREIGN: [&str; 30] = [
    "USER", "PASS", "RETR", "STOR", "CWD", "PWD", "XPWD", "PASV", "EPSV", "PORT", "EPRT", "LIST", "NLST",
    "TYPE", "SYST", "FEAT", "MKD", "RMD", "DELE", "SIZE", "MDTM", "RNFR", "RNTO", "OPTS", "CDUP", "ALLO",
    "APPE", "PBSZ", "PROT", "MLSD",
];

/// The command that `text` is, if it is one and nothing else.
pub(super) fn read(text: &str) -> Option<Command<'_>> {
    let text = text.trim_end();
    // A verb is short ASCII; prose mostly ends here.
    let verb_len = text.bytes().take(9).take_while(u8::is_ascii_alphanumeric).count();
    let (verb, rest) = text.split_at(verb_len);
    if !(3..=9).contains(&verb_len) || !(rest.is_empty() || rest.starts_with([' ', '\t', ':'])) {
        return None;
    }
    let argument = rest.trim();
    let one_word = !argument.is_empty() && argument.len() <= 320 && !argument.contains(char::is_whitespace);
    let found = |verb| Some(Command { verb, argument });
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" if one_word => found(Verb::Ehlo),
        "HELO" if one_word => found(Verb::Helo),
        "LHLO" if one_word => found(Verb::Lhlo),
        // curl hides nothing, but some pages lose the host name.
        "EHLO" | "HELO" if argument.is_empty() => found(Verb::Ehlo),
        "STARTTLS" if argument.is_empty() => found(Verb::StartTls),
        "AUTH" => {
            let mechanism = argument.split(' ').next().unwrap_or("");
            MECHANISMS.iter().any(|m| m.eq_ignore_ascii_case(mechanism)).then_some(())?;
            // At most one response follows; JavaMail remarks `AUTH LOGIN command trace suppressed`.
            let mut words = argument.split_whitespace().skip(1);
            let remark = words.next().is_some_and(|w| matches!(w, "succeeded" | "failed" | "command"));
            (!remark && words.next().is_none()).then_some(())?;
            Some(Command { verb: Verb::Auth, argument: mechanism })
        }
        "MAIL" => Some(Command { verb: Verb::Mail, argument: after_keyword(argument, "FROM")? }),
        "RCPT" => Some(Command { verb: Verb::Rcpt, argument: after_keyword(argument, "TO")? }),
        "DATA" if argument.is_empty() => found(Verb::Data),
        "BDAT" if argument.starts_with(|c: char| c.is_ascii_digit()) => {
            let last = argument.to_ascii_uppercase().ends_with(" LAST");
            found(if last { Verb::EndOfData } else { Verb::Bdat })
        }
        "RSET" if argument.is_empty() => found(Verb::Rset),
        "QUIT" if argument.is_empty() => found(Verb::Quit),
        "NOOP" | "HELP" if argument.is_empty() => found(Verb::Aside),
        "VRFY" | "EXPN" | "ETRN" if one_word => found(Verb::Aside),
        "XCLIENT" | "XFORWARD" if !argument.is_empty() => found(Verb::Aside),
        _ if FOREIGN.contains(&verb) => found(Verb::Foreign),
        _ => None,
    }
}

/// What follows `FROM:` or `TO:`. Only something that can be a path, so that prose is no command.
fn after_keyword<'a>(argument: &'a str, keyword: &str) -> Option<&'a str> {
    let head = argument.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let path = argument[keyword.len()..].trim_start().strip_prefix(':')?.trim();
    let words = path.split_whitespace().count();
    (path.starts_with('<') || path.contains('@') || words <= 1).then_some(path)
}

/// The mailbox in a path, without angle brackets, parameters and source route; `None` if it is missing or is a
/// placeholder of whoever redacted the text.
pub(super) fn mailbox(path: &str) -> Option<String> {
    let path = path.trim();
    let inner = match path.strip_prefix('<') {
        Some(rest) => &rest[..closing_bracket(rest)],
        None => path.split_whitespace().next().unwrap_or(""),
    };
    // Perl's Net::SMTP prints `a\@example.org`.
    let inner = inner.replace("\\@", "@");
    let mut inner = inner.trim().trim_matches(['\'', '`', ';', ',']).trim_end_matches('.');
    // A local part may be quoted; an address as a whole is quoted by whoever pasted it.
    if !inner.contains("\"@") {
        inner = inner.trim_matches('"');
    }
    // RFC 5321 §4.1.1.3: a source route is to be ignored.
    let inner = match inner.strip_prefix('@').and_then(|r| r.split_once(':')) {
        Some((_, mailbox)) => mailbox,
        None => inner,
    };
    is_usable(inner).then(|| inner.to_owned())
}

/// The end of `a@example.org> SIZE=3`, minding `"a>b"@example.org`.
fn closing_bracket(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => return at,
            _ => {}
        }
    }
    text.find('>').unwrap_or(text.len())
}

/// No address at all, or `xxx`, `[redacted]`, `***@***`.
pub(crate) fn is_usable(mailbox: &str) -> bool {
    const HIDDEN: [&str; 14] = [
        "redacted",
        "removed",
        "hidden",
        "masked",
        "email",
        "e-mail",
        "address",
        "recipient",
        "sender",
        "user",
        "username",
        "snip",
        "email-address",
        "mail",
    ];
    let real = |part: &str| {
        let part = part.trim_matches(['[', ']', '(', ')', '{', '}', '"']);
        part.chars().any(|c| c.is_alphanumeric() && !matches!(c, 'x' | 'X'))
            && !part.contains("***")
            && !part.contains('…')
    };
    if mailbox.is_empty() || mailbox.len() > 320 || mailbox.contains('\n') {
        return false;
    }
    if mailbox.contains(['<', '>']) && !mailbox.starts_with('"') {
        return false;
    }
    match mailbox.rsplit_once('@') {
        Some((local, domain)) => {
            !HIDDEN[..4].contains(&local.trim_matches(['[', ']']).to_ascii_lowercase().as_str())
                && (real(local) || !local.contains(['*', '…', '[']) && !local.is_empty())
                && real(domain)
        }
        None => {
            real(mailbox)
                && !HIDDEN.contains(&mailbox.to_ascii_lowercase().as_str())
                && mailbox.chars().all(|c| c.is_alphanumeric() || "._-+$/".contains(c))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let got = read(text).map_or("-".into(), |c| format!("{:?} {}", c.verb, c.argument));
        assert_eq!(got.trim_end(), expect, "{text}");
    }

    #[test]
    fn commands() {
        check("EHLO mail.example.org", "Ehlo mail.example.org");
        check("helo there my friend", "-");
        check("MAIL FROM:<a@example.org> SIZE=66", "Mail <a@example.org> SIZE=66");
        check("mail from: a@example.org", "Mail a@example.org");
        check("Mail from: the boss came late", "-");
        check("rcpt TO:<b@example.net>", "Rcpt <b@example.net>");
        check("RCPT TO:", "Rcpt");
        check("DATA", "Data");
        check("data is lost", "-");
        check("BDAT 86 LAST", "EndOfData 86 LAST");
        check("BDAT 86", "Bdat 86");
        check("AUTH PLAIN AGEAYg==", "Auth PLAIN");
        check("auth me please", "-");
        check("QUIT", "Quit");
        check("RETR notes.txt", "Foreign notes.txt");
        check("user anonymous", "-");
    }

    #[track_caller]
    fn address(path: &str, expect: &str) {
        assert_eq!(mailbox(path).as_deref().unwrap_or("-"), expect, "{path}");
    }

    #[test]
    fn addresses() {
        address("<a@example.org> SIZE=66", "a@example.org");
        address("<a\\@example.org>", "a@example.org");
        address("a@example.org NOTIFY=NEVER", "a@example.org");
        address("<\"a b>c\"@example.org>", "\"a b>c\"@example.org");
        address("<@relay.example.org:a@example.org>", "a@example.org");
        address("<postmaster>", "postmaster");
        address("<xx@example.org>", "xx@example.org");
        address("<>", "-");
        address("<[redacted]>", "-");
        address("<xxx>", "-");
        address("<***@***.com>", "-");
        address("<redacted@example.org>", "-");
        address("", "-");
    }
}
