import ArgumentParser
import FoundationEssentials
import Logging
import Migrations
import Observability
import Postgres
import Trading

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

    @Flag(help: "Print JSON, for programs.")
    var json = false

    func run() async throws {
        let settings = try Settings.ofThisProcess()
        settings.log.bootstrap(output: .standardError)
        let logger = Logger(label: "tenure.migrate")
        let database = PostgresConfiguration(connectionString: settings.sessionDatabaseURL)
        do {
            if check {
                let status = try await Migrator().check(database, logger: logger)
                report(
                    status.isUpToDate,
                    ["version": status.databaseVersion, "latest_version": status.latestVersion],
                    status.isUpToDate
                        ? status.isBeyond
                            ? "The schema is at version \(status.databaseVersion), beyond \(status.latestVersion), and still fits."
                            : "The schema is up to date (version \(status.databaseVersion))."
                        : "The schema is at version \(status.databaseVersion); \(status.latestVersion) is the latest."
                )
                guard status.isUpToDate else { throw ExitCode(1) }
            } else {
                let done = try await Migrator().migrate(database, logger: logger)
                report(
                    true,
                    ["version": done.to, "from_version": done.from],
                    done.applied.isEmpty
                        ? "The schema is up to date (version \(done.to))."
                        : "The schema is now at version \(done.to); it was at \(done.from)."
                )
            }
        } catch let error as MigrationError {
            throw fail(error.message, code: 1)
        } catch let error as PostgresError {
            throw fail(error.message, code: 69)
        }
    }

    private func report(_ isUpToDate: Bool, _ versions: [String: Int], _ text: String) {
        var members = versions.mapValues { JSONValue.number(Decimal($0)) }
        members["up_to_date"] = .bool(isUpToDate)
        print(json ? JSONValue.object(members).text : text)
    }
}
