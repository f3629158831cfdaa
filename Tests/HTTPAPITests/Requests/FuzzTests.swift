import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import TestSupport
import Testing
import Trading

@testable import HTTPAPI

/// Whatever is sent: no crash, no hang, and nothing but problems.
@Suite("Requests that are nearly right", .timeLimit(.minutes(60)))
struct FuzzTests {
    private static let bodies = [
        #"{"symbol":"BTCUSDT","mode":"scalp","interval":"1m","exchange":"binance","execution":"paper","config":{"fast":"5"}}"#,
        #"{"symbol": "btcusdt", "reason": "because \u00e9 \ud83e\udd84 \n", "positions": "close", "exchange": null}"#,
        #"{"token": "tenure_0123456789abcdef"}"#, #"[1, -2.5, 1e3, 0.00000001, true, false, null, "", {}, []]"#,
        #"{"a":{"a":{"a":{"a":[[[[[[[[1]]]]]]]]}}}}"#, "123456789012345678901234567890.12345678",
    ]

    @Test("a body is refused, or read as another parser reads it", arguments: [1, 2] as [UInt64])
    func bodies(seed: UInt64) throws {
        var (mutator, accepted) = (Mutator(Self.bodies, seed: seed), 0)
        for _ in 0..<Mutator.cases() {
            let bytes = mutator.next()
            guard let value = try? JSONValue(bytes: bytes) else { continue }
            accepted += 1
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)) == value, "\(text)")
            #expect(throws: Never.self, "\(text)") {
                for read in Self.readers {
                    do { try read(value) } catch let problem as Problem { #expect(problem.status.code == 422) }
                }
            }
        }
        // Otherwise nothing was tried but the first lines.
        #expect(accepted > 100)
    }

    private static let readers: [@Sendable (JSONValue) throws -> Void] = [
        { _ = try StartRequest.parse($0, defaultExchange: "binance", defaultLimits: .none) },
        { _ = try StopRequest($0, defaultExchange: "binance") },
        { _ = try MarketRequest($0, defaultExchange: "binance") },
    ]

    @Test("a query is refused, or read")
    func queries() throws {
        let corpus = [
            "symbol=BTCUSDT&exchange=binance&status=running&limit=10&cursor=\(Cursor(.active, id: 42).text)",
            "since=2026-01-31T12:00:00Z&until=2026-01-31T12%3A00%3A00.123%2B05%3A30&mode=scalp&descending=true&offset=3",
            "strategy=7&last_event_id=0&kinds=started,stopped&search=%F0%9F%A6%84+a&sort=pnl",
            "cursor=\(Cursor.ofOwnership.text)", "cursor=\(Cursor.ofOrders.text)", "cursor=\(Cursor.ofFills.text)",
        ]
        let known = [
            "symbol", "exchange", "status", "limit", "cursor", "since", "until", "mode", "descending", "offset",
            "strategy",
            "last_event_id", "kinds", "search", "sort",
        ]
        var (mutator, accepted) = (Mutator(corpus, seed: 3), 0)
        for _ in 0..<Mutator.cases() {
            let text = mutator.nextText()
            let head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/x?\(text)")
            var query = QueryParameters(Request(head: head, body: RequestBody(buffer: ByteBuffer())), known: known)
            _ = (
                query.symbol(), query.exchange(), query.choice("status", AccessRole.self), query.limit(), query.offset()
            )
            _ = (query.moment("since"), query.moment("until"), query.text("mode"), query.boolean("descending"))
            _ = (query.id("strategy"), query.position("last_event_id", header: nil), query.names("kinds"))
            _ = (query.cursor(of: .active) { $0.id }, query.cursor(of: .orders) { $0.order })
            _ = (query.cursor(of: .fills) { $0.fill }, query.cursor(of: .ownership) { $0.ownership })
            do {
                try query.finish()
                accepted += 1
            } catch { #expect((error as? Problem)?.status == .badRequest) }
        }
        #expect(accepted > 0)
    }

    @Test("a file of tokens is refused, or read; and so are headers")
    func tokens() {
        let entry = AccessToken.make(name: "alice", role: .trader, expires: CalendarDay("2027-01-31")).entry
        let corpus = ["# who\n\(entry)\n\n\(AccessToken.make(name: "b", role: .admin, expires: nil).entry)", entry]
        var mutator = Mutator(corpus, seed: 4)
        for _ in 0..<Mutator.cases() {
            let text = mutator.nextText()
            guard let tokens = try? AccessTokens(text) else { continue }
            #expect(!tokens.tokens.isEmpty)
            #expect(tokens.tokens.allSatisfy { AccessToken.isName($0.name) }, "\(text)")
        }
        var headers = Mutator(["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"], seed: 5)
        for _ in 0..<Mutator.cases() {
            guard let context = TraceContext(continuing: headers.nextText(), span: "00f067aa0ba902b8") else { continue }
            #expect(context.header.utf8.count == 55)
        }
    }
}
