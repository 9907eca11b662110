//! The programs whose way of showing a session is known.

use crate::parse::formats::{Extent, Family, Format, Sample};

/// What a session can give.
const FIELDS: &[&str] = &[
    "time",
    "direction",
    "remote_mta",
    "remote_ip",
    "reverse_path",
    "final_recipient",
    "stage",
    "reply_code",
    "enhanced_status",
    "diagnostic_code",
    "action",
];

const fn session(name: &'static str, title: &'static str, grammar: &'static str, sample: Sample) -> Format {
    Format { name, title, family: Family::Transcript, extent: Extent::Fully, sample, grammar, fields: FIELDS }
}

/// All of them.
pub static TRANSCRIPTS: [Format; 11] = [
    session("transcript.swaks", "swaks", "swaks, its manual page", Sample::RealProgram),
    session("transcript.curl", "curl -v", "curl, its manual page", Sample::RealProgram),
    session(
        "transcript.smtplib",
        "Python smtplib, set_debuglevel",
        "CPython, Lib/smtplib.py",
        Sample::RealProgram,
    ),
    session("transcript.net-smtp", "Perl Net::SMTP, Debug", "libnet, Net/Cmd.pm", Sample::RealProgram),
    session(
        "transcript.nodemailer",
        "nodemailer, debug",
        "nodemailer, its documentation",
        Sample::RealProgram,
    ),
    session("transcript.phpmailer", "PHPMailer, SMTPDebug", "PHPMailer, src/SMTP.php", Sample::RealProgram),
    session(
        "transcript.postfix",
        "Session within a Postfix notice",
        "Postfix, src/smtpd/smtpd_chat.c",
        Sample::RealProgram,
    ),
    session(
        "transcript.sendmail",
        "Session within a Sendmail notice, sendmail -v",
        "Sendmail, sendmail/usersmtp.c",
        Sample::Documentation,
    ),
    session(
        "transcript.other",
        "Session with any other marks, or none",
        "RFC 5321 section 3; decided by content, not by arrows",
        Sample::RealProgram,
    ),
    session(
        "transcript.paste",
        "Replies between other words",
        "RFC 5321 section 4.2; RFC 3463",
        Sample::Documentation,
    ),
    session("transcript.reply", "One reply alone", "RFC 5321 section 4.2; RFC 3463", Sample::Documentation),
];
