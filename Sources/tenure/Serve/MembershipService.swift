import Coordination
import Logging
import Migrations
import Postgres
import ServiceLifecycle

/// Brings the schema up to date, then takes part in the cluster.
struct MembershipService: Service {
    let replica: ReplicaService
    let database: PostgresConfiguration
    let migrates: Bool
    let logger: Logger

    func run() async throws {
        guard try await prepare() else { return }
        try await replica.run()
    }

    /// Waits for the database as long as it takes. False if it was asked to end before.
    private func prepare() async throws -> Bool {
        do {
            try await cancelWhenGracefulShutdown {
                var pause = Duration.milliseconds(100)
                var saidAt: ContinuousClock.Instant?
                while true {
                    do {
                        return try await migrateOrCheck()
                    } catch let error as PostgresError {
                        // Said at once, and then now and then: not at every attempt.
                        if saidAt.map({ $0.duration(to: .now) > .seconds(30) }) ?? true {
                            saidAt = .now
                            logger.error(
                                "The database cannot be reached; trying again. Check TENURE_DATABASE_URL and PostgreSQL",
                                metadata: ["error": "\(error.message)"]
                            )
                        }
                        try await Task.sleep(for: pause)
                        pause = min(pause * 2, .seconds(1))
                    }
                }
            }
            return true
        } catch is CancellationError {
            return false
        }
    }

    private func migrateOrCheck() async throws {
        if migrates {
            let report = try await Migrator().migrate(database, logger: logger)
            if !report.applied.isEmpty { logger.info("The schema is now at version \(report.to)") }
        } else {
            let status = try await Migrator().check(database, logger: logger)
            guard status.isUpToDate else {
                throw SchemaOutdated(version: status.databaseVersion, needed: status.latestVersion)
            }
        }
    }
}

/// The schema is older than this program, and it was told not to bring it up to date.
struct SchemaOutdated: Error, CustomStringConvertible {
    let version: Int
    let needed: Int

    var description: String {
        "The database schema is at version \(version), this program needs \(needed): run `tenure migrate`."
    }
}
