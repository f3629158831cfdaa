import ArgumentParser

/// Which strategy is meant, active or stopped.
struct StrategyArguments: ParsableArguments {
    @Argument(help: "The symbol of an active strategy, or the id of any.")
    var strategy: String

    @Option(help: "The exchange, if the symbol is active on several.")
    var exchange: String?
}
