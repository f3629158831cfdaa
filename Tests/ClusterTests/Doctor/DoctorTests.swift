import FoundationEssentials
import LocalCluster
import TestSupport
import Testing
import Trading

/// `tenure doctor` where something is wrong, for real: it names it, and says what to do.
@Suite(.timeLimit(.minutes(5)))
struct DoctorTests {
    @Test("settings, ports, and the exchange with its keys and its clock")
    func surroundings() async throws {
        try await withCluster(replicas: 1) { cluster in
            let replica = try #require(cluster.cluster.replicas.first)
            let base = [
                "TENURE_DATABASE_URL": cluster.cluster.postgres.connectionString(database: "tenure"),
                "TENURE_BINANCE_REST_URL": cluster.cluster.simulatorURL, "TENURE_PORT": "0",
            ]
            let well = try await doctor(base)
            for check in [
                "settings", "port", "exchange.reachable", "exchange.clock", "exchange.account", "database.schema",
            ] {
                #expect(well[check]?.status == "ok", "\(check): \(well)")
            }
            // The test's server is not: its commits are fast instead.
            #expect(well["database.durability"]?.says("fsync", "full_page_writes", "ALTER SYSTEM") == true, "\(well)")

            let port = replica.url.split(separator: ":").last.map(String.init) ?? ""
            #expect(try await doctor(base, ["TENURE_PORT": port])["port"]?.status == "ok")
            let taken = try await doctor(base, ["TENURE_PORT": "\(cluster.cluster.postgres.port)"])
            #expect(taken["port"]?.says("TENURE_PORT") == true, "\(taken)")

            let lease = try await doctor(base, ["TENURE_LEASE_TTL": "1s"])
            #expect(lease["settings"]?.says("TENURE_LEASE_TTL", "three times") == true, "\(lease)")
            let short = try await doctor(base, ["TENURE_LEASE_TTL": "400ms", "TENURE_HEARTBEAT_INTERVAL": "100ms"])
            #expect(short["settings.lease"]?.status == "warning", "\(short)")
            let open = try await doctor(base, ["TENURE_HOST": "0.0.0.0"])
            #expect(open["settings"]?.says("TENURE_HOST", "tenure token create") == true, "\(open)")
            let misspelt = try await doctor(base, ["TENURE_CAPACTY": "5"])
            #expect(misspelt["settings"]?.says("TENURE_CAPACTY", "no such setting") == true, "\(misspelt)")

            let away = try await doctor(base, ["TENURE_BINANCE_REST_URL": "http://127.0.0.1:1"])
            #expect(away["exchange.reachable"]?.says("TENURE_BINANCE_REST_URL") == true, "\(away)")
            let ahead = try await doctor(
                base,
                ["LD_PRELOAD": try builtExecutable("libSkewedClock.so"), "SKEW_SECONDS": "5000"]
            )
            #expect(ahead["exchange.clock"]?.says("ahead of", "NTP") == true, "\(ahead)")
            func account(_ key: String, _ secret: String) async throws -> Answer? {
                let live = [
                    "TENURE_ALLOW_LIVE": "true", "TENURE_BINANCE_API_KEY": key, "TENURE_BINANCE_API_SECRET": secret,
                ]
                return try await doctor(base, live)["exchange.account"]
            }
            let reader = #"{"api_key":"reader","api_secret":"secret","permissions":["USER_DATA"]}"#
            try await cluster.askSimulator("/sim/accounts", reader)
            #expect(try await account("reader", "secret")?.says("may not trade", "Enable spot trading") == true)
            #expect(try await account("simulator-key", "simulator-secret")?.status == "ok")
            #expect(try await account("simulator-key", "wrong")?.says("TENURE_BINANCE_API_SECRET") == true)
            #expect(try await account("another-key", "simulator-secret")?.says("TENURE_BINANCE_API_KEY") == true)
        }
    }

