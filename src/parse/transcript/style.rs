//! Which tool wrote a transcript, told from its decoration.
//!
//! `<** ` is swaks, `Net::SMTP=GLOB(…)<<< ` is Perl's Net::SMTP. Only a name for the reader: nothing is decided by it,
//! except that in a Postfix notice and in a server's own log the server is ours.

/// The tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Style {
    Swaks,
    Curl,
    Smtplib,
    NetSmtp,
    Nodemailer,
    PhpMailer,
    Postfix,
    Sendmail,
    /// A server's own log: what it sent are replies.
    Server,
    #[default]
    Other,
}

impl Style {
    /// The tool whose lines have this decoration; `quoted` if a string literal follows it.
    pub(super) fn of(key: &str, quoted: bool) -> Self {
        if key.contains("glob") {
            return Self::NetSmtp;
        }
        if key.contains("server -> client:") || key.contains("client -> server:") {
            return Self::PhpMailer;
        }
        let mut label = key.trim_start_matches(['@', '[', ']', '|', '`', '0']);
        // The whole session was quoted in a mail.
        if label.contains(['<', '-', '~', ':', '*']) {
            label = label.trim_start_matches('>');
        }
        match label {
            "<-" | "<**" | "<~" | "<~*" | "->" | "~>" | "**>" | "*~>" if !quoted => Self::Swaks,
            "<" | ">" if !quoted => Self::Curl,
            "send:" | "reply:" if quoted => Self::Smtplib,
            "in:" | "out:" => Self::Postfix,
            "<<<" | ">>>" => Self::Sendmail,
            _ if key.contains("[]s:") || key.contains("[]c:") => Self::Nodemailer,
            _ => Self::Other,
        }
    }

    /// The name of the format.
    pub(super) fn format(self) -> &'static str {
        match self {
            Self::Swaks => "transcript.swaks",
            Self::Curl => "transcript.curl",
            Self::Smtplib => "transcript.smtplib",
            Self::NetSmtp => "transcript.net-smtp",
            Self::Nodemailer => "transcript.nodemailer",
            Self::PhpMailer => "transcript.phpmailer",
            Self::Postfix => "transcript.postfix",
            Self::Sendmail => "transcript.sendmail",
            Self::Server | Self::Other => "transcript.other",
        }
    }
}
