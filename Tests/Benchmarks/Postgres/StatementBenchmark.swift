import FoundationEssentials
import LocalCluster
import Logging
import Postgres

/// `SELECT $1::int`, prepared: one at a time, pipelined on one connection, and on four connections.
///
/// pgbench has one sync for a whole pipeline, where an error in one statement undoes and skips the others. This client's
/// callers are isolated from each other: by a sync each, or, where they declare that they only read, by being read again.
struct StatementBenchmark {
    private static let singles = 10_000
    private static let pipelined = 40_000
    private static let depths = [8, 32, 64]

    private let server: PostgresServer
    private let pgbench: String
    private let directory: String
    private let connections: [PostgresConnection]

    init(server: PostgresServer, directory: String) async throws {
        self.server = server
        self.directory = directory
        pgbench = try await PostgresInstallation.find().binaries + "/pgbench"
        var connections: [PostgresConnection] = []
        let logger = Logger(label: "benchmark")
        for _ in 0..<4 {
            connections.append(try await .connect(server.benchmarkConfiguration, logger: logger))
        }
        self.connections = connections
        let statement = "\\set n random(1, 1000000)\nSELECT :n::int;\n"
        try write("single", statement)
        for depth in Self.depths {
            let statements = String(repeating: statement, count: depth)
            try write("pipeline\(depth)", "\\startpipeline\n\(statements)\\endpipeline\n")
        }
    }

    private func write(_ script: String, _ text: String) throws {
        try text.write(toFile: "\(directory)/\(script).sql", atomically: true, encoding: .utf8)
    }

    func run(rounds: Int) async throws {
        var pgbenchSingle = Series("pgbench, one at a time")
        var single = Series("one at a time")
        var pgbenchFour = Series("pgbench, four clients, one at a time each")
        var four = Series("four connections, one at a time on each")
        var pgbenchPipelines = Self.depths.map { Series("pgbench, pipelines of \($0)") }
        var pipelines = Self.depths.map { Series("one connection, \($0) tasks, a sync each") }
        var readers = Self.depths.map { Series("one connection, \($0) tasks that read") }
        let one = [connections[0]]
        for round in 0...rounds {
            let results = [
                try await pgbench("single", transactions: Self.singles, statementsEach: 1),
                try await client(one, tasks: 1, count: Self.singles),
                try await pgbench("single", clients: 4, transactions: Self.pipelined / 4, statementsEach: 1),
                try await client(connections, tasks: 4, count: Self.pipelined),
            ]
            var deep: [(theirs: Measurement, ours: Measurement, reading: Measurement)] = []
            for depth in Self.depths {
                let transactions = Self.pipelined / depth
                let theirs = try await pgbench("pipeline\(depth)", transactions: transactions, statementsEach: depth)
                let ours = try await client(one, tasks: depth, count: Self.pipelined)
                let reading = try await client(one, tasks: depth, count: Self.pipelined, isReading: true)
                deep.append((theirs, ours, reading))
            }
            // The first one warms up.
            guard round > 0 else { continue }
            pgbenchSingle.append(results[0])
            single.append(results[1])
            pgbenchFour.append(results[2])
            four.append(results[3])
            for (index, pair) in deep.enumerated() {
                pgbenchPipelines[index].append(pair.theirs)
                pipelines[index].append(pair.ours)
                readers[index].append(pair.reading)
            }
        }
        print("SELECT $1::int, prepared, \(rounds) rounds (medians)")
        print(Series.heading)
        for series in [pgbenchSingle, single, pgbenchFour, four] { print(series.line) }
        for index in Self.depths.indices {
            for series in [pgbenchPipelines[index], pipelines[index], readers[index]] { print(series.line) }
        }
        let latency = ratio(single, to: pgbenchSingle, by: \.microseconds)
        report("latency, \(single.name)", latency, isReached: latency <= 1.6, goal: "≤ 1.6 × pgbench's")
        for (theirs, ours) in zip(pgbenchPipelines + pgbenchPipelines, readers + pipelines) {
            let rate = ratio(ours, to: theirs, by: \.perSecond)
            report("throughput, \(ours.name)", rate, isReached: rate >= 0.5, goal: "≥ 0.5 × pgbench's")
            let gain = ratio(ours, to: four, by: \.perSecond)
            report("throughput, \(ours.name)", gain, isReached: gain >= 2.5, goal: "≥ 2.5 × four connections'")
        }
        // What the same comparison gives where all is done in C and no statement has a sync of its own.
        for theirs in pgbenchPipelines {
            report("\(theirs.name), to its own four clients", ratio(theirs, to: pgbenchFour, by: \.perSecond))
        }
        for connection in connections { await connection.close() }
    }

    /// - Parameter transactions: of each client.
    private func pgbench(
        _ script: String,
        clients: Int = 1,
        transactions: Int,
        statementsEach: Int
    ) async throws -> Measurement {
        let postmaster = server.process?.pid ?? 0
        let children = ProcessorTime.childCount(of: postmaster)
        let client = ProcessorTime.ofChildren
        let backends = ProcessorTime.ofChildren(of: postmaster)
        let output = try await ChildProcess.runSuccessfully(
            pgbench,
            [
                "--no-vacuum", "--protocol=prepared", "--client=\(clients)", "--jobs=\(min(clients, 2))",
                "--transactions=\(transactions)", "--file=\(directory)/\(script).sql",
                "--host=\(server.socketDirectory)", "--port=\(server.port)",
                "--username=tenure", "tenure",
            ]
        )
        // Its backend's time counts when it has ended.
        while ProcessorTime.childCount(of: postmaster) > children { try await Task.sleep(for: .milliseconds(1)) }
        guard let line = output.split(separator: "\n").first(where: { $0.hasPrefix("tps = ") }),
            let rate = Double(line.split(separator: " ")[2])
        else { throw UnexpectedOutput(output: output) }
        return Measurement(
            count: clients * transactions * statementsEach,
            elapsed: .seconds(Double(clients * transactions) / rate),
            clientCPU: ProcessorTime.ofChildren - client,
            serverCPU: ProcessorTime.ofChildren(of: postmaster) - backends
        )
    }

    private func client(
        _ connections: [PostgresConnection],
        tasks: Int,
        count: Int,
        isReading: Bool = false
    ) async throws -> Measurement {
        let backends = connections.map(\.backendPID)
        let server = backends.map(ProcessorTime.of(process:))
        let client = ProcessorTime.ofThisProcess
        let start = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            for task in 0..<tasks {
                let connection = connections[task % connections.count]
                group.addTask {
                    for number in 0..<Int32(count / tasks) {
                        let statement: PostgresStatement = "SELECT \(number)::int"
                        let row =
                            isReading
                            ? try await connection.read(statement)[0] : try await connection.query(statement)[0]
                        let answer = try row.decode(Int32.self)
                        precondition(answer == number, "another one's answer")
                    }
                }
            }
            try await group.waitForAll()
        }
        let elapsed = start.duration(to: .now)
        return Measurement(
            count: count / tasks * tasks,
            elapsed: elapsed,
            clientCPU: ProcessorTime.ofThisProcess - client,
            serverCPU: zip(backends, server).reduce(.zero) { $0 + ProcessorTime.of(process: $1.0) - $1.1 }
        )
    }

    private struct UnexpectedOutput: Error {
        let output: String
    }
}
