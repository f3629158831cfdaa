import ArgumentParser
import Trading

struct OwnershipCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ownership",
        abstract: "Shows who took which strategies from whom, when and why, latest first.",
        discussion: """
            GAP MS is how long the strategies stood still: from when the previous owner had let go of them until they ran \
            again. What is older than 30 days is forgotten.
            """
    )

    @Argument(help: "Only of the strategy of this symbol.")
    var symbol: String?

    @Option(help: "The exchange of that strategy, if the symbol is active on several.")
    var exchange: String?

    @Option(help: "Only what this replica (its id) took, or what was taken from it.")
    var replica: Int?

    @Option(help: "How many changes at most.")
    var limit = 50

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1") }
        guard symbol == nil || replica == nil else { throw ValidationError("give a symbol or --replica, not both") }
    }

    func run() async throws {
        let client = try options.client()
        var path = "/api/ownership"
        if let symbol { path = "/api/live-strategy/\(try await id(symbol, client))/ownership" }
        let query = replica.map { ["replica": "\($0)"] } ?? [:]
        options.print(try await client.list(path, query, limit: limit), Self.text)
    }

    private func id(_ symbol: String, _ client: APIClient) async throws -> Int {
        let query = ["symbol": symbol, "exchange": exchange].compactMapValues { $0 }
        let found = try await client.get("/api/live-strategy/status", query)["items"]?.array ?? []
        guard let id = found.first?["id"]?.integer else {
            throw fail("No strategy is active for \(symbol): `tenure status` lists the active ones.", code: 1)
        }
        guard found.count == 1 else {
            throw fail("\(symbol) is active on several exchanges: say which with --exchange.", code: 1)
        }
        return id
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
