import FoundationEssentials
import Glibc
import LocalCluster
import TestSupport
import Testing

/// What shares a replica's memory, so that its death shows before that memory has been taken apart.
@Suite(.timeLimit(.minutes(5)))
struct MemoryHolderTests {
    @Test("a killed replica's connections end while its memory is still held; and what holds it ends after any end")
    func outlives() async throws {
        try await withCluster { cluster in
            try await eventually("each waits for another's lock") {
                try await cluster.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                    == "3"
            }
            let killed = cluster.cluster.replicas[0]
            let holder = try #require(try MemoryHolder(of: killed))
            #expect(try holder.openFiles == [])
            // Stopped: whatever ends now does so without it.
            kill(holder.pid, SIGSTOP)
            await killed.kill()
            try await eventually("it is fenced") {
                try await cluster.sql("SELECT string_agg(fenced_reason, ',') FROM tenure.replicas") == "session lost"
            }
            #expect(holder.isThere)
            kill(holder.pid, SIGCONT)
            try await eventually("the memory is given back") { !holder.isThere }

            let stopped = cluster.cluster.replicas[1]
            let other = try #require(try MemoryHolder(of: stopped))
            await stopped.stop()
            try await eventually("the memory is given back") { !other.isThere }
        }
    }
}

private struct MemoryHolder {
    let pid: Int32

    /// `nil`: the replica has none.
    init?(of replica: Replica) throws {
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }
        guard let pid = processes.first(where: { Self.parent(of: $0) == replica.pid }) else { return nil }
        self.pid = pid
    }

    var openFiles: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd") }
    }

    /// Its name is no other process's.
    var isThere: Bool { Self.parent(of: pid) != nil }

    private static func parent(of pid: Int32) -> Int32? {
        // The process may end meanwhile.
        guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
        let fields = stat.split(separator: " ")
        return fields.count > 3 && fields[1] == "(tenure-memory)" ? Int32(fields[3]) : nil
    }
}
