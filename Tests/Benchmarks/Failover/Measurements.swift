import FoundationEssentials
import LocalCluster
import Postgres
import TestSupport
import Trading

/// What is measured on a cluster with some hundred strategies.
struct Measurements {
    let bench: BenchmarkCluster
    let rounds: Int

    private func victim(_ round: Int) -> Replica { bench.cluster.replicas[round % bench.cluster.replicas.count] }

    /// SIGKILL, or SIGSTOP.
    func death(_ signal: ProcessSignal) async throws -> [Figures] {
        let name = "\(signal)"
        var fenced = Figures("\(name) → fence committed")
        var claimed = Figures("\(name) → last of its strategies claimed")
        var running = Figures("\(name) → last of its strategies restored and running")
        for round in 0..<rounds {
            try await bench.waitUntilBalanced()
            try await bench.forgetTrail()
            let victim = victim(round)
            let id = try await bench.id(of: victim)
            let sent = WallClock.now
            victim.signal(signal)
            try await bench.waitUntilRecovered(from: id)
            fenced.add(try await bench.fenced(id) - sent)
            claimed.add(try await bench.moments(of: "claimed").last - sent)
            running.add(try await bench.moments(of: "ready").last - sent)
            if signal == .stop {
                victim.signal(.resume)
            } else {
                await victim.kill()
                try victim.start()
            }
            try await victim.waitUntilReady()
        }
        return [fenced, claimed, running]
    }

    /// SIGTERM; and how the loads are evened out once the replica is back.
    func drainAndJoin() async throws -> ([Figures], mostMoves: Int) {
        var gap = Figures("drain: strategy released → ready elsewhere, per strategy")
        var whole = Figures("drain: SIGTERM → last of its strategies ready elsewhere")
        var join = Figures("join: replica joined → last strategy moved, loads even")
        var mostMoves = 0
        for round in 0..<rounds {
            try await bench.waitUntilBalanced()
            try await bench.forgetTrail()
            let victim = victim(round)
            let id = try await bench.id(of: victim)
            let sent = WallClock.now
            await victim.stop()
            try await bench.waitUntilRecovered(from: id)
            for value in try await bench.gaps() { gap.add(value) }
            whole.add(try await bench.moments(of: "ready").last - sent)
            mostMoves = max(mostMoves, try await bench.mostMoves())

            try await bench.forgetTrail()
            try victim.start()
            try await bench.waitUntilBalanced()
            join.add(try await bench.moments(of: "ready").last - joined(victim))
            mostMoves = max(mostMoves, try await bench.mostMoves())
        }
        return ([gap, whole, join], mostMoves)
    }

    /// SIGTERM, a start, SIGKILL: until the last strategy has found its place and no load differs by more than a shard; and how
    /// often the one moved that moved most, for each.
    func balance(slack: Int) async throws -> (figures: [Figures], mostMoves: [String]) {
        var figures = [
            Figures("leave: SIGTERM → loads even, all claimed"),
            Figures("join: replica joined → loads even, all claimed"),
            Figures("crash: SIGKILL → loads even, all claimed"),
        ]
        var moves = [0, 0, 0]
        let others = bench.cluster.replicas.count - 1
        try await bench.waitUntilBalanced(slack: slack)
        for round in 0..<rounds {
            let victim = victim(round)
            func note(_ event: Int, since moment: Int64, replicas: Int? = nil) async throws {
                try await bench.waitUntilBalanced(slack: slack, replicas: replicas)
                figures[event].add(try await bench.moments(of: "claimed").last - moment)
                moves[event] = max(moves[event], try await bench.mostMoves())
                try await bench.forgetTrail()
            }
            try await bench.forgetTrail()
            let left = WallClock.now
            await victim.stop()
            try await note(0, since: left, replicas: others)
            try victim.start()
            try await bench.waitUntilBalanced(slack: slack)
            try await note(1, since: try await joined(victim))
            let killed = WallClock.now
            victim.signal(.kill)
            try await note(2, since: killed, replicas: others)
            await victim.kill()
            try victim.start()
            try await bench.waitUntilBalanced(slack: slack)
        }
        return (figures, zip(["leave", "join", "crash"], moves).map { "\($0): \($1)" })
    }

    private func joined(_ replica: Replica) async throws -> Int64 {
        try await bench.database.query(
            """
            SELECT (extract(epoch FROM started_at) * 1000000)::bigint FROM tenure.replicas
            WHERE id = \(try await bench.id(of: replica))
            """
        )[0].decode(Int64.self)
    }

    /// A restart of PostgreSQL: until the last replica has its lease renewed, and whether anything moved.
    func restart() async throws -> (Figures, moved: Int) {
        var back = Figures("PostgreSQL accepts connections → last replica confirmed, all running")
        var moved = 0
        for round in 0..<rounds {
            // The connection from before the last restart is of no use.
            let before = BenchmarkCluster(
                cluster: bench.cluster,
                database: try await BenchmarkCluster.connect(bench.cluster)
            )
            try await before.waitUntilBalanced()
            try await before.forgetTrail()
            await before.database.close()
            try await bench.cluster.postgres.restart(round % 2 == 0 ? .fast : .immediate)
            let database = try await BenchmarkCluster.connect(bench.cluster)
            let accepting = try acceptingSince()
            var last: Int64 = 0
            try await eventually(within: .seconds(30), "all replicas back") {
                let row = try await database.query(
                    """
                    SELECT count(*), (extract(epoch FROM max(heartbeat_at)) * 1000000)::bigint FROM tenure.replicas
                    WHERE fenced_at IS NULL AND extract(epoch FROM heartbeat_at) * 1000000 > \(accepting)
                    """
                )[0]
                let (count, latest) = try row.decode(Int.self, Int64?.self)
                last = latest ?? 0
                return count == bench.cluster.replicas.count
            }
            back.add(last - accepting)
            moved += try await database.query("SELECT count(*) FROM benchmark.trail")[0].decode(Int.self)
            await database.close()
        }
        return (back, moved)
    }

    /// The moment at which PostgreSQL said last that it is ready, from its log.
    private func acceptingSince() throws -> Int64 {
        let log = try String(contentsOfFile: "\(bench.cluster.dataDirectory)/logs/postgres.log", encoding: .utf8)
        guard let line = log.split(separator: "\n").last(where: { $0.contains("ready to accept connections") }) else {
            throw BenchmarkError("PostgreSQL's log does not say when it was ready")
        }
        // 2026-11-22 20:27:32.353 UTC
        let clock = line.dropFirst(11).prefix(12).split(whereSeparator: { ":.".contains($0) }).compactMap { Int64($0) }
        let now = WallClock.now
        let midnight = now - now % 86_400_000_000
        return midnight + ((clock[0] * 60 + clock[1]) * 60 + clock[2]) * 1_000_000 + clock[3] * 1_000
    }
}
