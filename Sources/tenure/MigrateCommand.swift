import ArgumentParser
import Logging
import Migrations
import Observability
import Postgres

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Brings the database schema up to date. Safe from many machines at once.",
        discussion: """
            Examples:
              tenure migrate
              tenure migrate --check

            Exit status: 0 it is up to date; 1 it is not (--check), or cannot be; 69 the database cannot be reached; 78 wrong \
            settings.
            """
    )

    @Flag(help: "Change nothing: exit with 1 if there is something to do.")
    var check = false

    func run() async throws {
        let settings = try Settings.ofThisProcess()
        settings.log.bootstrap(output: .standardError)
        let logger = Logger(label: "tenure.migrate")
        let database = PostgresConfiguration(connectionString: settings.sessionDatabaseURL)
        do {
            if check {
                let status = try await Migrator().check(database, logger: logger)
                guard status.isUpToDate else {
                    print("The schema is at version \(status.databaseVersion); \(status.latestVersion) is the latest.")
                    throw ExitCode(1)
                }
                print(
                    status.isBeyond
                        ? "The schema is at version \(status.databaseVersion), beyond \(status.latestVersion), and still fits."
                        : "The schema is up to date (version \(status.databaseVersion))."
                )
            } else {
                let report = try await Migrator().migrate(database, logger: logger)
                print(
                    report.applied.isEmpty
                        ? "The schema is up to date (version \(report.to))."
                        : "The schema is now at version \(report.to); it was at \(report.from)."
                )
            }
        } catch let error as MigrationError {
            throw fail(error.message, code: 1)
        } catch let error as PostgresError {
            throw fail(error.message, code: 69)
        }
    }
}
