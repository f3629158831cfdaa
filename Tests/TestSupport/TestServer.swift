package import LocalCluster

/// The PostgreSQL server that the tests of one process share.
///
/// It is started when the first test needs it, on a data directory of its own, and ends with the process, however that
/// ends. It is not durable, so that tests are not slowed down by a disk; a test that stops or kills a server takes one of
/// its own: ``withPrivateServer(isDurable:settings:_:)``.
package enum TestServer {
    // Unstructured, because it belongs to the process and not to the test that happens to come first.
    private static let starting = Task { try await start() }

    package static var shared: PostgresServer {
        get async throws { try await starting.value }
    }

    private static func start() async throws -> PostgresServer {
        let directory = try TemporaryDirectory.create(prefix: "tenure-test")
        return try await start(in: directory, isDurable: false, settings: [:])
    }

    static func start(
        in directory: String,
        isDurable: Bool,
        settings: [String: String]
    ) async throws -> PostgresServer {
        try TemporaryDirectory.openToServers(directory)
        let server = try PostgresServer(
            PostgresServerConfiguration(
                dataDirectory: "\(directory)/postgres",
                isDurable: isDurable,
                settings: settings
            )
        )
        try await server.start()
        return server
    }
}

/// Gives a test a PostgreSQL server that nobody else uses, to restart, stop and kill it.
///
/// - Parameters:
///   - isDurable: Whether commits survive what `.immediate` and `.kill` do. They survive a crash of the server either
///     way, as only the operating system's cache is trusted then.
///   - settings: Further settings, as in `postgresql.conf`.
package func withPrivateServer<Result: Sendable>(
    isDurable: Bool = true,
    settings: [String: String] = [:],
    _ body: (PostgresServer) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory.create(prefix: "tenure-test")
    defer { TemporaryDirectory.remove(directory) }
    let server = try await TestServer.start(in: directory, isDurable: isDurable, settings: settings)
    do {
        let result = try await body(server)
        await server.close(.immediate)
        return result
    } catch {
        await server.close(.immediate)
        throw error
    }
}
