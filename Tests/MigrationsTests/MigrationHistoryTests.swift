import Testing

@testable import Migrations

@Suite struct MigrationHistoryTests {
    static let first = Migration(version: 1, name: "one", sql: Array("SELECT 1".utf8))
    static let second = Migration(version: 2, name: "two", sql: Array("SELECT 2".utf8))

    private func history(_ migrations: [Migration], needed: Int = 1) -> MigrationHistory {
        MigrationHistory(
            applied: migrations.map { .init(version: $0.version, name: $0.name, checksum: $0.checksum, needed: needed) }
        )
    }

    @Test func `an empty database lacks everything`() throws {
        let status = try history([]).status(against: [Self.first, Self.second])
        #expect(status.databaseVersion == 0)
        #expect(status.latestVersion == 2)
        #expect(status.pending == [Self.first, Self.second])
        #expect(!status.isUpToDate)
    }

    @Test func `what was applied is not pending`() throws {
        let status = try history([Self.first]).status(against: [Self.first, Self.second])
        #expect(status.pending == [Self.second])
        #expect(status.databaseVersion == 1)
    }

    @Test func `a database newer than the binary is taken as it is, as migrations only expand`() throws {
        let status = try history([Self.first, Self.second]).status(against: [Self.first])
        #expect(status.databaseVersion == 2 && status.latestVersion == 1)
        #expect(status.isBeyond && status.isUpToDate)
        #expect(try !history([Self.first]).status(against: [Self.first]).isBeyond)
    }

    @Test func `a database that demands a newer binary is refused, naming both versions`() throws {
        #expect(
            try history([Self.first, Self.second], needed: 2).status(against: [Self.first, Self.second]).isUpToDate
        )
        let error = #expect(throws: MigrationError.self) {
            try history([Self.first, Self.second], needed: 2).status(against: [Self.first])
        }
        #expect(error?.code == .databaseIsNewer)
        #expect(error?.message.contains("version 2") == true)
        #expect(error?.message.contains("up to 1") == true)
    }

    @Test func `an edited migration is refused, naming its file`() {
        let edited = Migration(version: 1, name: "one", sql: Array("SELECT 1 ".utf8))
        let error = #expect(throws: MigrationError.self) {
            try history([Self.first]).status(against: [edited, Self.second])
        }
        #expect(error?.code == .edited)
        #expect(error?.message.contains("V0001__one.sql") == true)
    }

    @Test func `a hole below an applied migration is refused`() {
        let error = #expect(throws: MigrationError.self) {
            try history([Self.second]).status(against: [Self.first, Self.second])
        }
        #expect(error?.code == .outOfOrder)
    }

    @Test func `the checksum is SHA-256 in lower case`() {
        // As sha256sum prints it for "abc".
        let migration = Migration(version: 1, name: "x", sql: Array("abc".utf8))
        #expect(
            migration.checksum == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
    }
}
