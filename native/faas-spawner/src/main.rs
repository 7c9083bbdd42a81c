use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--version") {
        println!(
            "faas-spawner {} (protocol {})",
            env!("CARGO_PKG_VERSION"),
            faas_wire::PROTOCOL
        );
        return ExitCode::SUCCESS;
    }
    eprintln!("usage: faas-spawner --version");
    ExitCode::from(2)
}
