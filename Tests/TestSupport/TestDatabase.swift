import LocalCluster
import Logging
import Migrations
import Postgres
import Synchronization

/// Gives a test a database of its own on the shared server, and drops it afterwards.
///
/// - Parameters:
///   - migrated: Whether the schema is there already.
///   - body: Gets a connection string, for the role that owns the database and is no superuser.
package func withTestDatabase<Result>(
    migrated: Bool = true,
    _ body: (String) async throws -> Result
) async throws -> Result {
    let server = try await TestServer.shared
    let name = try await TestDatabase.create(migrated: migrated, on: server)
    do {
        let result = try await body(server.connectionString(database: name))
        await TestDatabase.drop(name, on: server)
        return result
    } catch {
        await TestDatabase.drop(name, on: server)
        throw error
    }
}

/// Databases on the shared server.
enum TestDatabase {
    private static let count = Atomic(0)
    private static let template = "migrated_template"
    // Unstructured, because it belongs to the process and not to the test that happens to come first.
    private static let makingTemplate = Task { try await makeTemplate() }

    static func create(migrated: Bool, on server: PostgresServer) async throws -> String {
        let name = "test_\(count.add(1, ordering: .relaxed).newValue)"
        if migrated { try await makingTemplate.value }
        let template = migrated ? template : "template1"
        try await administer("CREATE DATABASE \(raw: name) OWNER tenure TEMPLATE \(raw: template)", on: server)
        return name
    }

    static func drop(_ name: String, on server: PostgresServer) async {
        // A task of its own, because a cancelled test must leave nothing behind either. If the server is gone, so is
        // the database.
        let dropping = Task { try await administer("DROP DATABASE IF EXISTS \(raw: name) WITH (FORCE)", on: server) }
        _ = try? await dropping.value
    }

    private static func makeTemplate() async throws {
        let server = try await TestServer.shared
        try await administer("CREATE DATABASE \(raw: template) OWNER tenure", on: server)
        _ = try await Migrator().migrate(
            patient(server.connectionString(database: template)),
            logger: logger
        )
    }

    private static func administer(_ statement: PostgresStatement, on server: PostgresServer) async throws {
        let connection = try await PostgresConnection.connect(
            patient(server.connectionString(database: "postgres", user: "postgres")),
            logger: logger
        )
        do {
            _ = try await connection.query(statement)
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    private static let logger = Logger(label: "tenure.tests") { _ in SwiftLogNoOpLogHandler() }
}
