import ArgumentParser

@main
struct Tenure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenure",
        abstract:
            "Hosts live trading strategies so that they survive anything that happens to the machine they run on.",
        version: Tenure.version,
        subcommands: [
            UpCommand.self, ServeCommand.self, MigrateCommand.self, SimulatorCommand.self, StartCommand.self,
            StopCommand.self, PauseCommand.self, ResumeCommand.self, HaltCommand.self, UnhaltCommand.self,
            LimitsCommand.self,
            StatusCommand.self, HistoryCommand.self,
            OrdersCommand.self, EventsCommand.self, OwnershipCommand.self, ReplicasCommand.self, DrainCommand.self,
            TokenCommand.self, ImportCommand.self, DoctorCommand.self,
        ]
    )

    static let version = "0.1.0"
}
