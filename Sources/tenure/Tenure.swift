import ArgumentParser

@main
struct Tenure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenure",
        abstract:
            "Hosts live trading strategies so that they survive anything that happens to the machine they run on.",
        discussion: """
            Most commands ask a running cluster, from anywhere: --url, else TENURE_URL, else http://127.0.0.1:8080. They print \
            tables that fit the terminal, in colour where that is one (unless NO_COLOR is set), and JSON with --json.

            Exit status: 0 all is well; 1 the request was refused; 64 it was put wrongly; 65 wrong data; 66 no such file; 69 \
            something cannot be reached; 78 wrong settings.

            Completion for a shell: tenure --generate-completion-script bash (or zsh, fish); for example
              tenure --generate-completion-script bash > ~/.local/share/bash-completion/completions/tenure
            """,
        version: Tenure.version,
        subcommands: [
            UpCommand.self, ServeCommand.self, MigrateCommand.self, SimulatorCommand.self, StartCommand.self,
            StopCommand.self, PauseCommand.self, ResumeCommand.self, ChangeCommand.self, CloseCommand.self,
            ReplayCommand.self, HaltCommand.self, UnhaltCommand.self,
            LimitsCommand.self,
            StatusCommand.self, HistoryCommand.self,
            OrdersCommand.self, EventsCommand.self, OwnershipCommand.self, AuditCommand.self, ReplicasCommand.self,
            DrainCommand.self,
            TokenCommand.self, ImportCommand.self, DoctorCommand.self,
        ]
    )

    static let version = "0.1.0"
}
