import FoundationEssentials
import LocalCluster
import TestSupport
import Testing
import Trading

/// Taking over from the earlier version, with a database as it left it.
@Suite(.timeLimit(.minutes(5)))
struct ImportTests {
    private static let schema = """
        CREATE TABLE active_strategies (symbol TEXT UNIQUE, strategy_type TEXT, exchange TEXT, config JSON, started_at TEXT,
            last_active TEXT, status TEXT);
        CREATE TABLE strategy_history (symbol TEXT, strategy_type TEXT, started_at TEXT, stopped_at TEXT, reason TEXT,
            pnl REAL, trades_count INTEGER);
        """

    @Test("what is right is taken over, once; what is wrong is named and left out; without --apply nothing changes")
    func takeOver() async throws {
        let rows = """
            INSERT INTO active_strategies VALUES
                ('BTCUSDT', 'scalp', 'binance', '{"interval":"1s","fast_period":5}', '2025-04-01 12:30:00', NULL, 'running'),
                ('ETHUSDT', 'scalp', NULL, NULL, '2025-04-01T14:30:00.250+02:00', NULL, 'paused'),
                ('SOLUSDT', 'scalp', 'binance', '{}', '2025-04-01', NULL, 'stopped'),
                ('NOSUCHUSDT', 'nonsense', 'binance', '{}', '2025-04-01', NULL, 'active'),
                ('ADAUSDT', 'scalp', 'binance', '[1', 'yesterday', NULL, 'active'),
                ('XRPUSDT', 'scalp', 'binance', '{"fast_period":"many"}', 1743510600, NULL, 'active'),
                ('BNBUSDT', 'scalp', 'binance', '{}', 1743510600, NULL, 'active');
            INSERT INTO strategy_history VALUES
                ('BTCUSDT', 'scalp', '2024-01-01 00:00:00', '2024-02-01 00:00:00', 'user_stopped', 12.345678901, 7),
                ('BTCUSDT', 'scalp', 1706745600, 1706832000000, NULL, -0.5, NULL),
                ('BTCUSDT', 'scalp', '2024-01-01 00:00:00', '2024-02-01 00:00:00', 'user_stopped', 12.345678901, 7),
                ('ETHUSDT', 'scalp', '2024-01-01', '2023-01-01', 'x', 1, 1),
                ('ETHUSDT', 'scalp', '2024-01-01', '2024-01-02', 'x', 'much', -1);
            """
        try await withEarlier(rows) { file in
            try await withCluster(replicas: 1) { cluster in
                try await cluster.start("BNBUSDT", "1s")
                let before = try await counts(cluster)

                let plan = try await importing(cluster, file, "--interval", "1m")
                #expect(plan.status == 65, "\(plan.output)")
                #expect(plan.output.contains("Nothing was changed"))
                #expect(try await counts(cluster) == before)

                let done = try await importing(cluster, file, "--interval", "1m", "--apply", "--json")
                #expect(done.status == 65, "\(done.output)")
                let report = try JSONValue(text: done.output)
                let outcomes = report["active"]?.array?.map {
                    "\($0["symbol"]?.string ?? "") \($0["outcome"]?.string ?? "")"
                }
                #expect(
                    outcomes == [
                        "BTCUSDT started", "ETHUSDT started", "SOLUSDT left_out", "NOSUCHUSDT wrong", "ADAUSDT wrong",
                        "XRPUSDT wrong", "BNBUSDT present",
                    ]
                )
                let reasons = report["active"]?.array?.map { $0["details"]?.text ?? "" } ?? []
                #expect(reasons[3].contains("strategy_type: ") && reasons[3].contains("symbol: "), "\(reasons[3])")
                #expect(reasons[4].contains("config: ") && reasons[4].contains("started_at: "), "\(reasons[4])")
                #expect(reasons[5].contains("fast_period"), "\(reasons[5])")
                #expect(report["history"]?["added"]?.integer == 2)
                let wrong = report["history"]?["wrong"]?.array ?? []
                #expect(wrong.compactMap { $0["row"]?.integer } == [4, 5])
                #expect(wrong.last?["details"]?.array?.count == 2)

                let bitcoin = try await cluster.strategy("BTCUSDT", "its first candle") {
                    ($0["candles"]?.integer ?? 0) > 0
                }
                #expect(bitcoin["started_at"]?.string == "2025-04-01T12:30:00.000Z")
                #expect(bitcoin["execution"]?.string == "paper" && bitcoin["interval"]?.string == "1s")
                #expect(bitcoin["config"]?["fast_period"]?.integer == 5)
                let ether = try await cluster.strategy("ETHUSDT", "paused") { $0["status"]?.string == "paused" }
                #expect(ether["started_at"]?.string == "2025-04-01T12:30:00.250Z" && ether["interval"]?.string == "1m")
                let history =
                    try await cluster.get("/api/live-strategy/history?symbol=BTCUSDT").body["items"]?.array ?? []
                #expect(history.compactMap { $0["pnl"]?.string } == ["-0.5", "12.3456789"])
                #expect(history.compactMap { $0["started_at"]?.string }.first == "2024-02-01T00:00:00.000Z")

                // Again: everything is there; and what has been stopped since is not started again.
                _ = try await cluster.stop("BTCUSDT", through: try #require(cluster.cluster.replicas.first))
                let after = try await counts(cluster)
                let again = try await importing(cluster, file, "--interval", "1m", "--apply")
                #expect(again.status == 65 && again.output.contains("0 added, 3 there already"), "\(again.output)")
                #expect(try await counts(cluster) == after)
            }
        }
    }

