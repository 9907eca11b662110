//! The notices that are told apart by what only one kind of program writes.

use crate::parse::formats::{Extent, Family, Format, Sample};

/// What every notice can give.
const FIELDS: &[&str] = &[
    "time",
    "reporting_mta",
    "remote_mta",
    "remote_ip",
    "queue_id",
    "message_id",
    "reverse_path",
    "final_recipient",
    "original_recipient",
    "stage",
    "reply_code",
    "enhanced_status",
    "diagnostic_code",
    "action",
];

const fn notice(name: &'static str, title: &'static str, grammar: &'static str, sample: Sample) -> Format {
    Format { name, title, family: Family::Notice, extent: Extent::Fully, sample, grammar, fields: FIELDS }
}

/// All of them.
pub static NOTICES: [Format; 8] = [
    notice(
        "dsn.rfc3464",
        "Delivery status notification of any mail system",
        "RFC 3464, RFC 6522, RFC 6533",
        Sample::RealProgram,
    ),
    notice(
        "dsn.postfix",
        "Postfix notice without its report part",
        "Postfix, src/bounce",
        Sample::RealProgram,
    ),
    notice("dsn.exim", "Exim warning or failure notice", "Exim, src/deliver.c", Sample::RealProgram),
    notice("dsn.sendmail", "Sendmail notice", "Sendmail, sendmail/savemail.c", Sample::Documentation),
    notice("dsn.qmail", "qmail notice (QSBMF)", "qmail, qmail-send.c; QSBMF", Sample::Documentation),
    notice(
        "dsn.exchange",
        "Exchange and Microsoft 365 non-delivery report",
        "Microsoft: NDRs in Exchange Online",
        Sample::Documentation,
    ),
    notice("dsn.gmail", "Gmail delivery failure", "Google: Fix bounced emails", Sample::Documentation),
    notice(
        "dsn.other",
        "Notice in any other words",
        "notices of some sixty mail systems",
        Sample::Documentation,
    ),
];
