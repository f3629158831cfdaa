import AsyncHTTPClient
import LocalCluster
import NIOCore
import NIOHTTP1
import TestSupport

/// A strategy that kills its host soon after it is up there, whoever that is: what kills is this program, and to the cluster there is no
/// difference. In the end it alone must be quarantined, all others run, and when somebody resumes it, it runs as well.
struct Poison: Sendable {
    let arena: Arena
    let symbol: String

    private static let mostKills = 16

    /// Starts it, among all the others.
    func start() async throws {
        try await send(
            "start",
            #"{"symbol":"\#(symbol)","mode":"scalp","interval":"1s","config":{"catch_up":"act","fast_period":2,"slow_period":4}}"#
        )
    }

    /// Kills whoever runs it, until nobody does any more.
    func run() async throws {
        var kills = 0
        try await eventually(within: .seconds(240), "the quarantine of \(symbol)") {
            if try await status() == "quarantined" { return true }
            guard kills < Self.mostKills, let name = try await host() else { return false }
            // It does its harm a moment after it has come up.
            try await Task.sleep(for: .milliseconds(150))
            guard let replica = arena.cluster.replicas.first(where: { $0.name == name }), replica.pid != nil,
                try await host() == name
            else { return false }
            kills += 1
            arena.log.note("poison: \(name) dies, the \(kills). time")
            await replica.kill()
            try await Task.sleep(for: .milliseconds(300))
            try arena.startAgain(replica, after: true)
            return false
        }
        arena.log.note("poison: \(symbol) is quarantined after \(kills) kills")
    }

    /// The innocent run, and nobody else is locked up; whoever resumes it has it run again.
    func judge() async throws {
        let guilty = try await arena.sql(
            "SELECT string_agg(symbol, ' ' ORDER BY symbol) FROM tenure.strategies WHERE phase = 'quarantined'"
        )
        if guilty != symbol { arena.log.violation("quarantined are \(guilty), and not \(symbol) alone") }
        try await eventually(within: .seconds(180), "all innocent strategies running") {
            try await arena.sql(
                """
                SELECT count(*) FROM tenure.active_strategies
                WHERE symbol <> '\(symbol)' AND status NOT IN ('running', 'paused')
                """
            ) == "0"
        }
        arena.log.note("poison: all others run")
        try await send("resume", #"{"symbol":"\#(symbol)"}"#)
        try await eventually(within: .seconds(60), "\(symbol) running again") { try await status() == "running" }
    }

    private func status() async throws -> String {
        try await read("SELECT status FROM tenure.active_strategies WHERE symbol = '\(symbol)'")
    }

    /// Who has brought it up, on trial or not.
    private func host() async throws -> String? {
        let name = try await read(
            """
            SELECT r.name FROM tenure.strategies s JOIN tenure.shards h ON h.id = s.shard
            JOIN tenure.replicas r ON r.id = h.owner AND r.fenced_at IS NULL
            WHERE s.symbol = '\(symbol)' AND s.phase <> 'quarantined'
                AND (h.ready_epoch = h.epoch OR s.trial_epoch = h.epoch)
            """
        )
        return name.isEmpty ? nil : name
    }

    private func read(_ statement: String) async throws -> String {
        // PostgreSQL may be away at the moment: asked again soon.
        (try? await arena.sql(statement)) ?? ""
    }

    private func send(_ request: String, _ body: String) async throws {
        try await eventually(within: .seconds(60), "\(request) of \(symbol)") {
            guard let replica = arena.cluster.replicas.first(where: { $0.pid != nil }) else { return false }
            var call = HTTPClientRequest(url: "\(replica.url)/api/live-strategy/\(request)")
            call.method = .POST
            call.headers.add(name: "content-type", value: "application/json")
            call.body = .bytes(ByteBuffer(string: body))
            // Not reached, or no answer: somebody else is asked.
            let response = try? await HTTPClient.shared.execute(call, timeout: .seconds(10))
            let text = try await response?.body.collect(upTo: 1 << 20)
            arena.log.note(
                "poison: \(request): \(response?.status.code ?? 0) \(text.map { String(buffer: $0).prefix(120) } ?? "")"
            )
            return response.map { (200..<300).contains($0.status.code) } ?? false
        }
    }
}
