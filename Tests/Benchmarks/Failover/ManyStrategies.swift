import FoundationEssentials
import LocalCluster
import Postgres
import TestSupport
import Trading

/// Thousands of strategies on the replica that dies.
enum ManyStrategies {
    static func measure(_ count: Int) async throws -> [Figures] {
        // The first carries nearly all of them; the others together have room for all of them, too.
        try await BenchmarkCluster.with(
            capacities: [0: 1_000_000, 1: count / 2 + 128, 2: count / 2 + 128],
            simulator: ["--steps"]
        ) { bench in
            let victim = bench.cluster.replicas[0]
            let others = bench.cluster.replicas.dropFirst()
            try await bench.populate(1...count, .oneDay)
            try await eventually(within: .seconds(300), "all strategies running on one replica") {
                let carried = try await bench.database.query(
                    """
                    SELECT coalesce(sum(s.strategies), 0)::bigint FROM tenure.shards s JOIN tenure.replicas r ON r.id = s.owner
                    WHERE r.name = \(victim.name) AND s.ready_epoch = s.epoch
                        AND NOT EXISTS (SELECT FROM tenure.shards WHERE ready_epoch < epoch OR owner IS NULL)
                        -- What is on its way from one replica to another when the victim dies is another measurement.
                        AND NOT EXISTS (
                            SELECT FROM tenure.ownership WHERE at > clock_timestamp() - interval '1.5 seconds')
                    """
                )[0].decode(Int.self)
                return carried >= count - count / 20
            }
            try await bench.forgetTrail()
            let id = try await bench.id(of: victim)
            let (sent, loaded) = try await withThrowingTaskGroup(of: [String].self) { group in
                // Beside it: so many lines follow that these are soon forgotten.
                for output in others.map(\.output) {
                    group.addTask {
                        var lines: [String] = []
                        // Until it is cancelled.
                        while let line = try? await output.next(containing: "Restoring ") { lines.append(line) }
                        return lines
                    }
                }
                // Until they listen.
                try await Task.sleep(for: .milliseconds(50))
                let sent = WallClock.now
                victim.signal(.kill)
                try await bench.waitUntilRecovered(from: id, within: .seconds(600))
                group.cancelAll()
                return (sent, try await group.reduce(into: []) { $0 += $1.compactMap(moment) })
            }
            var figures = [
                Figures(
                    "\(count) strategies: SIGKILL → fence committed",
                    [try await bench.fenced(id) - sent]
                ),
                Figures(
                    "\(count) strategies: SIGKILL → all shards claimed",
                    [try await bench.moments(of: "claimed").last - sent]
                ),
            ]
            figures.append(
                Figures("\(count) strategies: SIGKILL → all of them loaded", loaded.max().map { [$0 - sent] } ?? [])
            )
            let running = try await bench.moments(of: "ready")
            figures.append(Figures("\(count) strategies: SIGKILL → first shard running", [running.first - sent]))
            figures.append(Figures("\(count) strategies: SIGKILL → all running", [running.last - sent]))
            return figures
        }
    }

    /// When a line was logged: `2026-11-22T20:28:04.512Z …`.
    private static func moment(_ line: String) -> Int64? {
        let clock = line.dropFirst(11).prefix(12).split(whereSeparator: { ":.".contains($0) }).compactMap { Int64($0) }
        guard clock.count == 4 else { return nil }
        let now = WallClock.now
        return now - now % 86_400_000_000 + ((clock[0] * 60 + clock[1]) * 60 + clock[2]) * 1_000_000 + clock[3] * 1_000
    }
}
