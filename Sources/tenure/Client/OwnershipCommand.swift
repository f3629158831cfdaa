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

    @Option(help: "Only what this replica (its id) took, or what was taken from it.")
    var replica: Int?

    @OptionGroup var filter: StrategyFilter
    @OptionGroup var lines: ListOptions
    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard filter.strategy == nil || replica == nil else {
            throw ValidationError("give a strategy or --replica, not both")
        }
    }

    func run() async throws {
        let client = try options.client()
        let path = try await filter.id(client).map { "/api/live-strategy/\($0)/ownership" } ?? "/api/ownership"
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
