import FoundationEssentials
import Glibc
import LocalCluster
import Synchronization
import TestSupport
import Testing

@testable import tenure

@Suite("Files that are read again", .timeLimit(.minutes(2)))
struct WatchedFilesTests {
    private struct Unusable: Error {}

    @Test("every change counts, of whichever file; what cannot be used or read changes nothing, and is said")
    func changes() async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-watched")
        defer { TemporaryDirectory.remove(directory) }
        let paths = ["\(directory)/chain.pem", "\(directory)/key.pem"]
        /// As tools do that renew certificates: a new file takes the old one's name.
        func write(_ text: String, to path: String) throws {
            try text.write(toFile: "\(path).new", atomically: false, encoding: .utf8)
            _ = rename("\(path).new", path)
        }
        try write("chain 1", to: paths[0])
        try write("key 1", to: paths[1])
        let applied = Mutex<[[String]]>([])
        let log = LogLines()
        let service = WatchedFilesService(paths: paths, what: "certificate", logger: log.logger) { texts in
            guard !texts.contains("nonsense") else { throw Unusable() }
            applied.withLock { $0.append(texts) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await service.run() }
            // When it looks for the first time nobody knows: what is there by then is known.
            var number = 1
            try await eventually("a new key") {
                number += 1
                try write("key \(number)", to: paths[1])
                return applied.withLock { $0.first?.first == "chain 1" }
            }
            try await eventually("the newest key") {
                applied.withLock { $0.last == ["chain 1", "key \(number)"] }
            }
            let count = applied.withLock { $0.count }
            try write("nonsense", to: paths[0])
            try await eventually("the complaint") {
                log.metadata(of: "The new certificate cannot be used and changed nothing: Unusable()") != nil
            }
            try FileManager.default.removeItem(atPath: paths[1])
            try write("chain 3", to: paths[0])
            try await Task.sleep(for: .milliseconds(1_500))
            #expect(applied.withLock { $0.count } == count)
            try write("the last key", to: paths[1])
            try await eventually("both") { applied.withLock { $0.last == ["chain 3", "the last key"] } }
            group.cancelAll()
        }
    }
}
