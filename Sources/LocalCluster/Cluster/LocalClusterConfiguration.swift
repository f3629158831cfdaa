/// A whole cluster on this machine.
package struct LocalClusterConfiguration: Sendable {
    /// The path of `tenure`.
    package var executable: String
    package var replicas: Int
    /// Of the load balancer, on 127.0.0.1; 0: a free one, and free ones for everything else too.
    package var port: Int
    /// Where PostgreSQL's data and the logs are kept. Created where it is missing.
    package var dataDirectory: String
    /// Further arguments of `tenure simulator`; `--port` is given.
    package var simulatorArguments: [String]
    /// Added to the environment of every replica, over what the cluster itself sets.
    package var environment: [String: String]
    /// Added to the environment of one replica, by its name (`replica-1`), over all else.
    package var replicaEnvironment: [String: [String: String]]
    /// Whether a replica that ends by itself, or is killed, is started again.
    package var restartsReplicas: Bool
    /// False: a power loss may ruin the data. For tests.
    package var isDurable: Bool
    /// Of PostgreSQL, on 127.0.0.1; nil: 54320, or a free one.
    package var postgresPort: Int?
    /// Further settings of PostgreSQL, as in `postgresql.conf`.
    package var postgresSettings: [String: String]
    /// Where the output of everything is shown.
    package var terminal: Terminal

    package init(
        executable: String,
        replicas: Int = 3,
        port: Int = 8080,
        dataDirectory: String = "./data",
        simulatorArguments: [String] = [],
        environment: [String: String] = [:],
        replicaEnvironment: [String: [String: String]] = [:],
        restartsReplicas: Bool = true,
        isDurable: Bool = true,
        postgresPort: Int? = nil,
        postgresSettings: [String: String] = [:],
        terminal: Terminal = .standardOutput
    ) {
        self.executable = executable
        self.replicas = replicas
        self.port = port
        self.dataDirectory = dataDirectory
        self.simulatorArguments = simulatorArguments
        self.environment = environment
        self.replicaEnvironment = replicaEnvironment
        self.restartsReplicas = restartsReplicas
        self.isDurable = isDurable
        self.postgresPort = postgresPort
        self.postgresSettings = postgresSettings
        self.terminal = terminal
    }
}
