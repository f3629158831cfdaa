import ArgumentParser
import Glibc
import Hummingbird

/// The least that the server can do: not for people.
struct Hello: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Says hello to every request.", shouldDisplay: false)

    func run() async throws {
        let router = Router()
        router.get("hello") { _, _ in "hello" }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                print("port \(channel.localAddress?.port ?? 0)")
                fflush(nil)
            }
        )
        try await application.runService()
    }
}
