import ArgumentParser

/// Of which strategy something is shown, active or stopped; of all if none is named.
struct StrategyFilter: ParsableArguments {
    @Argument(help: "Only of this strategy: the symbol of an active one, or the id of any.")
    var strategy: String?

    @Option(help: "The exchange of that strategy, if the symbol is active on several.")
    var exchange: String?

    func id(_ client: APIClient) async throws -> Int? {
        guard let strategy else { return nil }
        return try await client.strategyID(strategy, exchange: exchange)
    }
}
