import LocalCluster
import Logging
import Migrations
import Postgres
import TestSupport

@testable import Coordination

/// Replicas in this process, on a real database.
struct ServiceFixture: Sendable {
    /// One replica: its service and its listener run until it has drained or is killed.
    struct Replica: Sendable {
        let service: ReplicaService
        let host: RecordingHost
        let run: Task<Void, any Error>

        /// Ends it as a crash does: its connections are closed, nothing is said.
        func kill() async {
            run.cancel()
            _ = await run.result
        }

        var id: ReplicaID? { service.status.id }
    }

    let url: String
    let strategies: Int

    /// For tests in which nobody is to be taken for dead because the machine is slow. Who dies before anybody has seen its
    /// lock held is waited for that long.
    static let longLease = LeaseConfiguration(ttl: .seconds(20), heartbeatInterval: .milliseconds(500))
    /// For tests that wait until it runs out: long enough for a slow machine to renew it.
    static let shortLease = LeaseConfiguration(ttl: .seconds(8), heartbeatInterval: .milliseconds(500))

    /// On a database of its own, with this many shards that hold a strategy each, and some that hold none.
    static func with(strategies: Int = 30, _ body: (ServiceFixture) async throws -> Void) async throws {
        try await withTestDatabase { url in
            try await run(url, strategies, body)
        }
    }

    /// On a server of its own. `alternative`: the port of another one that may take its place.
    static func withServer(
        strategies: Int = 30,
        alternative: Int? = nil,
        _ body: (ServiceFixture, PostgresServer) async throws -> Void
    ) async throws {
        try await withPrivateServer { server in
            var url = server.connectionString()
            if let alternative {
                url = "postgresql://tenure@127.0.0.1:\(server.port),127.0.0.1:\(alternative)/tenure"
            }
            _ = try await Migrator().migrate(
                patient(url),
                logger: OwnershipFixture.logger
            )
            try await run(url, strategies) { try await body($0, server) }
        }
    }

    private static func run(
        _ url: String,
        _ strategies: Int,
        _ body: (ServiceFixture) async throws -> Void
    ) async throws {
        let fixture = ServiceFixture(url: url, strategies: strategies)
        try await fixture.query(
            "UPDATE tenure.shards SET strategies = CASE WHEN id < \(Int32(strategies)) THEN 1 ELSE 0 END"
        )
        try await body(fixture)
    }

    @discardableResult
    func query(_ statement: PostgresStatement) async throws -> PostgresResult {
        let connection = try await OwnershipFixture.connect(url)
        do {
            let result = try await connection.query(statement)
            await connection.close()
            return result
        } catch {
            await connection.close()
            throw error
        }
    }

    func start(
        _ name: String,
        lease: LeaseConfiguration = longLease,
        host: RecordingHost = RecordingHost(),
        limits: HandOverLimits = HandOverLimits()
    ) -> Replica {
        let identity = OwnershipFixture.identity(name)
        let database = PostgresConfiguration(connectionString: url, applicationName: identity.applicationName)
        let listener = PostgresListener(configuration: database, channels: ["tenure"], logger: OwnershipFixture.logger)
        let service = ReplicaService(
            identity: identity,
            lease: lease,
            database: database,
            listener: listener,
            host: host,
            handOverLimits: limits,
            logger: OwnershipFixture.logger
        )
        // Of the fixture, and not of the test's own task: it is killed on its own.
        let run = Task {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await listener.run() }
                group.addTask { try await service.run() }
                // The listener ends only when it is cancelled.
                try await group.next()
                group.cancelAll()
            }
        }
        return Replica(service: service, host: host, run: run)
    }

    /// Runs `body` with these replicas, once they share everything, and ends those that are left.
    func withReplicas(
        _ names: [String],
        lease: LeaseConfiguration = longLease,
        _ body: ([Replica]) async throws -> Void
    ) async throws {
        let replicas = names.map { start($0, lease: lease) }
        do {
            try await settled(replicas)
            try await body(replicas)
        } catch {
            for replica in replicas { await replica.kill() }
            throw error
        }
        for replica in replicas { await replica.kill() }
    }

    /// What the database says: whose each shard is.
    func owners() async throws -> Set<FencingToken> {
        let rows = try await query("SELECT id, owner, epoch FROM tenure.shards WHERE owner IS NOT NULL")
        return try Set(
            rows.map { row in
                let (shard, owner, epoch) = try row.decode(Int.self, Int64.self, Int64.self)
                return FencingToken(shard: shard, owner: owner, epoch: epoch)
            }
        )
    }

    /// Waits until every shard is owned by one of these and run by the same, and the strategies are shared out evenly.
    func settled(_ replicas: [Replica]) async throws {
        try await eventually("every shard is owned and run") {
            let owners = try await owners()
            let running = replicas.map(\.host.tokens)
            guard owners.count == 1_024, running.reduce(0, { $0 + $1.count }) == 1_024 else { return false }
            guard running.reduce(into: Set(), { $0.formUnion($1) }) == owners else { return false }
            let loads = running.map { $0.count { $0.shard < strategies } }
            let empty = running.map { $0.count { $0.shard >= strategies } }
            return loads.max()! - loads.min()! <= 1 && empty.max()! - empty.min()! <= 8
        }
    }

    /// Waits until this one has renewed its lease so many times more.
    func renewals(_ count: Int, of replica: Replica) async throws {
        var seen: Set<String> = []
        try await eventually("it renews its lease") {
            let rows = try await query("SELECT heartbeat_at::text FROM tenure.replicas WHERE id = \(replica.id ?? 0)")
            seen.formUnion(try rows.map { try $0.decode(String.self) })
            return seen.count > count
        }
    }
}
