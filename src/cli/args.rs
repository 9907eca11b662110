//! What can be typed, as typed: nothing is opened or built here.

use crate::model::Zone;
use crate::model::zone::NoSuchZone;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Who refused what, at which stage of SMTP, why, and what to do about it.
#[derive(Parser, Debug)]
#[command(version, about, args_conflicts_with_subcommands = true, after_help = AFTER_HELP)]
pub struct Args {
    /// What to do instead of opening the window.
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    /// Mail logs, transcripts, undeliverable notices, or folders of them, to open in the window.
    pub(super) paths: Vec<PathBuf>,

    /// The year of the first time stamp that has none.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1970..=9999))]
    pub(super) year: Option<i32>,
}

const AFTER_HELP: &str = "\
Nothing leaves this machine.

Examples:
  fivefifty /var/log/mail.log
  fivefifty report --filter 'code:550 who:us' /var/log/exim4
  journalctl -t postfix/smtp -o json | fivefifty report -
  fivefifty explain '550 5.7.1 Relay access denied' --stage rcpt_to

Exit codes: 0 done; 1 done, but --fail-on matched or --strict saw problems; 2 the job could not be done.";

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Print what was refused, grouped by pattern.
    Report(ReportArgs),
    /// Print the verdict on one reply: why, and what to do.
    Explain(ExplainArgs),
    /// Print what can be read, or why a file was taken or not, line by line.
    Formats(FormatsArgs),
}

#[derive(ClapArgs, Debug)]
pub(super) struct ReportArgs {
    /// Files or folders; `-` is standard input.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,

    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Only refusals that match, in the window's query language: `code:550 who:dns -domain:example.org`.
    #[arg(long, value_name = "QUERY", default_value = "")]
    pub filter: String,

    /// Also 4yz refusals and 5yz ones that were not final.
    #[arg(long)]
    pub include_transient: bool,

    /// End with exit code 1 if a refusal matches this query.
    #[arg(long, value_name = "QUERY")]
    pub fail_on: Option<String>,

    /// End with exit code 1 if anything could not be read or understood.
    #[arg(long)]
    pub strict: bool,

    /// The year of the first time stamp that has none.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1970..=9999))]
    pub year: Option<i32>,

    /// The zone of time stamps that name none: Europe/Berlin, +01:00, or `local` for this machine's. UTC if not given.
    #[arg(long, value_name = "ZONE", value_parser = zone, allow_hyphen_values = true, default_value_t = Zone::default())]
    pub tz: Zone,
}

/// `local` stands for the zone of this machine.
fn zone(text: &str) -> Result<Zone, String> {
    if !text.eq_ignore_ascii_case("local") {
        return text.parse().map_err(|error: NoSuchZone| error.to_string());
    }
    let name = std::env::var("TZ").ok().filter(|name| !name.is_empty() && name != ":");
    let name = name.or_else(|| iana_time_zone::get_timezone().ok());
    let zone = name.as_ref().and_then(|name| name.trim_start_matches(':').parse().ok());
    zone.ok_or_else(|| {
        "the zone of this machine has no name that is known; give one like Europe/Berlin".to_owned()
    })
}

impl ReportArgs {
    /// The plain report on `paths`.
    pub fn for_paths(paths: Vec<PathBuf>, year: Option<i32>) -> Self {
        Self {
            paths,
            format: Format::Text,
            filter: String::new(),
            include_transient: false,
            fail_on: None,
            strict: false,
            year,
            tz: Zone::default(),
        }
    }
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// A summary for a terminal.
    Text,
    /// Markdown.
    Md,
    /// One JSON object a refusal, see docs/REPORT.md.
    Jsonl,
}

#[derive(ClapArgs, Debug)]
pub(super) struct ExplainArgs {
    /// The reply as it stands in the evidence; `-` reads it from standard input.
    pub reply: String,

    /// The stage at which it was given: connect, ehlo, starttls, auth, mail_from, rcpt_to, data, end_of_data.
    #[arg(long)]
    pub stage: Option<String>,

    /// The host that gave it.
    #[arg(long)]
    pub host: Option<String>,

    /// The recipient it was about.
    #[arg(long)]
    pub recipient: Option<String>,
}

#[derive(ClapArgs, Debug)]
pub(super) struct FormatsArgs {
    /// The file to look into; `-` is standard input. Without it all formats are listed.
    pub path: Option<PathBuf>,

    /// How many lines are shown.
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub lines: usize,

    /// Also lines that say nothing.
    #[arg(long)]
    pub all: bool,

    /// The list as a Markdown table.
    #[arg(long, conflicts_with = "path")]
    pub markdown: bool,

    /// The year of the first time stamp that has none.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1970..=9999))]
    pub year: Option<i32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_path_is_no_subcommand() {
        let args = Args::parse_from(["fivefifty", "mail.log", "notices"]);
        assert!(args.command.is_none());
        assert_eq!(args.paths.len(), 2);
        let args = Args::parse_from(["fivefifty", "report", "-", "--format", "jsonl"]);
        assert!(matches!(args.command, Some(Command::Report(r)) if r.format == Format::Jsonl));
    }

    #[test]
    fn zones() {
        let tz = |zone: &str| {
            let args = Args::try_parse_from(["fivefifty", "report", "-", "--tz", zone]);
            args.ok().and_then(|args| match args.command {
                Some(Command::Report(report)) => Some(report.tz.to_string()),
                _ => None,
            })
        };
        assert_eq!(tz("europe/berlin").as_deref(), Some("Europe/Berlin"));
        assert_eq!(tz("-03:30").as_deref(), Some("-03:30"));
        assert_eq!(tz("Atlantis"), None);
    }
}