    @Test("a file that is none, is not there, or is something else is refused before anything is asked")
    func wrongFiles() async throws {
        var environment = ProcessEnvironment.current.filter { !$0.key.hasPrefix("TENURE_") }
        environment["TENURE_DATABASE_URL"] = "postgresql://127.0.0.1:1/x"
        func status(_ file: String) async throws -> Int32? {
            let result = try await ChildProcess.run(try builtExecutable(), ["import", file], environment: environment)
            return if case .exited(let code) = result.status { code } else { nil }
        }
        #expect(try await status("/nowhere/strategies.db") == 66)
        #expect(try await status("/etc/passwd") == 65)
        try await withEarlier("DROP TABLE strategy_history;") { file in
            let partial = try await status(file)
            #expect(partial == 65)
        }
    }

    private func importing(_ cluster: TestCluster, _ arguments: String...) async throws -> (
        status: Int32?, output: String
    ) {
        var environment = ProcessEnvironment.current.filter { !$0.key.hasPrefix("TENURE_") }
        environment["TENURE_DATABASE_URL"] = cluster.cluster.postgres.connectionString(database: "tenure")
        environment["TENURE_BINANCE_REST_URL"] = cluster.cluster.simulatorURL
        let (status, output) = try await ChildProcess.run(
            try builtExecutable(),
            ["import"] + arguments,
            environment: environment
        )
        return if case .exited(let code) = status { (code, output) } else { (nil, output) }
    }

    private func counts(_ cluster: TestCluster) async throws -> String {
        try await cluster.sql(
            """
            SELECT (SELECT count(*) FROM tenure.strategies) || ' ' || (SELECT count(*) FROM tenure.strategy_history)
                || ' ' || (SELECT last_value FROM tenure.strategies_id_seq)
            """
        )
    }

    /// A database of the earlier version, with these rows.
    private func withEarlier(_ rows: String, _ body: (String) async throws -> Void) async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-import")
        defer { TemporaryDirectory.remove(directory) }
        let file = "\(directory)/strategies.db"
        let program = "import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); d.executescript(sys.argv[2]); d.close()"
        try await ChildProcess.runSuccessfully("python3", ["-c", program, file, Self.schema + rows])
        try await body(file)
    }
}

extension JSONValue {
    fileprivate var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
}
