import AsyncHTTPClient
import LocalCluster
import NIOCore
import Postgres
import TestSupport

/// I4 and I5, once nothing is disturbed any more: everything runs, each by exactly one; and a restart of PostgreSQL alone moves
/// nothing.
struct QuietJudge: Sendable {
    let arena: Arena
    private var log: ActionLog { arena.log }

    init(_ arena: Arena) { self.arena = arena }

    /// Waits until every replica is ready, every strategy runs and follows the market, the loads are even, and no shard changes
    /// hands.
    func waitUntilQuiet(within limit: Duration) async -> Bool {
        let began = ContinuousClock.now
        do {
            for replica in arena.cluster.replicas { try await replica.waitUntilReady(within: limit) }
            var before = ""
            try await eventually(within: limit, "a quiet cluster") {
                // Still, for a while: two looks with a second between them.
                guard try await isEverythingUp() else { return false }
                let owners = try await ownership()
                defer { before = owners }
                if owners == before { return true }
                try await Task.sleep(for: .seconds(1))
                return false
            }
            log.note("quiet after \((ContinuousClock.now - began).milliseconds) ms")
            return true
        } catch {
            log.violation("I4: not everything runs again: \(error)")
            await showWhatDoesNot()
            return false
        }
    }

    private func isEverythingUp() async throws -> Bool {
        try await arena.sql(
            """
            SELECT (SELECT count(*) FROM tenure.active_strategies
                    WHERE status NOT IN ('running', 'paused')
                        OR last_candle IS NULL OR last_candle < clock_timestamp() - interval '4 s') = 0
                AND (SELECT count(*) FROM tenure.shards s WHERE NOT EXISTS (
                    SELECT FROM tenure.replicas r WHERE r.id = s.owner AND r.fenced_at IS NULL)) = 0
                AND (SELECT count(*) = \(arena.cluster.replicas.count) AND max(load) - min(load) <= 1 FROM (
                    SELECT coalesce(sum(s.strategies), 0) AS load FROM tenure.replicas r
                    LEFT JOIN tenure.shards s ON s.owner = r.id WHERE r.fenced_at IS NULL GROUP BY r.id) AS loads)
            """
        ) == "t"
    }

    private func ownership() async throws -> String {
        try await arena.sql(
            """
            SELECT string_agg(concat_ws(' ', id, owner, epoch), ',' ORDER BY id) FROM tenure.shards WHERE strategies > 0
            """
        )
    }

    private func showWhatDoesNot() async {
        // For whoever reads the log: PostgreSQL may be what is missing.
        let strategies = try? await arena.sql(
            """
            SELECT concat_ws(' ', id, symbol, status, 'owner', owner, 'shard', shard, 'epoch', epoch, 'last', last_candle,
                last_error)
            FROM tenure.active_strategies
            WHERE status NOT IN ('running', 'paused') OR last_candle IS NULL
                OR last_candle < clock_timestamp() - interval '4 s' LIMIT 20
            """
        )
        let replicas = try? await arena.sql(
            """
            SELECT concat_ws(' ', r.id, r.name, 'fenced', r.fenced_at, 'lease', r.lease_expires_at, 'carries', (
                SELECT sum(strategies) FROM tenure.shards WHERE owner = r.id)) FROM tenure.replicas r ORDER BY r.id
            """
        )
        for line in ((strategies ?? "") + "\n" + (replicas ?? "")).split(separator: "\n") { log.note("  \(line)") }
        let orphans = try? await arena.sql(
            """
            SELECT count(*) FROM tenure.shards s
            WHERE NOT EXISTS (SELECT FROM tenure.replicas r WHERE r.id = s.owner AND r.fenced_at IS NULL)
            """
        )
        log.note("  orphaned shards: \(orphans ?? "?")")
    }

    /// Every strategy is run by one replica and no other: as many runners as strategies, and steps by one writer each.
    func judgeRunners() async {
        do {
            let since = try await arena.sql("SELECT coalesce(max(n), 0) FROM nemesis.writes")
            let active = try await arena.sql("SELECT count(*) FROM tenure.strategies")
            try await eventually(within: .seconds(120), "as many runners as strategies (\(active))") {
                var runners = 0
                for replica in arena.cluster.replicas { runners += try await strategiesRun(by: replica.url) }
                return "\(runners)" == active
            }
            // Two candles later.
            try await eventually(within: .seconds(120), "a step of every strategy") {
                try await arena.sql(
                    """
                    SELECT count(*) FROM tenure.strategies s WHERE (
                        SELECT count(DISTINCT cursor_ms) FROM nemesis.writes w
                        WHERE w.strategy = s.id AND w.n > \(since) AND kind = 'checkpoints') < 2
                    """
                ) == "0"
            }
            let shared = try await arena.sql(
                """
                SELECT string_agg(strategy::text, ', ') FROM (
                    SELECT strategy FROM nemesis.writes WHERE n > \(since) GROUP BY strategy
                    HAVING count(DISTINCT writer) > 1) AS s
                """
            )
            if !shared.isEmpty { log.violation("I4: run by two replicas in a quiet cluster: strategies \(shared)") }
        } catch {
            log.violation("I4: \(error)")
        }
    }

    private func strategiesRun(by url: String) async throws -> Int {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: "\(url)/metrics"),
            timeout: .seconds(60)
        )
        let text = String(buffer: try await response.body.collect(upTo: 1 << 22))
        let lines = text.split(separator: "\n").filter {
            $0.hasPrefix("tenure_strategies{") && ($0.contains("\"running\"") || $0.contains("\"starting\""))
        }
        guard !lines.isEmpty else { throw NemesisError("\(url)/metrics does not say how many strategies run") }
        return lines.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0) { $0 + Int($1) }
    }

    /// I5.
    func judgeRestart(_ mode: String) async throws {
        let crashes = "SELECT count(*) FROM tenure.events WHERE kind = 'fenced'"
        let (owners, fences) = (try await ownership(), try await arena.sql(crashes))
        log.note("PostgreSQL alone is restarted (\(mode))")
        try await arena.cluster.postgres.restart(mode == "fast" ? .fast : .immediate)
        let began = ContinuousClock.now
        guard await waitUntilQuiet(within: .seconds(180)) else { return }
        if try await ownership() != owners {
            log.violation("I5: strategies moved when PostgreSQL was restarted (\(mode))")
        }
        if try await arena.sql(crashes) != fences {
            log.violation("I5: a replica was fenced when PostgreSQL was restarted (\(mode))")
        }
        log.note(
            "nothing moved; all was running \((ContinuousClock.now - began).milliseconds) ms after the restart at the latest"
        )
    }
}
