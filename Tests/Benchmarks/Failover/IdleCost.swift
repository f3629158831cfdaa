import LocalCluster
import Postgres
import TestSupport
import Trading

/// Statements per second of a replica on which nothing happens, by the number of active strategies.
enum IdleCost {
    /// One line for each of `counts`, which must grow.
    static func measure(_ counts: [Int], _ show: (String) -> Void) async throws {
        // The market stands still.
        try await BenchmarkCluster.with(simulator: ["--steps"]) { bench in
            var present = 0
            for count in counts {
                if count > present { try await bench.populate((present + 1)...count, .oneDay) }
                present = count
                // Within the exchange's request budget that takes time; what is left joins while it is measured.
                try? await bench.waitUntilBalanced(
                    within: .seconds(count > 10_000 ? 600 : 150),
                    slack: max(1, count / 512)
                )
                let unready = try await bench.database.query(
                    "SELECT coalesce(sum(strategies), 0)::bigint FROM tenure.shards WHERE ready_epoch < epoch"
                )[0].decode(Int.self)
                try await bench.database.query("SELECT pg_stat_statements_reset()")
                try await Task.sleep(for: .seconds(10))
                let row = try await bench.database.query(
                    """
                    SELECT coalesce(sum(calls), 0)::bigint, coalesce(sum(total_exec_time), 0)::float8
                    FROM pg_stat_statements WHERE userid = 'tenure'::regrole
                    """
                )[0]
                let (calls, milliseconds) = try row.decode(Int.self, Double.self)
                let replicas = bench.cluster.replicas.count
                let rate = Double(calls * 10 / (10 * replicas)) / 10
                show(
                    "idle, \(count) strategies (\(unready) in shards still being brought up): \(rate) statements a second and "
                        + "replica, \(Int(milliseconds / Double(10 * replicas) * 1_000)) µs of the server"
                )
            }
        }
    }
}
