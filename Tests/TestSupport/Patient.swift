package import Postgres

/// How tests connect: a noisy machine may need its time for that, and between two statements of a transaction.
package func patient(
    _ url: String,
    applicationName: String = "tenure",
    settings: [String: String] = [:]
) -> PostgresConfiguration {
    PostgresConfiguration(
        connectionString: url,
        applicationName: applicationName,
        settings: ["idle_in_transaction_session_timeout": "0"].merging(settings) { $1 },
        connectTimeout: .seconds(120)
    )
}
