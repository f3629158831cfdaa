import AsyncHTTPClient
import FoundationEssentials
import LocalCluster
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Trading

/// A real cluster for one test: PostgreSQL, simulator, replicas, load balancer, all of them processes of their own.
struct TestCluster: Sendable {
    let cluster: LocalCluster
    /// Where the data is now; not asked if there is an ``address``.
    let database: PostgresServer
    /// How the data is reached where that is no server of this process.
    var address: String?

    init(cluster: LocalCluster, database: PostgresServer? = nil) {
        self.cluster = cluster
        self.database = database ?? cluster.postgres
    }

    /// The same after another server has taken the database's place.
    func on(_ database: PostgresServer) -> TestCluster {
        TestCluster(cluster: cluster, database: database)
    }

    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        let contentType: String?

        subscript(_ name: String) -> JSONValue? { body[name] }
    }

    /// - Parameter retrying: Whether it is sent again while no replica is ready.
    func get(_ path: String, from replica: Replica? = nil, retrying: Bool = true) async throws -> Answer {
        let request = HTTPClientRequest(url: (replica?.url ?? cluster.url) + path)
        return retrying ? try await send(request) : try await sendOnce(request)
    }

    func post(_ path: String, _ body: String, to replica: Replica? = nil, retrying: Bool = true) async throws -> Answer
    {
        var request = HTTPClientRequest(url: (replica?.url ?? cluster.url) + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: body))
        return retrying ? try await send(request) : try await sendOnce(request)
    }

    func patch(_ path: String, _ body: String) async throws -> Answer {
        var request = HTTPClientRequest(url: cluster.url + path)
        request.method = .PATCH
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: body))
        return try await send(request)
    }

    /// Sends a request; again for a while if the load balancer itself says that no replica is ready (then none has seen it).
    func send(_ request: HTTPClientRequest) async throws -> Answer {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let answer = try await sendOnce(request)
            guard answer["type"]?.string == "urn:tenure:problem:no-replica", ContinuousClock.now < deadline else {
                return answer
            }
            // The load balancer can only be asked again.
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func sendOnce(_ request: HTTPClientRequest) async throws -> Answer {
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        let text = String(buffer: bytes)
        return Answer(
            status: Int(response.status.code),
            body: (try? JSONValue(text: text)) ?? .string(text),
            contentType: response.headers.first(name: "content-type")
        )
    }

    /// Starts a strategy through the load balancer and expects it to run.
    @discardableResult
    func start(_ symbol: String, _ interval: String, config: String = "{}", to replica: Replica? = nil) async throws
        -> JSONValue
    {
        let body = #"{"symbol":"\#(symbol)","mode":"scalp","interval":"\#(interval)","config":\#(config)}"#
        let answer = try await post("/api/live-strategy/start", body, to: replica)
        // On a slow machine it may take longer than the answer waits.
        if answer.status == 202 {
            return try await strategy(symbol, "\(symbol) running") { $0["status"]?.string == "running" }
        }
        try #require(answer.status == 201, "start answered \(answer.status): \(answer.body.text)")
        return answer.body
    }

    /// Stops a strategy and returns its record in the history.
    func stop(_ symbol: String, through replica: Replica) async throws -> JSONValue {
        let answer = try await post("/api/live-strategy/stop", #"{"symbol":"\#(symbol)"}"#, to: replica)
        try #require(answer.status == 200 || answer.status == 202, "stop answered \(answer.status)")
        guard answer.status == 202 else { return answer.body }
        // On a slow machine it may take longer than the answer waits.
        let id = try #require(answer["id"]?.integer)
        var record = answer.body
        try await eventually("\(symbol) stopped") {
            record = try await get("/api/live-strategy/\(id)").body
            return record["status"]?.string == "stopped"
        }
        return record
    }

    /// Starts strategies on one-second candles, many at a time.
    func start(all symbols: [String]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, symbol) in symbols.enumerated() {
                if index >= 8 { try await group.next() }
                group.addTask { _ = try await start(symbol, "1s") }
            }
            try await group.waitForAll()
        }
    }

    /// The one active strategy of this symbol as a replica sees it; nil if there is none.
    func strategy(_ symbol: String, from replica: Replica? = nil) async throws -> JSONValue? {
        let answer = try await get("/api/live-strategy/status?symbol=\(symbol)", from: replica)
        guard answer.status == 200, case .array(let items)? = answer["items"] else {
            throw UnexpectedAnswer(answer: answer)
        }
        return items.first
    }

    /// All active strategies, by symbol.
    func strategies() async throws -> [String: JSONValue] {
        let answer = try await get("/api/live-strategy/status?limit=500")
        guard answer.status == 200, case .array(let items)? = answer["items"] else {
            throw UnexpectedAnswer(answer: answer)
        }
        return Dictionary(items.map { ($0["symbol"]?.string ?? "", $0) }) { $1 }
    }

    /// Waits until as many strategies run and have processed so many candles each, and returns them by symbol.
    func running(_ count: Int, candles: Int) async throws -> [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        try await eventually(within: .seconds(120), "\(count) strategies running, with \(candles) candles each") {
            found = try await strategies()
            return found.count == count
                && found.values.allSatisfy {
                    $0["status"]?.string == "running" && ($0["candles"]?.integer ?? 0) >= candles
                }
        }
        return found
    }

    /// The id of the replica that this process is now.
    func id(of replica: Replica) async throws -> Int {
        let id = try await sql("SELECT id FROM tenure.replicas WHERE name = '\(replica.name)' AND fenced_at IS NULL")
        return try #require(Int(id), "\(replica.name) is no member")
    }

    /// Runs a command of the program against the load balancer. Returns its status and what it said.
    func command(_ arguments: String...) async throws -> (status: Int32?, output: String) {
        let (status, output) = try await ChildProcess.run(try builtExecutable(), arguments + ["--url", cluster.url])
        return if case .exited(let code) = status { (code, output) } else { (nil, output) }
    }

    /// Waits until the strategy satisfies `condition`, and returns it.
    @discardableResult
    func strategy(
        _ symbol: String,
        _ what: String,
        _ condition: (JSONValue) -> Bool
    ) async throws -> JSONValue {
        var found: JSONValue?
        try await eventually(what) {
            found = try await strategy(symbol)
            return found.map(condition) ?? false
        }
        return try #require(found)
    }

    /// The replica that the database names as the strategy's owner.
    func owner(of symbol: String) async throws -> Replica {
        var owner: Replica?
        try await eventually("an owner of \(symbol)") {
            let name = try await sql("SELECT owner_name FROM tenure.active_strategies WHERE symbol = '\(symbol)'")
            owner = cluster.replicas.first { $0.name == name }
            return owner != nil
        }
        return try #require(owner)
    }

    /// Waits until the strategies are shared out evenly, so that none will move by itself any more.
    func waitUntilBalanced() async throws {
        try await eventually("an even share for everybody") {
            try await sql(
                """
                SELECT max(load) - min(load) <= 1 FROM (
                    SELECT coalesce(sum(s.strategies), 0) AS load FROM tenure.replicas r
                    LEFT JOIN tenure.shards s ON s.owner = r.id WHERE r.fenced_at IS NULL GROUP BY r.id) AS loads
                """
            ) == "t"
        }
    }

    func sql(_ statement: String) async throws -> String {
        if let address {
            return try await ChildProcess.runSuccessfully(
                try await PostgresInstallation.find().binaries + "/psql",
                [
                    "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname=\(address)",
                    "--command=\(statement)",
                ]
            )
        }
        return try await database.query(statement, database: "tenure", user: "tenure")
    }

    /// The time on the simulated exchange.
    func marketTime() async throws -> Timestamp {
        let answer = try await send(HTTPClientRequest(url: "\(cluster.simulatorURL)/sim/status"))
        return Timestamp(milliseconds: Int64(try #require(answer["market_time"]?.integer)))
    }

    /// Lets the simulator's market move on by whole candles.
    func advance(_ candles: Int) async throws {
        try await askSimulator("/sim/advance", #"{"candles":\#(candles)}"#)
    }

    /// Uses the simulator's own controls.
    func askSimulator(_ path: String, _ body: String) async throws {
        var request = HTTPClientRequest(url: cluster.simulatorURL + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: body))
        let answer = try await send(request)
        try #require((200..<300).contains(answer.status), "\(path) answered \(answer.status): \(answer.body.text)")
    }
}

struct UnexpectedAnswer: Error, CustomStringConvertible {
    let answer: TestCluster.Answer
    var description: String { "the answer was \(answer.status): \(answer.body.text)" }
}

/// Runs `body` with a cluster of its own, and takes it down again whatever happens.
///
/// - Parameters:
///   - program: What is run instead of `tenure`, with the same arguments; `nil`: that itself.
///   - directory: Where the data is kept; `nil`: in a new one.
///   - prepare: Gets the cluster before it starts.
func withCluster<R>(
    replicas: Int = 3,
    simulator: [String] = [],
    environment: [String: String] = [:],
    replicaEnvironment: [String: [String: String]] = [:],
    postgresPort: Int? = nil,
    postgresSettings: [String: String] = [:],
    program: String? = nil,
    directory: String? = nil,
    prepare: (LocalCluster) async throws -> Void = { _ in },
    _ body: (TestCluster) async throws -> R
) async throws -> R {
    let directory = directory ?? "/tmp/tenure-cluster-\(UInt32.random(in: .min ... .max))"
    let cluster = try LocalCluster(
        LocalClusterConfiguration(
            executable: try program ?? builtExecutable(),
            replicas: replicas,
            port: 0,
            dataDirectory: directory,
            simulatorArguments: simulator,
            // Most tests send their requests elsewhere when a replica goes, and kill replicas themselves. And nobody is to be
            // taken for dead because the machine is slow.
            environment: [
                "TENURE_DRAIN_LINGER": "0ms", "TENURE_SUSPECT_AFTER": "0", "TENURE_LEASE_TTL": "12s",
            ].merging(environment) { $1 },
            replicaEnvironment: replicaEnvironment,
            restartsReplicas: false,
            isDurable: false,
            postgresPort: postgresPort,
            postgresSettings: postgresSettings,
            terminal: .silent
        )
    )
    func takeDown() async {
        await cluster.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }
    do {
        try await prepare(cluster)
        try await cluster.start()
        let result = try await body(TestCluster(cluster: cluster))
        await takeDown()
        return result
    } catch {
        for replica in cluster.replicas {
            print("--- \(replica.name) ---")
            for line in replica.output.recent.suffix(40) { print(line) }
        }
        await takeDown()
        throw error
    }
}
