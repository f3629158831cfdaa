import FoundationEssentials
import LocalCluster
import TestSupport
import Testing

private let python = PythonEnvironment(
    name: "browser",
    packages: ["playwright==1.65.2", "axe-playwright-python==0.1.8"]
)

/// Chromium, as Debian or somebody else installed it.
private let browser: String? = ["chromium", "chromium-browser", "google-chrome"].lazy
    .flatMap { name in
        (ProcessEnvironment.current["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
    }
    .first { FileManager.default.isExecutableFile(atPath: $0) }

/// The dashboard as people use it: in a browser.
@Suite(
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: browser != nil, "Chromium is not installed: apt-get install chromium"),
    .enabled("\(python.isMissing)") { try await python.canBeHad }
)
struct DashboardTests {
    @Test("a strategy is started, watched, moved, paused, stopped and found again; nothing that is shown is run")
    func dashboard() async throws {
        // Two tokens, and what is configured of them: the SHA-256 of each.
        let operatorToken = "tenure_06e55b633481f7bb072957eabcf110c972e86691c3cfedabe088024bffe42f23"
        let guestToken = "tenure_84983c60f7daadc1cb8698621f802c0d9f9a3c3c295c810748fb048115c186ec"
        let tokens = """
            operator:admin:7f1aba08d94e741c1f83c830c66caea43bd22f697828365405c9f2420be071ba
            guest:viewer:99e241582e8d542ef52eb3ef907cd41678d177a2f6390fedbfae4b9c35c37e11
            """
        try await withCluster(environment: ["TENURE_API_TOKENS": tokens]) { cluster in
            try await cluster.makeEvil()
            try await run(
                "dashboard.py",
                on: cluster,
                environment: [
                    "OPERATOR_TOKEN": operatorToken, "GUEST_TOKEN": guestToken,
                    "REPLICAS": cluster.cluster.replicas.map { "\($0.name)=\($0.url)" }.joined(separator: " "),
                ]
            )
        }
    }

    @Test("10,000 strategies are shown quickly, with true totals; a day of events and candles leaves nothing behind")
    func ordinary() async throws {
        // One replica: nobody takes the strategies over, which only stand in the database.
        try await withCluster(replicas: 1) { cluster in
            try await cluster.makeMany()
            try await run(
                "ordinary.py",
                on: cluster,
                environment: [
                    "TOTALS": try await cluster.totals(), "DATABASE": cluster.database.connectionString(),
                    "PSQL": try await PostgresInstallation.find().binaries + "/psql",
                ]
            )
        }
    }

    private func run(_ program: String, on cluster: TestCluster, environment: [String: String]) async throws {
        let screenshots = "\(PythonEnvironment.packageRoot)/.build/screenshots"
        try FileManager.default.createDirectory(atPath: screenshots, withIntermediateDirectories: true)
        let (isSuccess, output) = try await python.run(
            "Tests/ClusterTests/Dashboard/Programs/\(program)",
            [cluster.cluster.url, screenshots, try #require(browser)],
            environment: environment
        )
        print(output)
        #expect(isSuccess, "\(output)")
    }
}

extension TestCluster {
    /// A strategy that has failed, with markup wherever text can come from outside.
    fileprivate func makeEvil() async throws {
        let markup = #"<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>"#
        _ = try await sql(
            """
            WITH evil AS (
                INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config, shard, start_epoch,
                    phase, last_error)
                SELECT 'EVILUSDT', 'binance', '\(markup)', '1m', 'paper', jsonb_build_object('fast_period', '\(markup)'), 0,
                    epoch, 'failed', 'refused: \(markup)'
                FROM tenure.shards WHERE id = 0
                RETURNING id
            ), counted AS (
                UPDATE tenure.shards SET strategies = strategies + 1 WHERE id = 0
            ), reached AS (
                INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8, last_price_e8,
                    pnl_e8, fees_e8, trades_count, limit_reached, limit_reason)
                SELECT id, 1700000000000, 1, '{}', 100000000, 100000000, 200000000, 0, 0, 1, 'daily_loss', '\(markup)' FROM evil
            ), ordered AS (
                INSERT INTO tenure.orders (client_order_id, strategy_id, exchange, symbol, execution, side, effect, quantity_e8,
                    reason, status, status_reason, decided_on_ms, shard, epoch)
                SELECT '\(markup)', id, 'binance', 'EVILUSDT', 'paper', 'buy', 'entry', 1, '\(markup)', 'rejected',
                    '\(markup)', 1700000000000, 0, 1 FROM evil
            )
            INSERT INTO tenure.events (kind, strategy_id, details)
            SELECT 'failed', id, jsonb_build_object('symbol', 'EVILUSDT', 'error', '\(markup)') FROM evil
            UNION ALL SELECT '\(markup)', id, jsonb_build_object('name', '\(markup)') FROM evil
            UNION ALL SELECT 'changed', id, jsonb_build_object('symbol', 'EVILUSDT', 'by', '\(markup)', 'changes', jsonb_build_object(
                'config', jsonb_build_object('\(markup)', jsonb_build_object('from', '\(markup)', 'to', NULL)))) FROM evil
            UNION ALL SELECT 'close_requested', id, jsonb_build_object('symbol', 'EVILUSDT', 'reason', '\(markup)') FROM evil
            """
        )
    }
}
