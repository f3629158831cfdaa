import FoundationEssentials
import LocalCluster
import Synchronization
import TestSupport
import Testing

/// A network namespace for one replica, on whose way to the database packets are lost: by the kernel, of a real TCP connection.
///
/// A HAProxy in the namespace and one outside of it pass connections on over Unix sockets, which all namespaces share. So
/// every address is what it is elsewhere, and nothing of the machine's own network changes.
final class LossyNetwork: Sendable {
    private let directory: String
    private let namespace: ChildProcess
    private let enter: [String]
    private let ways = Mutex<[ChildProcess]>([])

    static let replica = "replica-1"

    /// Whether there can be one here: that takes root, nftables, and most containers do not allow it.
    static func isPossible() async -> Bool {
        let script = "ip link set lo up && nft add table ip tenure"
        // Without `unshare` there is none, either.
        let result = try? await ChildProcess.run("unshare", ["--net", "sh", "-c", script])
        return result?.status.isSuccess ?? false
    }

    private init(directory: String) async throws {
        self.directory = directory
        namespace = try ChildProcess(
            ChildProcessConfiguration(
                program: "unshare",
                arguments: ["--net", "sh", "-c", "ip link set lo up && touch \(directory)/up && exec sleep infinity"]
            )
        )
        enter = ["--net=/proc/\(namespace.pid)/ns/net", "--"]
        try await eventually("the namespace") { [directory] in
            FileManager.default.fileExists(atPath: "\(directory)/up")
        }
    }

    /// Runs `body` with such a network, and removes it.
    static func with<R>(_ body: (LossyNetwork) async throws -> R) async throws -> R {
        let directory = try TemporaryDirectory.create(prefix: "tenure-net")
        defer { TemporaryDirectory.remove(directory) }
        let network = try await LossyNetwork(directory: directory)
        do {
            let result = try await body(network)
            await network.end()
            return result
        } catch {
            await network.end()
            throw error
        }
    }

    private func end() async {
        for process in ways.withLock({ $0 }) + [namespace] { await process.end(.kill) }
    }

    /// A program like `tenure`, but that its first replica lives in the namespace.
    func program() throws -> String {
        let tenure = try builtExecutable()
        let path = "\(directory)/tenure"
        let script = """
            #!/bin/sh
            [ "$TENURE_REPLICA_NAME" != \(Self.replica) ] || exec nsenter \(enter.joined(separator: " ")) \(tenure) "$@"
            exec \(tenure) "$@"

            """
        try Data(script.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    /// Opens the ways into the namespace and out of it.
    func connect(_ cluster: LocalCluster) async throws {
        let program = try #require(ProcessEnvironment.executable("haproxy"))
        let port = cluster.postgres.port
        let inside = """
            listen database
                bind 127.0.0.1:\(port)
                server s unix@\(cluster.postgres.socketDirectory)/.s.PGSQL.\(port)
            listen simulator
                bind 127.0.0.1:\(cluster.simulatorPort)
                server s unix@\(directory)/simulator
            listen http
                bind unix@\(directory)/http
                server s 127.0.0.1:\(cluster.replicas[0].port)

            """
        let outside = """
            listen simulator
                bind unix@\(directory)/simulator
                server s 127.0.0.1:\(cluster.simulatorPort)
            listen http
                bind 127.0.0.1:\(cluster.replicas[0].port)
                server s unix@\(directory)/http

            """
        try haproxy("inside", inside, through: "nsenter", enter + [program])
        try haproxy("outside", outside, through: program, [])
        try await eventually("the ways are open") { [directory] in
            ["simulator", "http"].allSatisfy { FileManager.default.fileExists(atPath: "\(directory)/\($0)") }
        }
    }

    private func haproxy(_ name: String, _ listeners: String, through program: String, _ arguments: [String]) throws {
        let file = "\(directory)/\(name).cfg"
        let text = """
            defaults
                mode tcp
                timeout connect 5s
                timeout client 1h
                timeout server 1h
            \(listeners)
            """
        try Data(text.utf8).write(to: URL(filePath: file))
        let process = try ChildProcess(
            ChildProcessConfiguration(program: program, arguments: arguments + ["-db", "-f", file])
        )
        ways.withLock { $0.append(process) }
    }

    /// From now on so many of a hundred packets to and from the database are lost.
    func lose(_ percent: Int, port: Int) async throws {
        let rules = """
            table ip tenure {
                chain input {
                    type filter hook input priority 0;
                    tcp dport \(port) numgen random mod 100 < \(percent) counter drop
                    tcp sport \(port) numgen random mod 100 < \(percent) counter drop
                }
            }

            """
        let file = "\(directory)/rules"
        try Data(rules.utf8).write(to: URL(filePath: file))
        try await ChildProcess.runSuccessfully("nsenter", enter + ["nft", "-f", file])
    }

    /// Packets lost so far, in both directions.
    func lost() async throws -> Int {
        let words = try await ChildProcess.runSuccessfully("nsenter", enter + ["nft", "list", "table", "ip", "tenure"])
            .split { $0 == " " || $0 == "\n" || $0 == "\t" }
        return words.indices.dropLast().reduce(0) { words[$1] == "packets" ? $0 + (Int(words[$1 + 1]) ?? 0) : $0 }
    }

    func heal() async throws {
        try await ChildProcess.runSuccessfully("nsenter", enter + ["nft", "delete", "table", "ip", "tenure"])
    }
}
