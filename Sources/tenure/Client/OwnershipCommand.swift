import ArgumentParser
import Trading

struct OwnershipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ownership",
        abstract: "Shows who took which strategies from whom, when and why, latest first.",
        discussion: """
            GAP MS is how long the strategies stood still: from when the previous owner had let go of them until they ran \
            again. What is older than 30 days is forgotten.

            Examples:
              tenure ownership BTCUSDT
              tenure ownership --replica 17
            """
    )

    @Argument(help: "Only of this strategy: the symbol of an active one, or the id of any.")
    var strategy: String?

    @Option(help: "The exchange of that strategy, if the symbol is active on several.")
    var exchange: String?

    @Option(help: "Only what this replica (its id) took, or what was taken from it.")
    var replica: Int?

    @OptionGroup var lines: ListOptions
    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard strategy == nil || replica == nil else { throw ValidationError("give a strategy or --replica, not both") }
    }

    func run() async throws {
        let client = try options.client()
        var path = "/api/ownership"
        if let strategy {
            path = "/api/live-strategy/\(try await client.strategyID(strategy, exchange: exchange))/ownership"
        }
        let query = replica.map { ["replica": "\($0)"] } ?? [:]
        options.print(try await client.list(path, query, limit: lines.limit), Self.text)
    }

    static func text(_ answer: JSONValue) -> String {
        var table = TextTable(["AT", "SHARD", "EPOCH", "OWNER", "FROM", "REASON", "STRATEGIES", "GAP MS"])
        for change in answer["items"]?.array ?? [] {
            let reason = change["fenced_reason"]?.string.map { ": \($0)" } ?? ""
            table.add([
                change["at"].cell, change["shard"].cell, change["epoch"].cell, change["owner"].replicaCell,
                change["previous_owner"].replicaCell, change["reason"].cell + reason, change["strategies"].cell,
                change["gap_ms"].cell,
            ])
        }
        return table.text
    }
}
