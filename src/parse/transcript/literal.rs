//! String literals of programming languages, as debug output and exceptions print replies.
//!
//! Python: `b'550 5.1.1 no\r\n'`, `u"550 no"`; Ruby, JavaScript, JSON: `"550 no\r\n"`.

/// Decodes the literal at the start of `text`: its value and what follows it. A literal that is not closed runs to
/// the end of the text.
pub(super) fn read(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix(['b', 'u', 'B', 'U', 'r']).unwrap_or(text);
    let quote = body.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
    Some(read_to(&body[1..], quote))
}

/// Decodes up to the closing `quote`: the value and what follows.
pub(super) fn read_to(text: &str, quote: char) -> (String, &str) {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return (out, &text[at + c.len_utf8()..]);
        }
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next().map(|(_, c)| c) {
            Some('n') => out.push('\n'),
            Some('r') => {}
            Some('t') => out.push('\t'),
            Some('0') => out.push('\0'),
            Some('x') => {
                let hex = chars.as_str().get(..2).and_then(|h| u8::from_str_radix(h, 16).ok());
                match hex {
                    Some(byte) => {
                        out.push(char::from(byte));
                        chars.next();
                        chars.next();
                    }
                    None => out.push_str("\\x"),
                }
            }
            Some(c) => {
                if !matches!(c, '\'' | '"' | '\\' | '`' | '/') {
                    out.push('\\');
                }
                out.push(c);
            }
            None => out.push('\\'),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<(&str, &str)>) {
        assert_eq!(read(text), expect.map(|(v, r)| (v.to_owned(), r)), "{text}");
    }

    #[test]
    fn literals() {
        check(r"b'550 no\r\n')", Some(("550 no\n", ")")));
        check(r#"b"it's""#, Some(("it's", "")));
        check(r"'it\'s', 2", Some(("it's", ", 2")));
        check(r"'\xe4\zopen", Some(("ä\\zopen", "")));
        check(r"'a\\b'", Some(("a\\b", "")));
        check("plain", None);
        check("but", None);
        check("", None);
    }
}
