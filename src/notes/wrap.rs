//! Lines broken at blanks.

/// The text in lines of at most `width` columns, `first` before the first and `next` before the others. A word that
/// is longer than a line stands alone and is not cut: it may be an address or a URL to copy.
pub fn wrap(text: &str, width: usize, first: &str, next: &str) -> String {
    let mut out = String::new();
    for paragraph in text.lines() {
        let prefix = if out.is_empty() { first } else { next };
        let mut line = prefix.to_owned();
        let mut line_width = columns(prefix);
        let mut empty = true;
        for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
            let word_width = columns(word);
            if !empty && line_width + 1 + word_width > width {
                out.push_str(line.trim_end());
                out.push('\n');
                line = next.to_owned();
                line_width = columns(next);
                empty = true;
            }
            if !empty {
                line.push(' ');
                line_width += 1;
            }
            line.push_str(word);
            line_width += word_width;
            empty = false;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Columns a terminal needs: two for a wide East Asian character or an emoji, none for a combining mark.
pub fn columns(text: &str) -> usize {
    let column = |c: char| match u32::from(c) {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f => 2,
        0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd => 2,
        _ => 1,
    };
    text.chars().map(column).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (text, expect) in [
            ("", ""),
            ("one two three", "- one two\n  three\n"),
            ("averyverylongword x", "- averyverylongword\n  x\n"),
            ("a\nb", "- a\n  b\n"),
            ("郵便 郵便 郵便", "- 郵便\n  郵便\n  郵便\n"),
        ] {
            assert_eq!(wrap(text, 10, "- ", "  "), expect, "{text}");
        }
    }
}
