import FoundationEssentials
import Glibc
import LocalCluster
import Synchronization
import TestSupport
import Testing

/// Two PostgreSQL servers under Patroni, and an etcd that decides which of them is the primary. All of it on 127.0.0.1.
final class PatroniCluster: Sendable {
    static var isInstalled: Bool {
        ProcessEnvironment.executable("patroni") != nil && ProcessEnvironment.executable("etcd") != nil
    }

    private let directory: String
    private let account: ServerAccount?
    private let ports: [Int]
    private let store = Mutex<ChildProcess?>(nil)
    private let members = Mutex<[ChildProcess]>([])

    private init(directory: String) throws {
        self.directory = directory
        account = try ServerAccount.find()
        ports = try (0..<6).map { _ in try LoopbackPort.free() }
    }

    /// Runs `body` with such a cluster, once the standby follows the primary.
    static func with<R>(_ body: (PatroniCluster) async throws -> R) async throws -> R {
        let directory = try TemporaryDirectory.create(prefix: "tenure-patroni")
        defer { TemporaryDirectory.remove(directory) }
        let cluster = try PatroniCluster(directory: directory)
        do {
            try await cluster.start()
            let result = try await body(cluster)
            await cluster.stop()
            return result
        } catch {
            await cluster.stop()
            throw error
        }
    }

    /// Of the database `tenure`, wherever the primary is.
    var url: String { address(database: "tenure", user: "tenure") }

    private func address(database: String, user: String) -> String {
        "postgresql://\(user)@127.0.0.1:\(ports[0]),127.0.0.1:\(ports[1])/\(database)?target_session_attrs=read-write"
    }

    /// - Returns: The rows, one a line.
    @discardableResult
    func query(_ statement: String) async throws -> String {
        try await ChildProcess.runSuccessfully(
            try await PostgresInstallation.find().binaries + "/psql",
            ["--no-psqlrc", "-qtA", "--dbname=\(address(database: "postgres", user: "postgres"))", "-c", statement]
        )
    }

    /// Kills the primary's Patroni and its PostgreSQL, every process of it, as when the machine is lost.
    func losePrimary() async throws {
        let port = try await query("SHOW port")
        let index = try #require(ports.prefix(2).firstIndex { "\($0)" == port })
        let file = try String(contentsOfFile: "\(directory)/\(index)/data/postmaster.pid", encoding: .utf8)
        let postmaster = try #require(file.split(separator: "\n").first.flatMap { Int32($0) })
        members.withLock { $0[index] }.signal(.kill)
        #expect(kill(postmaster, SIGKILL) == 0)
    }

    private func start() async throws {
        if let account { _ = chown(directory, account.userID, account.groupID) }
        let client = "http://127.0.0.1:\(ports[4])"
        let etcd = try run(
            "etcd",
            [
                "--data-dir", "\(directory)/etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", "http://127.0.0.1:\(ports[5])", "--unsafe-no-fsync",
            ]
        )
        store.withLock { $0 = etcd }
        try await eventually("etcd") { LoopbackPort.accepts(ports[4]) }
        for index in 0..<2 {
            let file = "\(directory)/\(index).yml"
            try await Data(configuration(index).utf8).write(to: URL(filePath: file))
            let member = try run("patroni", [file])
            members.withLock { $0.append(member) }
        }
        try await eventually(within: .seconds(120), "a primary, and a standby that follows it") {
            try await query("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1"
        }
        try await query("CREATE ROLE tenure LOGIN")
        try await query("CREATE DATABASE tenure OWNER tenure")
    }

    private func stop() async {
        // Each stops its PostgreSQL; one that has been killed has left none behind.
        for member in members.withLock({ $0 }) { await member.end(.terminate, grace: .seconds(30)) }
        await store.withLock { $0 }?.end()
    }

    private func run(_ program: String, _ arguments: [String]) throws -> ChildProcess {
        let command = account?.command(program, arguments) ?? (program: program, arguments: arguments)
        return try ChildProcess(
            ChildProcessConfiguration(
                program: command.program,
                arguments: command.arguments,
                workingDirectory: "/",
                output: .lines { _ in }
            )
        )
    }

    /// The shortest times that Patroni takes.
    private func configuration(_ index: Int) async throws -> String {
        """
        scope: tenure
        name: member-\(index)
        restapi: {listen: "127.0.0.1:\(ports[2 + index])", connect_address: "127.0.0.1:\(ports[2 + index])"}
        etcd3: {hosts: "127.0.0.1:\(ports[4])"}
        bootstrap:
          dcs:
            ttl: 20
            loop_wait: 2
            retry_timeout: 3
            synchronous_mode: true
          initdb: [{encoding: UTF8}, {auth: trust}, {username: postgres}]
          pg_hba: ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
        postgresql:
          listen: "127.0.0.1:\(ports[index])"
          connect_address: "127.0.0.1:\(ports[index])"
          data_dir: \(directory)/\(index)/data
          bin_dir: \(try await PostgresInstallation.find().binaries)
          pgpass: \(directory)/\(index).pgpass
          authentication: {superuser: {username: postgres}, replication: {username: postgres}}
          parameters: {unix_socket_directories: "\(directory)", max_connections: 100}

        """
    }
}
