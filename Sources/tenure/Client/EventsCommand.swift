import ArgumentParser
import AsyncHTTPClient
import Glibc
import Trading

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Shows what happened, oldest first; with --follow what happens from now on, too.",
        discussion: """
            Examples:
              tenure events BTCUSDT
              tenure events --follow --json | jq 'select(.kind == "failed")'
            """
    )

    @Flag(help: "Go on until Ctrl-C.")
    var follow = false

    @OptionGroup var filter: StrategyFilter
    @OptionGroup var lines: ListOptions
    @OptionGroup var options: ClientOptions

    func run() async throws {
        let client = try options.client()
        let id = try await filter.id(client)
        let path = id.map { "/api/live-strategy/\($0)/events" } ?? "/api/events"
        let latest = try await client.list(path, limit: lines.limit)["items"]?.array ?? []
        if options.json, !follow { return options.print(.object(["items": .array(latest)])) { _ in "" } }
        for event in latest.reversed() { show(event) }
        guard follow else { return }
        var query = ["last_event_id": "\(latest.first?["id"]?.integer ?? 0)"]
        if let id { query["strategy"] = "\(id)" }
        try await client.follow("/api/events", query, show)
    }

    /// One line for each: as JSON, or as people like it.
    private func show(_ event: JSONValue) {
        print(options.json ? event.text : Self.text(event))
        fflush(nil)
    }

    static func text(_ event: JSONValue) -> String {
        var text = "\(event["at"].cell)  \(event["kind"].cell)"
        if let strategy = event["strategy_id"], strategy != .null { text += "  strategy \(strategy.cell)" }
        if let replica = event["replica_id"], replica != .null { text += "  replica \(replica.cell)" }
        guard case .object(let details)? = event["details"] else { return text }
        for (name, value) in details.sorted(by: { $0.key < $1.key }) { text += "  \(name)=\(value.cell)" }
        return text
    }
}
