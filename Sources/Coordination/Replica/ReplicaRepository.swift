import Logging
import Postgres

/// The SQL of one replica's own life, on its session (or, for watching, on a connection of its own).
struct ReplicaRepository: Sendable {
    let session: PostgresConnection

    /// Takes an id (the server's WAL timeline is a part of it) and its session lock, and only then inserts the row: a
    /// visible row whose lock is free always means a dead replica.
    ///
    /// - Throws: ``CoordinationError`` where the connection is not a direct session.
    func join(_ identity: ReplicaIdentity, ttl: Duration) async throws -> ReplicaID {
        let id = try await session.query("SELECT tenure.next_replica_id()", timeout: ttl).only.decode(Int64.self)
        try await lock(id, timeout: ttl)
        try await session.query(
            """
            WITH outdated AS (
                DELETE FROM tenure.replicas r
                WHERE r.fenced_at < clock_timestamp() - interval '1 hour'
                    AND NOT EXISTS (SELECT FROM tenure.shards s WHERE s.owner = r.id)
            ), forgotten AS (
                -- Shards change hands when replicas come and go: so the history is kept short here, too.
                DELETE FROM tenure.ownership o
                WHERE o.at < clock_timestamp() - interval '30 days'
                    AND NOT EXISTS (SELECT FROM tenure.shards s WHERE s.id = o.shard AND s.epoch = o.epoch)
            ), faded AS (
                -- By number and not by time, which has no index; so many that a few who come keep up with what happens.
                DELETE FROM tenure.events e
                USING (SELECT id FROM tenure.events ORDER BY id LIMIT 100000) AS oldest
                WHERE e.id = oldest.id AND e.at < clock_timestamp() - interval '30 days'
                RETURNING e.id, e.at, e.kind, e.strategy_id, e.replica_id, e.details
            ), kept AS (
                -- What people did is asked for years later.
                INSERT INTO tenure.audit (id, at, kind, strategy_id, replica_id, details)
                SELECT id, at, kind, strategy_id, replica_id, details FROM faded
                WHERE jsonb_typeof(details -> 'by') = 'string'
            )
            INSERT INTO tenure.replicas (id, name, instance, host, pid, version, capacity, timeline, lease_expires_at)
            VALUES (\(id), \(identity.name), \(identity.instance), \(identity.host), \(identity.pid)::bigint::integer,
                \(identity.version), \(identity.capacity)::bigint::integer, tenure.timeline(),
                clock_timestamp() + \(ttl)::interval)
            """,
            timeout: ttl
        )
        return id
    }