    @Test(
        "the database: not there, not let in, not direct, not ours, not durable, not enough",
        .enabled(if: Bouncer.isInstalled)
    )
    func database() async throws {
        try await withPrivateServer { server in
            let direct = server.connectionString()
            func examine(_ url: String, _ other: [String: String] = [:]) async throws -> [String: Answer] {
                // No exchange: that it does not answer is another matter.
                let base = ["TENURE_BINANCE_REST_URL": "http://127.0.0.1:1", "TENURE_PORT": "0"]
                return try await doctor(base.merging(other) { $1 }, ["TENURE_DATABASE_URL": url])
            }
            let well = try await examine(direct)
            for (check, answer) in well where check.hasPrefix("database.") && check != "database.schema" {
                #expect(answer.status == "ok", "\(check): \(answer)")
            }
            #expect(well.count { $0.key.hasPrefix("database.") } == 8, "\(well.keys.sorted())")
            #expect(
                well["database.schema"]?.status == "warning" && well["database.schema"]?.says("tenure migrate") == true
            )

            let none = try await doctor(["TENURE_PORT": "0", "TENURE_BINANCE_REST_URL": "http://127.0.0.1:1"])
            #expect(none["settings"]?.says("TENURE_DATABASE_URL") == true, "\(none)")
            let refused = try await examine("postgresql://tenure@127.0.0.1:1/tenure")
            #expect(refused["database.session"]?.says("Is PostgreSQL running") == true, "\(refused)")
            let nameless = try await examine(server.connectionString(database: "nowhere"))
            #expect(nameless["database.session"]?.says("CREATE DATABASE") == true, "\(nameless)")
            let nobody = try await examine(server.connectionString(user: "nobody"))
            #expect(nobody["database.session"]?.says("user name") == true, "\(nobody)")

            _ = try await server.query("CREATE ROLE other LOGIN")
            let other = server.connectionString(user: "other")
            let foreign = try await examine(other)
            #expect(foreign["database.rights"]?.says("GRANT CREATE") == true, "\(foreign)")
            let twoRoles = try await examine(other, ["TENURE_SESSION_DATABASE_URL": direct])
            #expect(twoRoles["database.signal"]?.says("pg_signal_backend") == true, "\(twoRoles)")
            let two = try await examine(
                direct,
                ["TENURE_SESSION_DATABASE_URL": server.connectionString(database: "postgres")]
            )
            #expect(two["database.statements"]?.says("two databases") == true, "\(two)")

            try await Bouncer.run(before: server) { pooled in
                let session = try await examine(pooled)
                #expect(session["database.session"]?.says("TENURE_SESSION_DATABASE_URL") == true, "\(session)")
                let both = try await examine(pooled, ["TENURE_SESSION_DATABASE_URL": direct])
                #expect(both["database.session"]?.status == "ok", "\(both)")
                #expect(both["database.statements"]?.status == "ok", "\(both)")
            }

            _ = try await server.query("ALTER ROLE tenure SET synchronous_commit = off")
            _ = try await server.query("ALTER ROLE tenure CONNECTION LIMIT 12")
            let weak = try await examine(direct)
            #expect(weak["database.durability"]?.says("synchronous_commit") == true, "\(weak)")
            #expect(weak["database.connections"]?.says("12 connections", "CONNECTION LIMIT") == true, "\(weak)")

            _ = try await server.query("ALTER ROLE tenure PASSWORD 'right'")
            let rules = "\(server.configuration.dataDirectory)/pg_hba.conf"
            let old = try String(contentsOfFile: rules, encoding: .utf8)
            // In place, so that it stays the server's.
            try ("host all tenure all scram-sha-256\n" + old).write(toFile: rules, atomically: false, encoding: .utf8)
            _ = try await server.query("SELECT pg_reload_conf()")
            try await eventually("a password is asked for") {
                try await examine(direct)["database.session"]?.says("password") == true
            }
            let wrong = try await examine(direct.replacing("tenure@", with: "tenure:wrong@"))
            #expect(wrong["database.session"]?.says("the password in the connection string") == true, "\(wrong)")
            #expect(
                try await examine(direct.replacing("tenure@", with: "tenure:right@"))["database.session"]?.status
                    == "ok"
            )
        }
    }

    private struct Answer: CustomStringConvertible {
        let status: String
        let message: String
        let advice: String

        /// Whether something is wrong or doubtful, and all of this is said of it.
        func says(_ words: String...) -> Bool { status != "ok" && words.allSatisfy { description.contains($0) } }

        var description: String { "\(status): \(message) → \(advice)" }
    }

    /// What it finds with these settings and no others, by check.
    private func doctor(_ settings: [String: String], _ others: [String: String] = [:]) async throws -> [String: Answer]
    {
        var environment = ProcessEnvironment.current.filter { !$0.key.hasPrefix("TENURE_") && !$0.key.hasPrefix("PG") }
        environment.merge(settings) { $1 }
        environment.merge(others) { $1 }
        let (status, output) = try await ChildProcess.run(
            try builtExecutable(),
            ["doctor", "--json"],
            environment: environment
        )
        let report = try JSONValue(text: output)
        guard case .array(let findings)? = report["findings"] else { return [:] }
        var answers: [String: Answer] = [:]
        for finding in findings {
            let answer = Answer(
                status: finding["status"]?.string ?? "",
                message: finding["message"]?.string ?? "",
                advice: finding["advice"]?.string ?? ""
            )
            answers[finding["check"]?.string ?? ""] = answer
        }
        let isWrong = answers.values.contains { $0.status == "error" }
        #expect(status == .exited(isWrong ? 1 : 0), "\(output)")
        return answers
    }
}
