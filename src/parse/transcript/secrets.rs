//! Credentials in transcripts, hidden before a line is shown or copied.
//!
//! `AUTH PLAIN AGRlbW8Ac2VjcmV0`, the answers to `334 VXNlcm5hbWU6` (RFC 4954), in any decoration:
//! ` -> ZGVtbw==`, `send: 'ZGVtbw==\r\n'`, `CLIENT -> SERVER: ZGVtbw==`; and `pass: 'secret'`,
//! `--auth-password secret` beside them. Base64 is no protection. In doubt a line is hidden.

use super::command::{self, MECHANISMS, Verb};
use super::lex::{self, Kind};
use std::borrow::Cow;

/// What stands for a credential.
pub(super) const HIDDEN: &str = "••••";

/// Hides credentials in the lines of a document, fed in order.
#[derive(Clone, Default, Debug)]
pub struct Secrets {
    /// Since an AUTH command, until its verdict.
    in_auth: bool,
    /// The server has asked (334): the next line of the client answers.
    asked: bool,
}

impl Secrets {
    /// The line with its credentials replaced by `••••`.
    pub fn hide<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        if let Some(hidden) = self.after_auth(line) {
            return Cow::Owned(hidden);
        }
        let hidden = self.answer(line).map_or(Cow::Borrowed(line), Cow::Owned);
        match after_key(&hidden) {
            Some(better) => Cow::Owned(better),
            None => hidden,
        }
    }

    /// `AUTH PLAIN <response>`: everything behind the mechanism.
    fn after_auth(&mut self, line: &str) -> Option<String> {
        // ASCII only: offsets stay valid.
        let lower = line.to_ascii_lowercase();
        let mut from = 0;
        while let Some(at) = lower[from..].find("auth ").map(|i| i + from) {
            from = at + 5;
            let starts_word = !lower[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-');
            // `250-AUTH PLAIN LOGIN` offers mechanisms and holds no secret.
            let offered = line[..at].ends_with("250-") || line[..at].ends_with("250 ");
            if !starts_word || offered {
                continue;
            }
            let rest = line[from..].trim_start();
            let begin = line.len() - rest.len();
            let word_len =
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len());
            if !MECHANISMS.iter().any(|m| m.eq_ignore_ascii_case(&rest[..word_len])) {
                continue;
            }
            self.in_auth = true;
            self.asked = false;
            let tail = &line[begin + word_len..];
            let blob = tail.trim_start_matches([' ', '\t']);
            // What closes a literal is kept; the response runs to there.
            let closed = blob.rfind("\\r\\n").filter(|i| blob.len() - i <= 8);
            let open_len = blob.trim_end_matches(['\'', '"', '`', ')', ';', ' ', ',']).len();
            let kept = closed.unwrap_or(open_len);
            if blob[..kept].is_empty() {
                return None;
            }
            return Some(format!("{} {HIDDEN}{}", &line[..begin + word_len], &blob[kept..]));
        }
        None
    }

    /// The client's answer to a 334, or a lone blob after AUTH.
    fn answer(&mut self, line: &str) -> Option<String> {
        if line.contains("retcode (334)") {
            self.asked = true;
            return None;
        }
        let mut hide = false;
        let (mut in_auth, mut asked) = (self.in_auth, self.asked);
        lex::lex(line, |prefix, kind| match kind {
            Kind::Reply { code, .. } if code.get() == 334 => (in_auth, asked) = (true, true),
            // 250 may answer a pipelined command; the verdict on AUTH is 235, 4yz or 5yz.
            Kind::Reply { code, .. } if !asked || code.get() >= 400 || code.get() == 235 => {
                in_auth &= matches!(code.get(), 220 | 250);
                asked = false;
            }
            Kind::Reply { .. } => {}
            Kind::Command(command) => (in_auth, asked) = (command.verb == Verb::Auth, false),
            Kind::Dot => {}
            Kind::Other(text) => {
                let rest = blob_of(text);
                let told = matches!(prefix.key.as_str(), "===" | "*" | "***");
                let one_word = !rest.is_empty() && !rest.contains(char::is_whitespace);
                let client = !prefix.key.is_empty() || lex::after_marker(text).is_some();
                hide |= !told && (asked && (one_word || client) || in_auth && one_word && is_base64(rest));
            }
        });
        (self.in_auth, self.asked) = (in_auth, asked && !hide);
        if !hide {
            return None;
        }
        let blob = blob_of(line.trim_end());
        // In a program's columns, what closes the field is kept.
        if blob.contains([' ', '\t', ','])
            && let Some((at, text)) = lex::after_marker(line)
        {
            let kept = text.trim_end().trim_end_matches(['"', ',']).len();
            return Some(format!("{}{HIDDEN}{}", &line[..at], &text[kept..]));
        }
        let at = line.trim_end().len() - blob.len();
        let at = if blob.is_empty() { line.len() } else { at };
        let kept =
            if blob.ends_with("\\r\\n'") || blob.ends_with("\\r\\n\"") { blob.len() - 5 } else { blob.len() };
        Some(format!("{}{HIDDEN}{}", &line[..at], &line[at..][kept..]))
    }
}

