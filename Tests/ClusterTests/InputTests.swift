import LocalCluster
import TestSupport
import Testing
import Trading

/// Whatever is sent, the answer says what to do, and nothing is half done.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct InputTests {
    @Test("bad input is answered with a problem that names the field, never with a 500")
    func badInput() async throws {
        try await withCluster(environment: ["TENURE_ALLOW_LIVE": "false"]) { cluster in
            try await cluster.start("BTCUSDT", "1s")
            let start = "/api/live-strategy/start"
            let cases: [(body: String, status: Int, field: String?)] = [
                (#"{"symbol":"ETHUSDT","mode":"nonsense","interval":"1s"}"#, 422, "mode"),
                (#"{"symbol":"ETHUSDT","mode":"scalp","interval":"7s"}"#, 422, "interval"),
                (#"{"symbol":"NOSUCHCOIN","mode":"scalp","interval":"1s"}"#, 422, "symbol"),
                (#"{"symbol":"?!","mode":"scalp","interval":"1s"}"#, 422, "symbol"),
                (#"{"symbol":5,"mode":"scalp","interval":"1s"}"#, 422, "symbol"),
                (#"{"mode":"scalp","interval":"1s"}"#, 422, "symbol"),
                (#"{"symbol":"ETHUSDT","mode":"scalp","interval":"1s","color":"red"}"#, 422, "color"),
                (#"{"symbol":"ETHUSDT","mode":"scalp","interval":"1s","execution":"live"}"#, 422, "execution"),
                (#"{"symbol":"ETHUSDT","mode":"scalp","interval":"1s","exchange":"mtgox"}"#, 422, "exchange"),
                (
                    #"{"symbol":"ETHUSDT","mode":"scalp","interval":"1s","config":{"fast_period":-1}}"#, 422,
                    "config.fast_period"
                ),
                (#"{"symbol":"ETHUSDT""#, 400, nil),
                ("", 400, nil),
                ("[]", 422, nil),
                (#"{"symbol":"BTCUSDT","mode":"scalp","interval":"1s"}"#, 409, nil),
                (#"{"symbol":"\#(String(repeating: "A", count: 2 << 20))"}"#, 413, nil),
            ]
            for (body, status, field) in cases {
                let answer = try await cluster.post(start, body)
                let name = String(body.prefix(90))
                #expect(answer.status == status, "\(name): \(answer.body.text)")
                #expect(answer.contentType?.hasPrefix("application/problem+json") == true, "\(name)")
                #expect(answer["detail"]?.string?.isEmpty == false, "\(name)")
                if let field {
                    guard case .array(let errors)? = answer["errors"] else {
                        Issue.record("\(name): no errors in \(answer.body.text)")
                        continue
                    }
                    #expect(errors.contains { $0["field"]?.string == field }, "\(name): \(answer.body.text)")
                }
            }
            #expect(try await cluster.get("/api/nothing").status == 404)
            #expect(try await cluster.get("/api/live-strategy/stop").status == 405)
            #expect(try await cluster.post("/api/live-strategy/stop", #"{"symbol":"ETHUSDT"}"#).status == 404)
            // Nothing came of any of it.
            #expect(try await cluster.sql("SELECT string_agg(symbol, ',') FROM tenure.active_strategies") == "BTCUSDT")
        }
    }

    @Test("without its database a replica says so, is alive, takes no traffic, and starts once the database is there")
    func databaseUnreachable() async throws {
        let directory = "/tmp/tenure-cluster-\(UInt32.random(in: .min ... .max))"
        let postgres = try PostgresServer(
            PostgresServerConfiguration(
                dataDirectory: "\(directory)/postgres",
                port: LoopbackPort.free(),
                isDurable: false
            )
        )
        let port = try LoopbackPort.free()
        let output = OutputLines()
        let replica = try ChildProcess(
            ChildProcessConfiguration(
                program: try builtExecutable(),
                arguments: ["serve"],
                environment: ProcessEnvironment.current.filter { !$0.key.hasPrefix("TENURE_") }.merging([
                    "TENURE_DATABASE_URL": postgres.connectionString(), "TENURE_PORT": "\(port)",
                ]) { $1 },
                output: .lines { output.append($0) }
            )
        )
        do {
            _ = try await output.first(containing: "The database cannot be reached; trying again")
            try await eventually("an answer") { try await HTTPProbe.status(port: port, path: "/healthz") == 200 }
            #expect(try await HTTPProbe.status(port: port, path: "/readyz", within: .seconds(60)) == 503)
            #expect(
                try await HTTPProbe.status(port: port, path: "/api/live-strategy/status", within: .seconds(60)) == 503
            )

            try await postgres.start()
            _ = try await output.first(containing: "Joined as replica 1")
            try await eventually("readiness") { try await HTTPProbe.status(port: port, path: "/readyz") == 200 }
        } catch {
            print(output.recent.joined(separator: "\n"))
            replica.signal(.kill)
            await postgres.close(.immediate)
            throw error
        }
        replica.signal(.terminate)
        #expect(try await replica.waitForExit() == .exited(0))
        await postgres.close(.immediate)
    }
}