    /// Takes the session lock of a row that is there already, under a new session.
    ///
    /// The one before may not have ended on the server (a cut connection is noticed late): only this process can hold that
    /// lock, so it is ended here instead of waited for.
    ///
    /// - Returns: False on a server of another timeline than the one joined under. There the id means nothing, and its lock
    ///   is not touched: it may be somebody else's.
    func takeBack(_ id: ReplicaID, timeout: Duration) async throws -> Bool {
        let isCurrent = try await session.query(
            "SELECT tenure.timeline_of(\(id)) = tenure.current_timeline()",
            timeout: timeout
        ).only.decode(Bool.self)
        guard isCurrent else { return false }
        // First: a watcher that is granted the lock in between must see that this is no death, whenever its connection began.
        try await session.query(
            "UPDATE tenure.replicas SET session_since = 'infinity' WHERE id = \(id)",
            timeout: timeout
        )
        try await session.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_locks
            WHERE locktype = 'advisory' AND classid = tenure.session_lock_namespace()::oid
                AND objid = tenure.session_lock_key(\(id))::oid
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND mode = 'ExclusiveLock' AND granted AND pid <> pg_backend_pid()
            """,
            timeout: timeout
        )
        try await lock(id, timeout: timeout)
        try await session.query(
            "UPDATE tenure.replicas SET session_since = clock_timestamp() WHERE id = \(id)",
            timeout: timeout
        )
        return true
    }

    private func lock(_ id: ReplicaID, timeout: Duration) async throws {
        // Blocks at most for the moment in which a watcher is being granted the lock it waited for.
        let row = try await session.query(
            """
            SELECT pg_backend_pid() FROM (
                SELECT pg_advisory_lock(tenure.session_lock_namespace(), tenure.session_lock_key(\(id)))) AS locked
            """,
            timeout: timeout
        ).only
        let backend = try row.decode(Int32.self)
        // Asked in a statement of its own: a pooler in transaction mode may answer it from another backend.
        let isHeld = try await session.query(
            """
            SELECT EXISTS (
                SELECT FROM pg_locks
                WHERE locktype = 'advisory' AND classid = tenure.session_lock_namespace()::oid
                    AND objid = tenure.session_lock_key(\(id))::oid AND pid = pg_backend_pid() AND granted)
            """,
            timeout: timeout
        ).only.decode(Bool.self)
        guard isHeld, backend == session.backendPID else { throw CoordinationError.sessionIsNotDirect }
    }

    /// Renews the lease and brings back what a replica needs to decide. `nil`: fenced, gone, or of another timeline.
    ///
    /// - Parameter unseen: Members of which it is asked whether their session locks are held. (Costs a look at all locks of
    ///   the server, so not asked for those that were seen already.)
    func renew(_ id: ReplicaID, ttl: Duration, unseen: [ReplicaID] = []) async throws -> Membership? {
        let rows = try await session.query(
            """
            WITH renewed AS (
                UPDATE tenure.replicas
                SET heartbeat_at = clock_timestamp(), lease_expires_at = clock_timestamp() + \(ttl)::interval
                WHERE id = \(id) AND fenced_at IS NULL
                    AND tenure.timeline_of(id) = (SELECT tenure.current_timeline())
                RETURNING id
            ), live AS (
                SELECT * FROM tenure.replicas WHERE fenced_at IS NULL
            ), held AS (
                SELECT owner, sum(strategies)::bigint AS strategies,
                    count(*) FILTER (WHERE strategies > 0) AS loaded, count(*) FILTER (WHERE strategies = 0) AS empty,
                    min(strategies) FILTER (WHERE strategies > 0) AS smallest, max(strategies) AS largest,
                    sum(epoch * (id + 1))::bigint AS epochs, sum(revision)::bigint AS revisions
                FROM tenure.shards GROUP BY owner
            ), promised AS (
                SELECT handed_to, sum(strategies)::bigint AS strategies,
                    count(*) FILTER (WHERE strategies = 0) AS empty
                FROM tenure.shards WHERE owner IS NULL AND handed_to IS NOT NULL GROUP BY handed_to
            ), seen AS (
                SELECT objid AS key FROM pg_locks
                WHERE cardinality(\(unseen)) > 0 AND locktype = 'advisory'
                    AND classid = tenure.session_lock_namespace()::oid
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND mode = 'ExclusiveLock' AND granted
            )
            SELECT EXISTS (SELECT FROM renewed), live.id, live.name, live.capacity, live.draining,
                (extract(epoch FROM live.lease_expires_at - clock_timestamp()) * 1000)::bigint,
                live.id = ANY (\(unseen))
                    AND EXISTS (SELECT FROM seen WHERE seen.key = tenure.session_lock_key(live.id)::oid),
                held.strategies, held.loaded, held.empty, held.smallest, held.largest, held.epochs, held.revisions,
                promised.strategies AS incoming, promised.empty AS incoming_empty
            FROM live FULL JOIN held ON held.owner = live.id LEFT JOIN promised ON promised.handed_to = live.id
            """,
            timeout: ttl
        )
        var members: [Membership.Member] = []
        var orphans = Membership.Holdings()
        var isRenewed = false
        for row in rows {
            let (renewed, id, name, capacity, isDraining, remaining, isSeenHeld) = try row.decode(
                Bool.self,
                Int64?.self,
                String?.self,
                Int?.self,
                Bool?.self,
                Int?.self,
                Bool.self
            )
            isRenewed = renewed
            let holdings = Membership.Holdings(
                strategies: try row.decode("strategies", as: Int?.self) ?? 0,
                loadedShards: try row.decode("loaded", as: Int?.self) ?? 0,
                emptyShards: try row.decode("empty", as: Int?.self) ?? 0,
                smallestShard: try row.decode("smallest", as: Int?.self) ?? 0,
                largestShard: try row.decode("largest", as: Int?.self) ?? 0,
                epochs: try row.decode("epochs", as: Int64?.self) ?? 0,
                revisions: try row.decode("revisions", as: Int64?.self) ?? 0
            )
            if let id, let name, let capacity, let isDraining, let remaining {
                members.append(
                    Membership.Member(
                        id: id,
                        name: name,
                        capacity: capacity,
                        isDraining: isDraining,
                        leaseRemaining: .milliseconds(remaining),
                        isSeenHeld: isSeenHeld,
                        holdings: holdings,
                        incoming: Membership.Incoming(
                            strategies: try row.decode("incoming", as: Int?.self) ?? 0,
                            emptyShards: try row.decode("incoming_empty", as: Int?.self) ?? 0
                        )
                    )
                )
            } else {
                orphans = orphans + holdings
            }
        }
        return isRenewed ? Membership(members: members, orphans: orphans) : nil
    }

    /// Declares `victim` dead, if its lease has expired by the server's clock.
    func fence(_ victim: ReplicaID, by id: ReplicaID) async throws -> Bool {
        let reason = FenceReason.leaseExpired.rawValue
        return try await session.query("SELECT tenure.fence(\(id), \(victim), \(reason))").only.decode(Bool.self)
    }

    /// Ends whatever connections a fenced replica still has, and with them any row lock it holds. Only those it had when it
    /// was fenced: its process may be another replica by now. (One of another timeline had them on another server.)
    func endBackends(of victim: ReplicaID) async throws {
        try await session.query(
            """
            SELECT pg_terminate_backend(a.pid)
            FROM tenure.replicas r JOIN pg_stat_activity a
                ON a.application_name = 'tenure/' || r.instance AND a.backend_start < r.fenced_at
            WHERE r.id = \(victim) AND tenure.timeline_of(r.id) = (SELECT tenure.current_timeline())
                AND a.pid <> pg_backend_pid() AND a.datname = current_database()
            """
        )
    }

    /// From the last heartbeat of a fenced replica until it was fenced.
    func detection(of victim: ReplicaID) async throws -> Duration? {
        let rows = try await session.query(
            """
            SELECT (extract(epoch FROM fenced_at - heartbeat_at) * 1000)::bigint FROM tenure.replicas
            WHERE id = \(victim) AND fenced_at IS NOT NULL
            """
        )
        guard let milliseconds = try rows.first?.decode(Int.self) else { return nil }
        return .milliseconds(milliseconds)
    }

    /// Says for all to see that nobody has room for so many strategies.
    func recordStranded(_ strategies: Int, capacity: Int, by id: ReplicaID) async throws {
        try await session.query(
            """
            INSERT INTO tenure.events (kind, replica_id, details)
            SELECT 'orphaned', id, jsonb_build_object('strategies', \(strategies)::bigint, 'capacity', \(capacity)::bigint)
            FROM tenure.replicas WHERE id = \(id) AND fenced_at IS NULL
            """
        )
    }

    func markDraining(_ id: ReplicaID) async throws {
        try await session.query("UPDATE tenure.replicas SET draining = true WHERE id = \(id)")
    }

    /// Deletes the row. False while anything is still owned.
    func leave(_ id: ReplicaID) async throws -> Bool {
        try await session.query(
            """
            WITH gone AS (
                DELETE FROM tenure.replicas r WHERE r.id = \(id) AND r.fenced_at IS NULL
                    AND NOT EXISTS (SELECT FROM tenure.shards s WHERE s.owner = r.id)
                RETURNING r.id
            )
            SELECT EXISTS (SELECT FROM gone) OR NOT EXISTS (SELECT FROM tenure.shards WHERE owner = \(id))
            """
        ).only.decode(Bool.self)
    }

    /// Asks for the session lock of `target`, for as long as `wait`; and if it is free, although it was seen held before, fences
    /// it in the same transaction.
    ///
    /// - Returns: What became of it, and whether this connection is younger than the session that has the lock, or had it: an
    ///   older one fences nobody.
    static func watch(
        _ target: ReplicaID,
        by id: ReplicaID,
        wait: Duration,
        seenHeld: Bool,
        on connection: WatcherConnection
    ) async throws -> (verdict: WatchVerdict, isYounger: Bool) {
        let (verdict, isYounger) = try await connection.postgres.query(
            """
            SELECT verdict, is_younger
            FROM tenure.watch(\(id), \(target), \(wait)::interval, \(seenHeld), \(connection.since)::timestamptz)
            """
        ).only.decode(WatchVerdict.self, Bool?.self)
        // Of one that is no longer listed nothing is known, and nothing is to be done.
        return (verdict, isYounger ?? true)
    }

    /// A connection to watch on.
    static func openWatcher(
        _ configuration: PostgresConfiguration,
        for id: ReplicaID,
        _ logger: Logger
    ) async throws -> WatcherConnection {
        let postgres = try await PostgresConnection.connect(configuration, logger: logger)
        let since = try await postgres.query(
            "SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        ).only.decode(String.self)
        let watcher = WatcherConnection(postgres: postgres, since: since)
        // Fences nobody, so that the server has compiled and planned all of it on this connection when it matters.
        _ = try await watch(0, by: id, wait: .milliseconds(1), seenHeld: true, on: watcher)
        return watcher
    }
}

extension PostgresResult {
    /// The one row of a statement that always answers with one.
    var only: PostgresRow {
        guard let row = first else { preconditionFailure("a statement that always returns a row returned none") }
        return row
    }
}