/// The line without its decoration and the quote that opens a literal.
fn blob_of(line: &str) -> &str {
    let rest = lex::content(line);
    let rest = rest.strip_prefix("b'").or_else(|| rest.strip_prefix("b\"")).unwrap_or(rest);
    rest.trim_start_matches(['\'', '"'])
}

/// Letters of base64, with what closes a literal.
fn is_base64(text: &str) -> bool {
    let text = text.trim_end_matches(['\'', '"']);
    let text = text.strip_suffix("\\r\\n").unwrap_or(text);
    text.len() >= 4 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b))
}

/// Names after which a secret stands, with `=`, `:` or a blank.
const KEYS: [&str; 12] = [
    "--auth-password",
    "--password",
    "-ap",
    "password",
    "passwd",
    "passphrase",
    "pass",
    "pwd",
    "secret",
    "bearer",
    "accesstoken",
    "refreshtoken",
];

/// `pass: 'secret'`, `password=secret`, `--auth-password secret`, `Bearer ya29…`.
fn after_key(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    if !KEYS.iter().any(|key| lower.contains(key)) {
        return None;
    }
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    while at < line.len() {
        let starts_word = !lower[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let key = KEYS.iter().find(|key| starts_word && lower[at..].starts_with(**key));
        let value =
            key.and_then(|key| value_after(line, at + key.len(), key.starts_with('-') || *key == "bearer"));
        let Some((begin, end)) = value else {
            let c = line[at..].chars().next()?;
            out.push(c);
            at += c.len_utf8();
            continue;
        };
        out.push_str(&line[at..begin]);
        out.push_str(HIDDEN);
        at = end;
    }
    (out != line).then_some(out)
}

/// Where the value after a key begins and ends.
fn value_after(line: &str, key_end: usize, blank_will_do: bool) -> Option<(usize, usize)> {
    let rest = &line[key_end..];
    let close = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start_matches([' ', '\t']);
    let value = if let Some(value) = close.strip_prefix("=>") {
        value
    } else if let Some(value) = close.strip_prefix(['=', ':']) {
        value
    } else if blank_will_do && rest.starts_with([' ', '\t']) {
        rest
    } else {
        return None;
    };
    let value = value.trim_start_matches([' ', '\t']);
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'));
    let begin = line.len() - value.len() + usize::from(quote.is_some());
    let body = &line[begin..];
    let len = match quote {
        Some(quote) => body.find(quote).unwrap_or(body.len()),
        None => body.find([' ', '\t', ',', ';', '}', ')', '&']).unwrap_or(body.len()),
    };
    (len > 0 && command::read(body).is_none()).then_some((begin, begin + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, expect: &str) {
        let mut secrets = Secrets::default();
        let got: Vec<_> = lines.lines().map(|line| secrets.hide(line)).collect();
        assert_eq!(got.join("\n"), expect);
    }

    #[test]
    fn auth_plain() {
        check("AUTH PLAIN AGRlbW8Ac2VjcmV0", "AUTH PLAIN ••••");
        check(" ~> AUTH PLAIN AGRlbW8Ac2VjcmV0", " ~> AUTH PLAIN ••••");
        check("send: 'AUTH PLAIN AGRlbW8Ac2VjcmV0\\r\\n'", "send: 'AUTH PLAIN ••••\\r\\n'");
        check("[x] C: AUTH PLAIN AGRlbW8ALyogc2VjcmV0ICov", "[x] C: AUTH PLAIN ••••");
        check("> auth xoauth2 dXNlcj1h", "> auth xoauth2 ••••");
        check("250-AUTH PLAIN LOGIN", "250-AUTH PLAIN LOGIN");
        check("250-AUTH=PLAIN LOGIN", "250-AUTH=PLAIN LOGIN");
        check(
            "AUTH PLAIN\n334 \nAGRlbW8Ac2VjcmV0\n235 ok\nabcdef==",
            "AUTH PLAIN\n334 \n••••\n235 ok\nabcdef==",
        );
    }

    #[test]
    fn auth_login() {
        check(
            "AUTH LOGIN\n334 VXNlcm5hbWU6\nZGVtbw==\n334 UGFzc3dvcmQ6\nc2VjcmV0\n535 no\nQUIT",
            "AUTH LOGIN\n334 VXNlcm5hbWU6\n••••\n334 UGFzc3dvcmQ6\n••••\n535 no\nQUIT",
        );
        check(
            " -> AUTH LOGIN\n<-  334 VXNlcm5hbWU6\n -> ZGVtbw==\n<-  334 UGFzc3dvcmQ6\n -> my secret\n<** 535 no",
            " -> AUTH LOGIN\n<-  334 VXNlcm5hbWU6\n -> ••••\n<-  334 UGFzc3dvcmQ6\n -> ••••\n<** 535 no",
        );
        check(
            "send: 'AUTH LOGIN ZGVtbw==\\r\\n'\nreply: b'334 UGFz\\r\\n'\nreply: retcode (334); Msg: b'UGFz'\n\
             send: 'c2VjcmV0\\r\\n'",
            "send: 'AUTH LOGIN ••••\\r\\n'\nreply: b'334 UGFz\\r\\n'\nreply: retcode (334); Msg: b'UGFz'\n\
             send: '••••\\r\\n'",
        );
        check(
            "2026-01-01 00:00:00\tCLIENT -> SERVER: AUTH LOGIN\n2026-01-01 00:00:00\tSERVER -> CLIENT: 334 VXNl\n\
             2026-01-01 00:00:00\tCLIENT -> SERVER: ZGVtbw==",
            "2026-01-01 00:00:00\tCLIENT -> SERVER: AUTH LOGIN\n2026-01-01 00:00:00\tSERVER -> CLIENT: 334 VXNl\n\
             2026-01-01 00:00:00\tCLIENT -> SERVER: ••••",
        );
        // Only the client's side: no 334 is shown.
        check(
            "AUTH LOGIN\nZGVtbw==\nc2VjcmV0\nMAIL FROM:<a@example.org>",
            "AUTH LOGIN\n••••\n••••\nMAIL FROM:<a@example.org>",
        );
    }

    #[test]
    fn behind_columns() {
        for (server, client, close) in [
            (
                "1\t2\t3\t\"2026-11-17 14:51:07\"\t\"RECEIVED: ",
                "1\t2\t3\t\"2026-11-17 14:51:07\"\t\"SENT: ",
                "\"",
            ),
            (
                "2026-11-17T14:51:07.123Z,Out,08D1,5,a:1,b:25,<,",
                "2026-11-17T14:51:07.123Z,Out,08D1,5,a:1,b:25,>,",
                ",",
            ),
            (
                "192.0.2.9 [1A2C] Thu, 17 Nov 2026 14:51:07 +0200 >>> ",
                "192.0.2.9 [1A2C] Thu, 17 Nov 2026 14:51:07 +0200 <<< ",
                "",
            ),
            ("[2026-11-17 14:51:07] 4< ", "[2026-11-17 14:51:07] 4> ", ""),
        ] {
            let text = |blob: &str| {
                [(client, "AUTH LOGIN"), (server, "334 UGFzc3dvcmQ6"), (client, blob), (server, "535 no")]
                    .map(|(columns, text)| format!("{columns}{text}{close}"))
                    .join("\n")
            };
            check(&text("c2VjcmV0"), &text("••••"));
        }
    }

    #[test]
    fn named_secrets() {
        check("auth: { user: 'demo', pass: 'geheim' }", "auth: { user: 'demo', pass: '••••' }");
        check(
            "swaks --auth-password geheim --to a@example.org",
            "swaks --auth-password •••• --to a@example.org",
        );
        check("\"password\": \"geheim\",", "\"password\": \"••••\",");
        check("'pass' => 'geheim'", "'pass' => '••••'");
        check("535 5.7.8 Username and Password not accepted", "535 5.7.8 Username and Password not accepted");
        check("Authorization: Bearer ya29.x", "Authorization: Bearer ••••");
        check("550 5.1.1 no such user", "550 5.1.1 no such user");
    }
}
