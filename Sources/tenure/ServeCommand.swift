import ArgumentParser
import CMemoryHolder
import Observability

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs one replica.",
        discussion: """
            Settings come from the environment: see the README; `tenure doctor` checks them. SIGTERM hands every strategy over \
            and ends it.

            Example: TENURE_DATABASE_URL=postgresql://tenure@db.example.com/tenure tenure serve

            Exit status: 0 it handed everything over; 1 it could not in time; 78 wrong settings, or a database that it cannot \
            work with.
            """
    )

    @Flag(inversion: .prefixedNo, help: "Bring the database schema up to date first.")
    var migrate = true

    func run() async throws {
        // First, with nothing open. Where it cannot be had, a death of this replica is noticed some milliseconds later.
        _ = hold_memory_after_death()
        let settings = try Settings.ofThisProcess()
        settings.log.bootstrap()
        try await Server(settings: settings, migrates: migrate).run()
    }
}
