import Postgres

extension BenchmarkCluster {
    func forgetTrail() async throws { try await database.query("TRUNCATE benchmark.trail") }

    /// When what was committed, in microseconds since 1970: the first and the last.
    func moments(of what: String) async throws -> (first: Int64, last: Int64) {
        let row = try await database.query(
            """
            SELECT (extract(epoch FROM min(pg_xact_commit_timestamp(transaction::xid))) * 1000000)::bigint,
                (extract(epoch FROM max(pg_xact_commit_timestamp(transaction::xid))) * 1000000)::bigint
            FROM benchmark.trail WHERE what = \(what)
            """
        ).first
        guard let (first, last) = try row?.decode(Int64?.self, Int64?.self), let first, let last else {
            throw BenchmarkError("nothing was \(what)")
        }
        return (first, last)
    }

    /// When the fence of a replica was committed, in microseconds since 1970.
    func fenced(_ id: Int64) async throws -> Int64 {
        let moment = try await database.query(
            """
            SELECT (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint
            FROM tenure.replicas WHERE id = \(id) AND fenced_at IS NOT NULL
            """
        ).first?.decode(Int64.self)
        guard let moment else { throw BenchmarkError("replica \(id) was not fenced") }
        return moment
    }

    /// From each shard's release to its having been brought up elsewhere, in microseconds, for each of its strategies.
    func gaps() async throws -> [Int64] {
        try await database.query(
            """
            SELECT (extract(epoch FROM pg_xact_commit_timestamp(y.transaction::xid)
                - pg_xact_commit_timestamp(r.transaction::xid)) * 1000000)::bigint, r.strategies
            FROM benchmark.trail r JOIN benchmark.trail y ON y.shard = r.shard AND y.what = 'ready'
            WHERE r.what = 'released'
            """
        ).flatMap { row in
            let (gap, strategies) = try row.decode(Int64.self, Int.self)
            return Array(repeating: gap, count: strategies)
        }
    }

    /// How often the shard changed hands that did so most.
    func mostMoves() async throws -> Int {
        try await database.query(
            """
            SELECT coalesce(max(count), 0) FROM (
                SELECT count(*) FROM benchmark.trail WHERE what = 'claimed' GROUP BY shard) AS moves
            """
        )[0].decode(Int.self)
    }
}
