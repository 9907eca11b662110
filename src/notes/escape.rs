//! Text of the evidence made safe to look at.
//!
//! A reply is written by whoever refused the mail, an address by whoever sent it: both may hold escape sequences for
//! a terminal, characters that turn the reading direction, or ones that cannot be seen. They are shown by their
//! number, `⟨U+202E⟩`, in the window, in notes and on the terminal.

use std::borrow::Cow;

/// The text with every control, bidirectional and invisible character shown by its number. Line ends and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_hidden(c) && c != '\n' && c != '\t')
}

/// As [`visible`], and on one line: line ends and tabs become blanks.
pub fn one_line(text: &str) -> Cow<'_, str> {
    let text = escaped(text, |c| is_hidden(c) && !matches!(c, '\n' | '\r' | '\t'));
    if !text.contains(['\n', '\r', '\t']) {
        return text;
    }
    Cow::Owned(text.split(['\n', '\r', '\t']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
}

/// A character that shows nothing, or changes how others are shown.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn escaped(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            out.push_str(&format!("⟨U+{:04X}⟩", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_shown() {
        for (text, expect) in [
            ("550 5.1.1 no", "550 5.1.1 no"),
            ("a\nb\tc", "a\nb\tc"),
            ("a\u{202e}b", "a⟨U+202E⟩b"),
            ("\u{1b}[31mred", "⟨U+001B⟩[31mred"),
            ("a\u{200b}@b\u{feff}", "a⟨U+200B⟩@b⟨U+FEFF⟩"),
            ("a\rb\u{85}", "a⟨U+000D⟩b⟨U+0085⟩"),
            ("\u{e0041}", "⟨U+E0041⟩"),
            ("straße 郵便 דואר", "straße 郵便 דואר"),
        ] {
            assert_eq!(visible(text), expect);
        }
    }

    #[test]
    fn one_line_is_one_line() {
        assert_eq!(one_line("550-a\r\n550 b"), "550-a 550 b");
        assert_eq!(one_line("a\tb\u{2028}"), "a b⟨U+2028⟩");
        assert_eq!(one_line("a"), "a");
    }
}
