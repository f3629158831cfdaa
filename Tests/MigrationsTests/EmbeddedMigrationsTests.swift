import FoundationEssentials
import Testing

@testable import Migrations

@Suite struct EmbeddedMigrationsTests {
    /// The folder of SQL files in the source tree.
    private var folder: String {
        var parts = #filePath.split(separator: "/").map(String.init)
        parts.removeLast(3)
        return "/" + parts.joined(separator: "/") + "/migrations/sql"
    }

    @Test func `the list holds every file of the folder, in order, byte for byte`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".sql") }.sorted()
        #expect(!files.isEmpty)
        #expect(files == Migrator.all.map(\.fileName))
        for migration in Migrator.all {
            let content = try #require(FileManager.default.contents(atPath: "\(folder)/\(migration.fileName)"))
            #expect(Array(content) == migration.sql, "\(migration.fileName)")
        }
    }

    @Test func `versions count from one without gaps`() {
        #expect(Migrator.all.map(\.version) == Array(1...Migrator.latestVersion))
    }
}
