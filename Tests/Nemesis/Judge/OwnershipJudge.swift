import Postgres

/// I1 and I2, from the trail: who wrote, under which epoch, and in which order it was committed.
struct OwnershipJudge: Sendable {
    let database: PostgresConnection
    let log: ActionLog

    func judge() async throws {
        try await none(
            "I1: two writers under one epoch",
            """
            SELECT format('shard %s, epoch %s: %s', shard, epoch, string_agg(DISTINCT writer, ', '))
            FROM nemesis.writes WHERE shard IS NOT NULL GROUP BY shard, epoch HAVING count(DISTINCT writer) > 1
            """
        )
        try await none(
            "I1: a write by somebody who is not the owner",
            """
            SELECT format('%s of strategy %s by %s at %s; shard %s is owned by %s at epoch %s', kind, strategy, writer, at,
                shard, owner, epoch)
            FROM nemesis.writes WHERE NOT rightful
            """
        )
        try await none(
            "I1: an epoch that was given out twice, or left out",
            """
            SELECT format('shard %s, epoch %s, after %s', shard, epoch, before) FROM (
                SELECT shard, epoch, lag(epoch) OVER (PARTITION BY shard ORDER BY epoch) AS before FROM nemesis.claims) AS e
            WHERE epoch <> before + 1
            """
        )
        try await none(
            "I1: a shard taken from a replica that was not fenced",
            """
            SELECT format('shard %s, epoch %s, from %s by %s at %s', shard, epoch, previous_owner, owner, at)
            FROM nemesis.claims WHERE previous_lives
            """
        )
        // The order of commits, by the server itself.
        try await none(
            "I2: a write under an old epoch, committed after the claim",
            """
            SELECT format('%s of strategy %s by %s, shard %s epoch %s, committed at %s; claimed at %s', w.kind, w.strategy,
                w.writer, w.shard, w.epoch, pg_xact_commit_timestamp(w.transaction::xid),
                pg_xact_commit_timestamp(c.transaction::xid))
            FROM nemesis.writes w JOIN nemesis.claims c ON c.shard = w.shard AND c.epoch = w.epoch + 1
            WHERE pg_xact_commit_timestamp(w.transaction::xid) > pg_xact_commit_timestamp(c.transaction::xid)
            """
        )
        let counts = try await database.query(
            """
            SELECT (SELECT count(*) FROM nemesis.writes),
                (SELECT count(*) FROM nemesis.claims c JOIN tenure.ownership o USING (shard, epoch)),
                (SELECT count(*) FROM tenure.ownership WHERE reason = 'crash'),
                (SELECT count(*) FROM tenure.events WHERE kind = 'fenced'),
                (SELECT count(*) FROM nemesis.writes
                    WHERE pg_xact_commit_timestamp(transaction::xid) IS NULL)
            """
        ).first
        guard
            let (writes, claims, crashes, fences, undated) = try counts?.decode(
                Int.self,
                Int.self,
                Int.self,
                Int.self,
                Int.self
            )
        else { return log.violation("the trail cannot be read") }
        if undated > 0 { log.violation("\(undated) writes have no time of commit: I2 cannot be judged") }
        if writes == 0 { log.violation("there is no trail: nothing can be judged") }
        log.note(
            "ownership: \(writes) writes, \(claims) claims of shards with strategies (\(crashes) after a crash), \(fences) fences"
        )
    }

    private func none(_ what: String, _ sql: String) async throws {
        let found = try await database.query(PostgresStatement(unsafeSQL: sql)).map { try $0.decode(String.self) }
        for row in found.prefix(5) { log.violation("\(what): \(row)") }
        if found.count > 5 { log.violation("\(what): \(found.count) in all") }
    }
}
