import HTTPTypes
import HummingbirdTesting
import Testing

@testable import HTTPAPI

@Suite("Limits of rates", .timeLimit(.minutes(5)))
struct RateLimitTests {
    @Test("a bucket gives a burst, then an even rate, to each name its own, and fills again")
    func buckets() {
        var buckets = RateBuckets(perSecond: 10, burst: 5)
        let start = ContinuousClock.now
        for _ in 0..<5 { #expect(buckets.take(by: "a", at: start) == nil) }
        #expect(buckets.take(by: "a", at: start) == .milliseconds(100))
        #expect(buckets.take(by: "b", at: start) == nil)
        // What is refused costs nothing.
        #expect(buckets.take(by: "a", at: start + .milliseconds(99)) == .milliseconds(1))
        #expect(buckets.take(by: "a", at: start + .milliseconds(100)) == nil)
        #expect(buckets.take(by: "a", at: start + .milliseconds(100)) == .milliseconds(100))
        #expect(buckets.take(5, by: "a", at: start + .seconds(60)) == nil)
        #expect(buckets.take(by: "a", at: start + .seconds(60)) == .milliseconds(100))
    }

    @Test("however many names there are, what is kept of them is bounded")
    func bounded() {
        var buckets = RateBuckets(perSecond: 1, burst: 5)
        let start = ContinuousClock.now
        for number in 0..<(RateBuckets.most + 10) { _ = buckets.take(by: "\(number)", at: start) }
        #expect(buckets.count <= RateBuckets.most)
    }

    @Test(
        "who asks too often is told when to come back; others, with tokens of their own, notice nothing; nor do probes"
    )
    func overHTTP() async throws {
        let made = ["a", "b"].map { AccessToken.make(name: $0, role: .viewer, expires: nil) }
        let access = AccessControl(try AccessTokens(made.map(\.entry).joined(separator: "\n")))
        try await APIFixture.with(owned: false, setup: .live, access: access) {
            // One in a quarter of an hour, five at once.
            $0.rateLimit = 1
            $0.trustedProxies = ["127.0.0.1", "::1"]
        } _: { api in
            func ask(_ headers: HTTPFields, _ path: String = "/api/session") async throws -> TestResponse {
                try await api.get(path, headers: headers)
            }
            let (first, second) = ("Bearer \(made[0].token)", "Bearer \(made[1].token)")
            var refused: TestResponse?
            for _ in 0..<50 where refused == nil {
                let answer = try await ask([.authorization: first])
                if answer.status != .ok { refused = answer }
            }
            let answer = try #require(refused)
            _ = try answer.problem(.tooManyRequests, "too-many-requests")
            #expect(answer.headers[.retryAfter].flatMap { Int($0) }.map { (1...6).contains($0) } == true)
            #expect(try await ask([.authorization: second]).status == .ok)
            for _ in 0..<20 { #expect(try await ask([:], "/healthz").status == .ok) }

            // Each wrong token counts as more than there is.
            #expect(try await ask([.authorization: "Bearer wrong"]).status == .tooManyRequests)
            // By address, which a proxy says.
            let other = HTTPField.Name("X-Forwarded-For")!
            var pages: [HTTPResponse.Status] = []
            for _ in 0..<20 { pages.append(try await ask([other: "203.0.113.9, 198.51.100.1"], "/api").status) }
            #expect(pages.first == .ok)
            #expect(pages.contains(.tooManyRequests))
            #expect(try await ask([other: "203.0.113.9, 198.51.100.2"], "/api").status == .ok)
        }
    }
}
