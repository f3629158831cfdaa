import CLibPQ
import Glibc
import LocalCluster
import TestSupport

/// How fast a failover could be at best: a program that does nothing but wait in `pg_advisory_lock` by plain libpq, while the
/// process that holds the lock is killed.
struct LockFloor {
    let url: String

    func measure(rounds: Int) async throws -> Figures {
        var figures = Figures("floor: holder killed → a bare libpq waiter has the lock")
        for _ in 0..<rounds {
            let output = OutputLines()
            let holder = try ChildProcess(
                ChildProcessConfiguration(
                    program: try builtExecutable("FailoverBenchmark"),
                    arguments: ["hold", "--database", url],
                    output: .lines { output.append($0) }
                )
            )
            _ = try await output.first(containing: "held")
            let url = url
            let waiting = OutputLines()
            // A thread of its own: libpq blocks.
            async let granted = Self.onThread { Self.wait(url) { waiting.append("waiting") } }
            _ = try await waiting.first(containing: "waiting")
            try await Task.sleep(for: .milliseconds(50))
            let killed = WallClock.now
            holder.signal(.kill)
            let end = await granted
            guard end > 0 else { throw BenchmarkError("the waiter lost its connection") }
            figures.add(end - killed)
        }
        return figures
    }

    /// Takes the lock and keeps it until it is killed.
    static func hold(_ url: String) {
        let connection = PQconnectdb(url)
        PQclear(PQexec(connection, "SELECT pg_advisory_lock(1)"))
        print("held")
        fflush(nil)
        while true { pause() }
    }

    /// When it got the lock; 0 if it did not.
    private static func wait(_ url: String, _ isAboutTo: () -> Void) -> Int64 {
        let connection = PQconnectdb(url)
        defer { PQfinish(connection) }
        isAboutTo()
        let result = PQexec(connection, "SELECT pg_advisory_lock(1)")
        let now = WallClock.now
        defer { PQclear(result) }
        return PQresultStatus(result) == PGRES_TUPLES_OK ? now : 0
    }

    private static func onThread(_ body: @escaping @Sendable () -> Int64) async -> Int64 {
        await withCheckedContinuation { continuation in
            BlockingThread.start { continuation.resume(returning: body()) }
        }
    }
}
