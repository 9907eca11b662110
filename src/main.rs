//! Start-up only; the program is in the library.

fn main() -> std::process::ExitCode {
    fivefifty::cli::main()
}
