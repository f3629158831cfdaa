import LocalCluster
import Postgres
import Synchronization
import TestSupport
import Testing

/// Many callers of one pool, faults, and what must be true of the answers.
struct Soak: Sendable {
    static let name = "soak"
    private static let callers = 24
    private static let connections = 4

    let server: PostgresServer
    /// Goes past the proxy, and sees the server beside the pool that suffers.
    let observer: PostgresPool
    let seed: UInt64
    let ledger = SoakLedger()

    struct Outcome {
        /// Resident bytes after a quarter of the time.
        let earlyMemory: Int
        /// And at the end.
        let memory: Int
    }

    func run(for duration: Duration) async throws -> Outcome {
        try await observer.query("CREATE TABLE marks (id bigint PRIMARY KEY, pair bigint NOT NULL)")
        try await observer.query("GRANT ALL ON marks TO tenure")
        return try await StallingProxy.run(to: server.port) { proxy, port in
            var configuration = patient("postgresql://tenure@127.0.0.1:\(port)/tenure", applicationName: Self.name)
            configuration.connectTimeout = .seconds(5)
            let earlyMemory = try await withPool(
                configuration,
                size: Self.connections,
                acquireTimeout: .seconds(60)
            ) {
                pool in
                let result = try await suffer(pool, proxy, for: duration)
                try await expectRecovery(of: pool)
                return result
            }
            // Cancel requests that nobody answered have some of their time left.
            try await eventually("seed \(seed): no socket is left open") {
                ProcessResources.sockets(toPort: port) == 0
            }
            return Outcome(earlyMemory: earlyMemory, memory: ProcessResources.residentBytes)
        }
    }

    /// Returns when every caller has its last answer.
    ///
    /// - Returns: resident bytes after a quarter of the time.
    private func suffer(
        _ pool: PostgresPool,
        _ proxy: StallingProxy,
        for duration: Duration
    ) async throws -> Int {
        let end = ContinuousClock.now + duration
        let isOver = SoakEnd()
        return try await withThrowingTaskGroup { group in
            for number in 1...Self.callers {
                group.addTask {
                    var caller = SoakCaller(
                        pool: pool,
                        ledger: ledger,
                        seed: "\(seed)",
                        random: SeededGenerator(seed: seed &+ UInt64(number))
                    )
                    try await caller.run { isOver.isReached }
                }
            }
            group.addTask {
                defer { isOver.reach() }
                var faults = SoakFaults(
                    server: server,
                    proxy: proxy,
                    observer: observer,
                    random: SeededGenerator(seed: seed)
                )
                try await faults.run(until: end) { ledger.countFault() }
                // However slow the machine is.
                try await eventually(within: .seconds(240), "seed \(seed): something has been done") {
                    ledger.confirmed.count > 10
                }
            }
            // Not for a condition, but for the time to pass.
            try await Task.sleep(for: duration / 4)
            let earlyMemory = ProcessResources.residentBytes
            try await group.waitForAll()
            return earlyMemory
        }
    }

    /// All by itself.
    private func expectRecovery(of pool: PostgresPool) async throws {
        try await eventually(within: .seconds(240), "seed \(seed): all connections work again") {
            try await pool.query("SELECT 1", timeout: .seconds(5))
            let backends = try await countBackends()
            return pool.openConnections == Self.connections && backends == Self.connections
        }
    }

    private func countBackends() async throws -> Int {
        try await observer.query(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = \(Self.name)",
            timeout: .seconds(30)
        )[0].decode(Int.self)
    }

    /// Returns when the server has none of the pool's connections any more.
    func waitUntilGone() async throws {
        try await eventually(within: .seconds(240), "seed \(seed): the backends are gone") {
            try await countBackends() == 0
        }
    }

    /// What was confirmed is there, what was said to have done nothing is not, and transactions are whole.
    func checkMarks() async throws {
        let rows = try await observer.query("SELECT id, pair FROM marks")
        let pairs = try rows.map { try $0.decode(Int.self, Int.self) }
        let kept = Set(pairs.map(\.0))
        let (confirmed, refused) = (ledger.confirmed, ledger.refused)
        #expect(confirmed.subtracting(kept).isEmpty, "seed \(seed): confirmed, and not there")
        #expect(refused.intersection(kept).isEmpty, "seed \(seed): said to have done nothing, and there")
        let halves = pairs.filter { !kept.contains($0.1) }
        #expect(halves.isEmpty, "seed \(seed): transactions of which half is there")
    }
}
