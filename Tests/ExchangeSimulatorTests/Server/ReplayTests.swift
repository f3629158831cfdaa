import ExchangeSimulator
import FoundationEssentials
import Logging
import Testing
import Trading

@Suite("Replaying recordings", .timeLimit(.minutes(5)))
struct ReplayTests {
    private static let minute: Int64 = 60_000

    /// A folder that is removed afterwards, with recordings in it.
    private static func withFiles(
        _ files: [String: String],
        _ body: ([String]) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "recordings-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var paths: [String] = []
        for (name, text) in files.sorted(by: { $0.key < $1.key }) {
            let file = folder.appending(path: name)
            try Data(text.utf8).write(to: file)
            paths.append(file.path)
        }
        try await body(paths)
    }

    private static func text(minutes: [Int64]) -> String {
        "open_time,open,high,low,close,volume\n"
            + minutes.map { "\($0 * minute),\(100 + $0),\(200 + $0),\(50 + $0).5,\(101 + $0),\(10 + $0)\n" }.joined()
    }

    @Test("goes from close to close in steps, over a gap, until the end, where it stands still")
    func steps() async throws {
        try await Self.withFiles(["ETHUSDT-1m.csv": Self.text(minutes: [0, 1, 2, 5, 6])]) { files in
            let configuration = SimulatorConfiguration(replayFiles: files, steps: true, history: 2)
            try await withSimulator(configuration) { simulator in
                let socket = try await simulator.webSocket("/ws/ethusdt@kline_1m")
                #expect(try await simulator.get("/api/v3/time").body["serverTime"].integer == 2 * Self.minute)
                let before = try await simulator.get("/api/v3/klines?symbol=ETHUSDT&interval=1m").body.elements
                #expect(before.map { $0[4].decimal } == ["101", "102", "102"])

                var times: [Int64?] = []
                var ended = false
                while !ended {
                    let answer = try await simulator.post("/sim/advance", #"{"candles": 1}"#).body
                    times.append(answer["market_time"].integer.map { $0 / Self.minute })
                    ended = try #require(answer["ended"].bool as Bool?)
                }
                #expect(times == [3, 6, 7])
                var told: [String] = []
                for _ in 0..<5 {
                    let candle = try await socket.nextJSON()["k"]
                    let (open, close) = (candle["o"].decimal?.description ?? "", candle["c"].decimal?.description ?? "")
                    told.append("\(open)-\(close)\(candle["x"].bool == true ? " final" : "")")
                }
                #expect(told == ["102-103 final", "105-105", "105-106 final", "106-106", "106-107 final"])
                let after = try await simulator.post("/sim/advance").body
                #expect(after["market_time"].integer == 7 * Self.minute && after["advanced"].integer == 0)

                let all = try await simulator.get("/api/v3/klines?symbol=ETHUSDT&interval=1m").body.elements
                #expect(all.map { ($0[0].integer ?? 0) / Self.minute } == [0, 1, 2, 5, 6])
                #expect(try await simulator.get("/api/v3/klines?symbol=ETHUSDT&interval=3m").status == 200)
                let finer = try await simulator.get("/api/v3/klines?symbol=ETHUSDT&interval=1s")
                #expect(finer.status == 400 && finer.body["code"].integer == -1120)
                #expect(
                    try await simulator.get("/api/v3/klines?symbol=BTCUSDT&interval=1m").body["code"].integer == -1121
                )
                let status = try await simulator.get("/sim/status").body
                #expect(status["market"].string == "replay" && status["ended"].bool == true)
                try await socket.close()
            }
        }
    }

    @Test("at high speed tells every candle once, in order, of several recordings")
    func speed() async throws {
        // A hundred minutes of market time in a second, and enough of them that the recording cannot end before the
        // test.
        let text = Self.text(minutes: Array(0..<6_000))
        try await Self.withFiles(["ETHUSDT-1m.csv": text, "BTCUSDT-1m.csv": text]) { files in
            let configuration = SimulatorConfiguration(replayFiles: files, speed: 6_000, history: 100)
            try await withSimulator(configuration) { simulator in
                let socket = try await simulator.webSocket(
                    "/stream?streams=ethusdt@kline_1m/btcusdt@kline_1m/ethusdt@kline_5m"
                )
                var finals: [String: [Int64]] = [:]
                var time: Int64 = 0
                while finals["ethusdt@kline_5m", default: []].count < 10 {
                    let event = try await socket.nextJSON()
                    let (moment, stream) = (event["data"]["E"].integer ?? 0, event["stream"].string ?? "")
                    #expect(moment >= time)
                    time = moment
                    if event["data"]["k"]["x"].bool == true {
                        finals[stream, default: []].append(event["data"]["k"]["t"].integer ?? 0)
                    }
                }
                for (stream, step) in [
                    ("ethusdt@kline_1m", Int64(1)), ("btcusdt@kline_1m", 1), ("ethusdt@kline_5m", 5),
                ] {
                    let opens = try #require(finals[stream])
                    let steps = zip(opens, opens.dropFirst()).map { $1 - $0 }
                    #expect(steps.allSatisfy { $0 == step * Self.minute } && opens.count >= 10, "\(stream): \(opens)")
                }
                try await socket.close()
            }
        }
    }

    @Test("is refused at the start if a recording is malformed or settings make no sense")
    func refusals() async throws {
        let logger = Logger(label: "simulator", factory: { _ in SwiftLogNoOpLogHandler() })
        try await Self.withFiles(["ETHUSDT-1m.csv": Self.text(minutes: [0, 1, 2]) + "180000,1,2\n"]) { files in
            let error = #expect(throws: SimulatorError.self) {
                try SimulatorServer(configuration: SimulatorConfiguration(replayFiles: files), logger: logger)
            }
            #expect(
                error?.message
                    == "\(files[0]), line 5: has 3 fields instead of 6 (open_time,open,high,low,close,volume)"
            )
        }
        for configuration in [
            SimulatorConfiguration(port: 70_000), SimulatorConfiguration(speed: 0),
            SimulatorConfiguration(speed: .infinity),
            SimulatorConfiguration(history: 0), SimulatorConfiguration(weightLimit: 0),
        ] {
            let error = #expect(throws: SimulatorError.self) {
                try SimulatorServer(configuration: configuration, logger: logger)
            }
            #expect(error?.code == .invalidSetting)
        }
    }
}
