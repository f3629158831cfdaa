import Foundation

/// Where simulations compute: two threads of their own, so that the asynchronous tests beside them keep time.
final class SimulationThreads: TaskExecutor {
    private static let shared = SimulationThreads()

    /// Unchecked: guarded by its condition.
    private final class Line: @unchecked Sendable {
        private let condition = NSCondition()
        private var jobs: [UnownedJob] = []

        func append(_ job: UnownedJob) {
            condition.withLock {
                jobs.append(job)
                condition.signal()
            }
        }

        func next() -> UnownedJob {
            condition.withLock {
                while jobs.isEmpty { condition.wait() }
                return jobs.removeFirst()
            }
        }
    }

    private let line = Line()

    private init() {
        for _ in 0..<2 {
            Thread.detachNewThread { [self, line] in
                while true { line.next().runSynchronously(on: asUnownedTaskExecutor()) }
            }
        }
    }

    static func run<Value: Sendable>(_ body: @Sendable () throws -> Value) async throws -> Value {
        try await withTaskExecutorPreference(shared) { try body() }
    }

    func enqueue(_ job: consuming ExecutorJob) { line.append(UnownedJob(job)) }
}
