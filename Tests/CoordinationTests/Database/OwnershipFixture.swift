import LocalCluster
import Logging
import Migrations
import Postgres
import TestSupport

@testable import Coordination

/// A database with the schema, and replicas that are sessions on it, without a service.
struct OwnershipFixture: Sendable {
    /// Longer than a test may take.
    static let ttl = Duration.seconds(600)
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// One session with its row and its lock.
    struct Replica: Sendable {
        let id: ReplicaID
        let session: PostgresConnection

        var life: ReplicaRepository { ReplicaRepository(session: session) }
        var shards: ShardRepository { ShardRepository(session) }
    }

    let url: String
    /// A connection that is nobody's.
    let observer: PostgresConnection

    static func with(_ body: (OwnershipFixture) async throws -> Void) async throws {
        try await withTestDatabase { url in
            let observer = try await connect(url)
            try await body(OwnershipFixture(url: url, observer: observer))
            await observer.close()
        }
    }

    /// On a server of its own.
    static func withServer(_ body: (OwnershipFixture, PostgresServer) async throws -> Void) async throws {
        try await withPrivateServer(isDurable: false) { server in
            let configuration = patient(server.connectionString())
            _ = try await Migrator().migrate(configuration, logger: logger)
            try await body(try await on(server), server)
        }
    }

    static func on(_ server: PostgresServer) async throws -> OwnershipFixture {
        let url = server.connectionString()
        return OwnershipFixture(url: url, observer: try await connect(url))
    }

    static func connect(
        _ url: String,
        instance: String = "observer",
        settings: [String: String] = [:]
    ) async throws -> PostgresConnection {
        try await PostgresConnection.connect(
            patient(url, applicationName: "tenure/\(instance)", settings: settings),
            logger: logger
        )
    }

    static func identity(_ name: String, capacity: Int = 100) -> ReplicaIdentity {
        ReplicaIdentity(name: name, instance: name, host: "h", pid: 1, version: "1", capacity: capacity)
    }

    func join(_ name: String, capacity: Int = 100, ttl: Duration = Self.ttl) async throws -> Replica {
        let session = try await Self.connect(url, instance: name)
        let id = try await ReplicaRepository(session: session).join(Self.identity(name, capacity: capacity), ttl: ttl)
        return Replica(id: id, session: session)
    }

    /// A connection of a replica that joined elsewhere or before.
    func session(_ id: ReplicaID, _ name: String) async throws -> Replica {
        Replica(id: id, session: try await Self.connect(url, instance: name))
    }

    /// Puts strategies into shards, as starting them would.
    func load(_ shards: Range<Int>, strategies: Int = 1) async throws {
        try await observer.query(
            """
            UPDATE tenure.shards SET strategies = \(Int32(strategies))
            WHERE id >= \(Int32(shards.lowerBound)) AND id < \(Int32(shards.upperBound))
            """
        )
    }

    /// Asks for the session lock of `target`, as whoever has seen it held does.
    func verdict(
        on target: ReplicaID,
        by id: ReplicaID,
        wait: Duration = .milliseconds(1),
        _ connection: WatcherConnection
    ) async throws -> WatchVerdict {
        try await ReplicaRepository.watch(target, by: id, wait: wait, seenHeld: true, on: connection).verdict
    }

    func watcher() async throws -> WatcherConnection {
        try await ReplicaRepository.openWatcher(patient(url), for: 1, Self.logger)
    }

    /// Returns when somebody waits for the session lock of `id`.
    func eventuallyWaitedFor(_ id: ReplicaID) async throws {
        try await eventually("somebody waits for the lock") {
            try await observer.query(
                """
                SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND NOT granted AND objid = \(id)::bigint::oid
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            )[0].decode(Int.self) > 0
        }
    }

    /// Leaves only the first shards, so that a test is quick and its numbers are small.
    func keep(_ count: Int) async throws {
        try await observer.query("DELETE FROM tenure.shards WHERE id >= \(Int32(count))")
    }

    func column(_ statement: PostgresStatement) async throws -> [String] {
        try await observer.query(statement).map { try $0.decode(String.self) }
    }

    /// A lease that is over, by the database's clock.
    func expire(_ id: ReplicaID) async throws {
        try await observer.query(
            "UPDATE tenure.replicas SET lease_expires_at = clock_timestamp() - interval '1 ms' WHERE id = \(id)"
        )
    }

    /// All claims until there is nothing more to take.
    func claimAll(_ replica: Replica) async throws -> [ShardClaim] {
        var all: [ShardClaim] = []
        while true {
            let (claims, missed) = try await replica.shards.claim(replica.id)
            all += claims
            if claims.isEmpty, missed == 0 { return all }
        }
    }
}
