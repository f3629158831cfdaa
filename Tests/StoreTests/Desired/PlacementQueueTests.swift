import Synchronization
import TestSupport
import Testing
import Trading

@testable import Postgres
@testable import Store

@Suite("Starts that come at the same time", .timeLimit(.minutes(5)))
struct PlacementQueueTests {
    /// Plays the database: keeps the first statement back until it is told to go on.
    private final class Statements: Sendable {
        private let state = Mutex((isOpen: false, batches: [[PendingStart]]()))

        var batches: [[PendingStart]] { state.withLock { $0.batches } }
        func open() { state.withLock { $0.isOpen = true } }

        func place(_ starts: [PendingStart]) async throws -> [Placement] {
            state.withLock { $0.batches.append(starts) }
            while !state.withLock({ $0.isOpen }) { try await Task.sleep(for: .milliseconds(5)) }
            if starts.contains(where: { $0.order.strategyType == "bad" }) { throw PostgresError(.server, "refused") }
            return starts.map { _ in .taken }
        }
    }

    private static func start(_ number: Int, mode: String = "scalp", key: String? = nil) -> PendingStart {
        PendingStart(
            order: StartOrder(
                symbol: Symbol("COIN\(number)")!,
                exchange: "binance",
                strategyType: mode,
                interval: .oneMinute,
                execution: .paper,
                config: .object([:])
            ),
            key: key.map { IdempotencyKey(sender: "alice", key: $0, request: "start") }
        )
    }

    /// Those that are done, when the first one is under way while the others come.
    private func run(_ starts: [PendingStart], through statements: Statements) async throws -> Int {
        let queue = PlacementQueue(largestBatch: 8, mostStatements: 1) { try await statements.place($0) }
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            for (index, start) in starts.enumerated() {
                group.addTask {
                    do {
                        _ = try await queue.place(start)
                        return true
                    } catch is PostgresError {
                        return false
                    }
                }
                if index == 0 { try await eventually("the first statement") { statements.batches.count == 1 } }
            }
            try await eventually("the others") { queue.waiting == starts.count - 1 }
            statements.open()
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
    }

    @Test("what waits while a statement is under way goes into the next ones, each as large as may be")
    func batches() async throws {
        let statements = Statements()
        #expect(try await run((0..<21).map { Self.start($0) }, through: statements) == 21)
        #expect(statements.batches.map(\.count) == [1, 8, 8, 4])
    }

    @Test("one that is refused spoils none that is in the same statement")
    func refused() async throws {
        let statements = Statements()
        let starts = (0..<6).map { Self.start($0, mode: $0 == 3 ? "bad" : "scalp") }
        #expect(try await run(starts, through: statements) == 5)
        #expect(statements.batches.map(\.count) == [1, 5, 1, 1, 1, 1, 1])
    }

    @Test("two with the same key are never in one statement")
    func keys() async throws {
        let statements = Statements()
        let starts = [Self.start(0)] + (1...6).map { Self.start($0, key: $0 % 2 == 0 ? "even" : nil) }
        #expect(try await run(starts, through: statements) == 7)
        #expect(statements.batches.map(\.count) == [1, 4, 1, 1])
    }
}
