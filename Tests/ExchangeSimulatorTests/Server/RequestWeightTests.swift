import Testing

@testable import ExchangeSimulator

@Suite("Request weight", .timeLimit(.minutes(5)))
struct RequestWeightTests {
    @Test("is counted for each address and minute, and refused beyond the limit until the minute is over")
    func isCounted() {
        var limiter = RequestWeightLimiter(limit: 10)
        #expect(limiter.spend(6, address: "a", at: .seconds(1)) == .allowed(used: 6))
        #expect(limiter.spend(4, address: "a", at: .seconds(59)) == .allowed(used: 10))
        #expect(limiter.spend(1, address: "a", at: .milliseconds(59_500)) == .refused(used: 11, retryAfter: 1))
        #expect(limiter.spend(10, address: "b", at: .milliseconds(59_500)) == .allowed(used: 10))
        #expect(limiter.spend(3, address: "a", at: .seconds(60)) == .allowed(used: 3))
        #expect(limiter.spend(8, address: "a", at: .seconds(75)) == .refused(used: 11, retryAfter: 45))
    }

    @Test("that is spent on and on in spite of refusals leads to a ban, which ends")
    func isBanned() {
        var limiter = RequestWeightLimiter(limit: 1)
        _ = limiter.spend(1, address: "a", at: .zero)
        for count in 0..<10 {
            #expect(limiter.spend(1, address: "a", at: .seconds(1)) == .refused(used: 2 + count, retryAfter: 59))
        }
        #expect(limiter.spend(1, address: "a", at: .seconds(1)) == .banned(used: 12, retryAfter: 120))
        #expect(limiter.spend(1, address: "a", at: .seconds(61)) == .banned(used: 0, retryAfter: 60))
        #expect(limiter.spend(1, address: "b", at: .seconds(61)) == .allowed(used: 1))
        #expect(limiter.spend(1, address: "a", at: .seconds(121)) == .allowed(used: 1))
    }

    @Test("is told in headers, and its refusal has Binance's statuses, code and Retry-After")
    func isTold() async throws {
        try await withSimulator(SimulatorConfiguration(weightLimit: 30)) { simulator in
            let klines = "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1"
            var used: [String?] = []
            for target in ["/api/v3/ping", klines, "/api/v3/exchangeInfo?symbol=BTCUSDT", "/api/v3/ticker/price"] {
                let answer = try await simulator.get(target)
                #expect(
                    answer.header("X-MBX-USED-WEIGHT")
                        == answer.header("x-mbx-used-weight-1m")
                )
                used.append(answer.header("X-MBX-USED-WEIGHT-1M"))
            }
            #expect(used == ["1", "3", "23", "27"])
            #expect(try await simulator.get("/api/v3/nothing").header("X-MBX-USED-WEIGHT-1M") == "28")
            _ = try await simulator.get(klines)
            for _ in 0..<10 {
                let refused = try await simulator.get(klines)
                #expect(refused.status == 429 && refused.body["code"].integer == -1003)
                let seconds = try #require(refused.header("Retry-After").flatMap { Int($0) })
                #expect((1...60).contains(seconds))
            }
            let banned = try await simulator.get(klines)
            #expect(banned.status == 418 && banned.body["code"].integer == -1003)
            #expect(banned.header("Retry-After") == "120")
            #expect(try await simulator.get("/sim/status").status == 200)
        }
    }
}
