/// A private PostgreSQL server.
package struct PostgresServerConfiguration: Sendable {
    /// Created by `initdb` where it is missing or empty. Absolute.
    package var dataDirectory: String
    /// On 127.0.0.1; nil: a free one.
    package var port: Int?
    /// False: commits are not waited for to reach the disk, and a power loss may ruin the data. For tests.
    package var isDurable: Bool
    /// Further settings, as in `postgresql.conf`.
    package var settings: [String: String]
    /// Every line of the server's log.
    package var log: @Sendable (String) -> Void
    /// Directories to remove when this process ends, once the server is down.
    package var directoriesToRemoveOnParentDeath: [String] = []

    package init(
        dataDirectory: String,
        port: Int? = nil,
        isDurable: Bool = true,
        settings: [String: String] = [:],
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.dataDirectory = dataDirectory
        self.port = port
        self.isDurable = isDurable
        self.settings = settings
        self.log = log
    }
}
