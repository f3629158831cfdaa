import LocalCluster
import TestSupport
import Testing
import Trading

/// A strategy's life by commands alone.
@Suite("Commands", .timeLimit(.minutes(5)))
struct CommandTests {
    @Test("a strategy is started, looked at, paused, resumed and stopped")
    func life() async throws {
        try await withCluster(replicas: 2) { cluster in
            let started = try await cluster.command(
                "start",
                "BTCUSDT",
                "--mode",
                "scalp",
                "--interval",
                "1s",
                "--set",
                "fast_period=5"
            )
            #expect(started.status == 0, "\(started.output)")
            #expect(started.output.hasPrefix("Started strategy ") || started.output.hasPrefix("Recorded as strategy "))
            let strategy = try await cluster.strategy("BTCUSDT", "its first candle") {
                ($0["candles"]?.integer ?? 0) > 0
            }
            #expect(strategy["config"]?["fast_period"]?.integer == 5)
            let id = try #require(strategy["id"]?.integer)

            let twice = try await cluster.command("start", "BTCUSDT", "--mode", "scalp", "--interval", "1s")
            #expect(twice.status == 1 && twice.output.contains("BTCUSDT"), "\(twice.output)")
            let wrong = try await cluster.command(
                "start",
                "ETHUSDT",
                "--mode",
                "scalp",
                "--interval",
                "7s",
                "--set",
                "nonsense=1"
            )
            #expect(wrong.status == 1, "\(wrong.output)")
            #expect(wrong.output.contains("interval: ") && wrong.output.contains("nonsense"), "\(wrong.output)")

            let paused = try await cluster.command("pause", "BTCUSDT")
            #expect(paused.output.split(separator: "\n") == ["BTCUSDT is paused"], "\(paused.output)")
            #expect(try await cluster.command("resume", "BTCUSDT").status == 0)
            #expect(try await cluster.command("resume", "ETHUSDT").status == 1)

            let stopped = try await cluster.command("stop", "BTCUSDT", "--reason", "done here")
            #expect(stopped.status == 0, "\(stopped.output)")
            try await eventually("its end") { try await cluster.strategy("BTCUSDT") == nil }
            let history = try await cluster.command("history", "BTCUSDT")
            #expect(history.output.contains("done here"), "\(history.output)")
            let orders = try await cluster.command("orders", "\(id)", "--limit", "5")
            #expect(orders.status == 0 && orders.output.hasPrefix("AT "), "\(orders.output)")

            let events = try await cluster.command("events", "\(id)")
            let kinds = events.output.split(separator: "\n").compactMap { $0.split(separator: " ").dropFirst().first }
            #expect(kinds.first == "started" && kinds.last == "stopped", "\(events.output)")
            #expect(kinds.contains("paused") && kinds.contains("stop_requested"))
            let all = try JSONValue(text: try await cluster.command("events", "--json", "--limit", "500").output)
            guard case .array(let items)? = all["items"] else { throw UnexpectedOutput(output: all.text) }
            #expect(items.count >= kinds.count)
            // Nobody is asked for a token here, so nothing has a name.
            let audit = try await cluster.command("audit", "--symbol", "BTCUSDT")
            #expect(audit.status == 0 && audit.output.hasPrefix("AT "), "\(audit.output)")
        }
    }

    @Test("what needs no cluster prints JSON for programs, too")
    func json() async throws {
        func run(_ arguments: String..., database: String = "") async throws -> JSONValue {
            var environment = ProcessEnvironment.current.filter { !$0.key.hasPrefix("TENURE_") }
            environment["TENURE_DATABASE_URL"] = database
            let (_, output) = try await ChildProcess.run(
                try builtExecutable(),
                arguments + ["--json"],
                environment: environment
            )
            // Besides, the log may say something on standard error.
            let line = output.split(separator: "\n").first { $0.hasPrefix("{") }
            return try JSONValue(text: String(line ?? ""))
        }
        let token = try await run("token", "create", "--role", "viewer", "--name", "alice")
        #expect(token["token"]?.string?.hasPrefix("tenure_") == true)
        #expect(token["entry"]?.string?.hasPrefix("alice:viewer:") == true)
        try await withTestDatabase(migrated: false) { url in
            let before = try await run("migrate", "--check", database: url)
            #expect(before["up_to_date"] == .bool(false) && before["version"]?.integer == 0, "\(before.text)")
            let done = try await run("migrate", database: url)
            #expect(done["up_to_date"] == .bool(true) && done["from_version"]?.integer == 0, "\(done.text)")
            let after = try await run("migrate", "--check", database: url)
            #expect(after["up_to_date"] == .bool(true) && after["version"] == after["latest_version"], "\(after.text)")
            #expect(after["version"] == done["version"])
        }
    }
}

private struct UnexpectedOutput: Error {
    let output: String
}
