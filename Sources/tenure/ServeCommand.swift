import ArgumentParser
import Observability

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs one replica.",
        discussion: "Settings come from the environment: see the README. SIGTERM hands every strategy over and ends it."
    )

    @Flag(inversion: .prefixedNo, help: "Bring the database schema up to date first.")
    var migrate = true

    func run() async throws {
        let settings = try Settings.ofThisProcess()
        settings.log.bootstrap()
        try await Server(settings: settings, migrates: migrate).run()
    }
}
