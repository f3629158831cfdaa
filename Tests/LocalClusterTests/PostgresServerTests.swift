import LocalCluster
import TestSupport
import Testing

@Suite("A private PostgreSQL server", .timeLimit(.minutes(1)))
struct PostgresServerTests {
    @Test("the shared one gives each test a database with the schema")
    func sharedDatabase() async throws {
        try await withTestDatabase { url in
            let output = try await ChildProcess.runSuccessfully(
                "psql",
                [url, "-Atc", "SELECT count(*) FROM tenure.active_strategies"]
            )
            #expect(output == "0")
        }
    }
}
