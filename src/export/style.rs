//! Bold, dim and colour for a terminal, or nothing.

/// Whether text is styled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// For files and pipes.
    Plain,
    /// With ANSI escape sequences (ECMA-48 SGR).
    Coloured,
}

impl Style {
    /// Coloured on a terminal, unless the variable `NO_COLOR` is set and not empty (no-color.org).
    pub fn new(is_terminal: bool, no_color: Option<&std::ffi::OsStr>) -> Self {
        match is_terminal && no_color.is_none_or(|value| value.is_empty()) {
            true => Self::Coloured,
            false => Self::Plain,
        }
    }

    /// Bold text.
    pub fn bold(self, text: &str) -> String {
        self.sgr("1", text)
    }

    /// Text that stands back.
    pub fn dim(self, text: &str) -> String {
        self.sgr("2", text)
    }

    /// Bold text in the colour of a family of classes, as the window has it.
    pub fn family(self, class_id: &str, text: &str) -> String {
        let family = class_id.split('.').next().unwrap_or("");
        let colour = match family {
            "recipient" => "1;34",
            "relay" => "1;33",
            "auth" => "1;35",
            "reputation" | "account" => "1;31",
            "content" => "1;95",
            "mailbox" => "1;36",
            _ => "1",
        };
        self.sgr(colour, text)
    }

    /// Text to be marked: the words that matched.
    pub fn marked(self, text: &str) -> String {
        self.sgr("7", text)
    }

    fn sgr(self, codes: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{codes}m{text}\u{1b}[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn when_there_is_colour() {
        assert_eq!(Style::new(true, None), Style::Coloured);
        assert_eq!(Style::new(true, Some(OsStr::new(""))), Style::Coloured);
        assert_eq!(Style::new(true, Some(OsStr::new("1"))), Style::Plain);
        assert_eq!(Style::new(false, None), Style::Plain);
        assert_eq!(Style::Plain.family("auth.spf", "x"), "x");
        assert_eq!(Style::Coloured.family("auth.spf", "x"), "\u{1b}[1;35mx\u{1b}[0m");
    }
}
