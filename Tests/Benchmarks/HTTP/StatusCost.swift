import Glibc
import HTTPAPI
import LocalCluster
import Logging
import Postgres
import Store

/// What one status answer costs, one at a time, and what its parts do: the round trip to the database with all rows read, the
/// JSON, and the same way through the server with nothing to say.
struct StatusCost {
    let bench: BenchmarkCluster
    let strategies: Int

    private static let repetitions = 200

    func measure(rounds: Int) async throws {
        let configuration = PostgresConfiguration(connectionString: bench.cluster.databaseURL)
        let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        let connection = try await PostgresConnection.connect(configuration, logger: logger)
        let queries = StrategyQueries(database: connection)
        let one = Load(seconds: 2, connections: 1)
        let url = bench.replica.url
        var (whole, bare, query, json): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
        for round in 0...rounds {
            let answer = try await one.run("\(url)/api/live-strategy/status")
            let health = try await one.run("\(url)/healthz")
            let page = try await queries.active(limit: strategies)
            let queried = try await Self.microseconds { _ = try await queries.active(limit: strategies) }
            let written = try await Self.microseconds {
                guard page.items.map(\.json).count == strategies else { throw BenchmarkError("strategies are missing") }
            }
            guard round > 0 else { continue }
            whole.append(1e6 / answer.perSecond)
            bare.append(1e6 / health.perSecond)
            query.append(queried)
            json.append(written)
        }
        await connection.close()
        print("\nOne status answer of \(strategies) strategies after the other, \(rounds) rounds (medians), µs")
        let parts = [
            ("the whole answer", whole), ("  one round trip, rows read", query), ("  JSON", json),
            ("  the server's way (/healthz)", bare),
        ]
        for (name, values) in parts { print(pad(name, 44) + pad("\(Int(median(values)))", -10)) }
        let explained = zip(zip(query, json), whole).map { ($0.0 + $0.1) / $1 }
        report("round trip and JSON, of the whole", median(explained), goal: 0.5)
    }

    private static func microseconds(_ body: () async throws -> Void) async throws -> Double {
        let start = ContinuousClock.now
        for _ in 0..<repetitions { try await body() }
        return start.duration(to: .now) / .microseconds(1) / Double(repetitions)
    }
}
