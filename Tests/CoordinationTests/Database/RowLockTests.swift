import FoundationEssentials
import Testing

/// No row of a shard or a replica stays locked across a round trip of a client: a process that is stopped in between would keep
/// everybody else out.
@Suite struct RowLockTests {
    private static let sources: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts.removeLast(4)
        return parts.joined(separator: "/") + "/Sources"
    }()

    @Test(arguments: ["Coordination", "Hosting", "HTTPAPI", "Store", "tenure"])
    func `each write is one statement: there is no transaction around several`(_ target: String) throws {
        let folder = "\(Self.sources)/\(target)"
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".swift") }
        #expect(!files.isEmpty)
        for file in files {
            let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            // Other databases' transactions are none of ours.
            guard text.contains("import Postgres\n") else { continue }
            for word in ["withTransaction", "\"BEGIN", "START TRANSACTION"] {
                #expect(!text.contains(word), "\(target)/\(file) contains \(word)")
            }
        }
    }
}
