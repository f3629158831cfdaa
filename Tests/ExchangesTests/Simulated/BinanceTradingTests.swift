import AsyncHTTPClient
import ExchangeSimulator
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing
import Trading

@testable import Exchanges

/// The account's side of the adapter, against the simulator.
@Suite(.timeLimit(.minutes(5))) struct BinanceTradingTests {
    private static let still = SimulatorConfiguration(
        seed: 42,
        steps: true,
        startTime: Timestamp(milliseconds: 1_749_988_800_000)
    )

    private static func with(
        _ simulator: SimulatorConfiguration = still,
        logger: Logger = .silent,
        adjust: @Sendable @escaping (inout BinanceConfiguration) -> Void = { _ in },
        _ body: @Sendable @escaping (BinanceTrading, Venue) async throws -> Void
    ) async throws {
        try await Venue.with(simulator, logger: logger) { configuration in
            configuration.credentials = try? BinanceCredentials(apiKey: "simulator-key", apiSecret: "simulator-secret")
            // The market stands still: its time cannot be estimated.
            configuration.clockLifetime = .zero
            adjust(&configuration)
        } _: { venue in
            try await body(try #require(venue.exchange.trading), venue)
        }
    }

    private static func request(
        _ signedAt: Timestamp,
        _ id: String,
        _ quantity: FixedDecimal = "0.01",
        side: Side = .buy,
        kind: OrderRequest.Kind = .market,
        window: Int64 = 5_000
    ) -> OrderRequest {
        OrderRequest(
            symbol: "BTCUSDT",
            side: side,
            kind: kind,
            quantity: quantity,
            clientOrderID: id,
            signedAt: signedAt,
            receiveWindow: window
        )
    }

    @Test func `an order is placed, found, listed and cancelled, and the account told`() async throws {
        try await Self.with { trading, venue in
            let start = try await trading.now()
            guard case .accepted(let bought) = await trading.place(Self.request(try await trading.now(), "market"))
            else {
                Issue.record("a market order was not accepted")
                return
            }
            #expect(bought.status == .filled && bought.executed == "0.01" && bought.trades.count == 1)
            #expect(bought.executedQuote == bought.trades[0].price * "0.01")
            #expect(bought.trades[0].commission == "0.00001" && bought.trades[0].commissionAsset == "BTC")
            let resting = Self.request(
                try await trading.now(),
                "rests",
                kind: .limit(price: "10000", .goodTillCanceled)
            )
            guard case .accepted(let open) = await trading.place(resting) else {
                Issue.record("a limit order was not accepted")
                return
            }
            #expect(open.status == .new && open.trades.isEmpty && open.price == "10000")
            #expect(await trading.place(resting) == .duplicate)
            #expect(try await trading.order("rests", "BTCUSDT") == open)
            #expect(try await trading.order("nobody", "BTCUSDT") == nil)
            #expect(try await trading.openOrders("BTCUSDT") == [open])
            #expect(try await trading.openOrders(nil) == [open])
            #expect(try await trading.orders("BTCUSDT", since: start).map(\.clientOrderID) == ["market", "rests"])
            #expect(try await trading.trades("BTCUSDT", since: start) == bought.trades)
            #expect(try await trading.trades("BTCUSDT", orderID: bought.id) == bought.trades)
            #expect(try await trading.trades("BTCUSDT", since: start + 1) == [])
            let account = try await trading.account()
            #expect(account.canTrade && account.balances["USDT"]?.locked == "100")
            #expect(account.balances["BTC"] == AssetBalance(free: "100.00999", locked: .zero))
            let signedAt = try await trading.now()
            let canceled = await trading.cancel("rests", "BTCUSDT", signedAt: signedAt, receiveWindow: 5_000)
            guard case .canceled(let order) = canceled else {
                Issue.record("\(canceled)")
                return
            }
            #expect(order.clientOrderID == "rests" && order.status == .canceled)
            #expect(await trading.cancel("rests", "BTCUSDT", signedAt: signedAt, receiveWindow: 5_000) == .notOpen)
            // What the filters let through, the exchange does too, and the other way round.
            let filters = try await venue.exchange.market("BTCUSDT").filters
            #expect(filters.price?.step == "0.01" && filters.notional?.maximum == "9000000")
        }
    }

    @Test func `refusals have their reasons`() async throws {
        try await Self.with { trading, venue in
            func reason(_ request: OrderRequest) async -> OrderRejection.Reason? {
                if case .rejected(let rejection) = await trading.place(request) { rejection.reason } else { nil }
            }
            #expect(await reason(Self.request(try await trading.now(), "a", "1000")) == .insufficientBalance)
            #expect(await reason(Self.request(try await trading.now(), "b", "0.000015")) == .filter)
            #expect(await reason(Self.request(try await trading.now(), "c d")) == .invalid)
            let late = Self.request(try await trading.now(), "e")
            try await venue.simulator.advance(milliseconds: 5_001)
            #expect(await reason(late) == .outsideWindow)
            // The exchange's clock is asked again after such a refusal.
            #expect(await reason(Self.request(try await trading.now(), "f")) == nil)
            try await venue.simulator.account(#""api_key":"simulator-key","permissions":["USER_DATA"]"#)
            #expect(await reason(Self.request(try await trading.now(), "g")) == .unauthorized)
            #expect(try await trading.account().canTrade == false)
            try await venue.simulator.account(
                #""api_key":"simulator-key","api_secret":"changed","permissions":["TRADE"]"#
            )
            #expect(await reason(Self.request(try await trading.now(), "h")) == .unauthorized)
            let error = await #expect(throws: ExchangeError.self) { try await trading.account() }
            #expect(error?.code == .rejected && error?.isTransient == false)
            try await venue.simulator.faults(#""rest_status":429,"retry_after_s":1,"for_requests":1"#)
            #expect(await reason(late) == .rateLimited)
        }
    }

    @Test(
        arguments: [
            (#""order_before":"drop""#, "dropped"), (#""order_after":"drop""#, "accepted"),
            (#""order_after":"garble""#, "accepted"), (#""order_after_status":503"#, "accepted"),
            (#""order_after_status":504"#, "accepted"),
            (#""order_after_status":400,"order_after_code":-1006"#, "accepted"),
            (#""rest_status":503"#, "rejected"), (#""order_after_ms":60000"#, "accepted"),
        ] as [(String, String)]
    )
    func `an order whose answer is lost is in doubt, was sent once, and is found if it was accepted`(
        fault: String,
        verdict: String
    ) async throws {
        try await Self.with(adjust: { $0.requestTimeout = .seconds(5) }) { trading, venue in
            let request = Self.request(try await trading.now(), "lost")
            try await venue.simulator.faults(fault)
            let outcome = await trading.place(request)
            guard case .unknown = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(try await venue.simulator.verdicts("lost") == [verdict])
            #expect((try await trading.order("lost", "BTCUSDT")?.status == .filled) == (verdict == "accepted"))
        }
    }

    @Test func `an order that was accepted may be missing from queries for a while`() async throws {
        try await Self.with { trading, venue in
            try await venue.simulator.faults(#""stale_reads_ms":600000,"order_after":"drop""#)
            let start = try await trading.now()
            guard case .unknown = await trading.place(Self.request(try await trading.now(), "hidden")) else {
                Issue.record("not in doubt")
                return
            }
            #expect(try await trading.order("hidden", "BTCUSDT") == nil)
            #expect(try await trading.orders("BTCUSDT", since: start).isEmpty)
            try await venue.simulator.faults(#""stale_reads_ms":0"#)
            #expect(try await trading.order("hidden", "BTCUSDT")?.status == .filled)
        }
    }

    @Test func `the signed time is the caller's, also when the request is delayed before matching`() async throws {
        try await Self.with { trading, venue in
            let request = Self.request(try await trading.now(), "slow", window: 1_000)
            try await venue.simulator.faults(#""order_before":"hold""#)
            async let outcome = trading.place(request)
            try await eventually { try await venue.simulator.status("held") == 1 }
            try await venue.simulator.advance(milliseconds: 1_001)
            try await venue.simulator.release()
            guard case .rejected(let rejection) = await outcome else {
                Issue.record("\(await outcome)")
                return
            }
            #expect(rejection.reason == .outsideWindow && rejection.code == -1021)
        }
    }

    @Test func `queries follow a clock that was set`() async throws {
        try await Self.with(adjust: { $0.clockLifetime = .seconds(3_600) }) { trading, venue in
            _ = try await trading.account()
            try await venue.simulator.faults(#""clock_offset_ms":3600000"#)
            #expect(try await trading.account().canTrade)
            let time = try await venue.exchange.serverTime()
            #expect(abs(try await trading.now().since(time)) < 60_000)
        }
    }

    @Test func `an order by a clock that was set since is refused, the next one is right`() async throws {
        try await Self.with(adjust: { $0.clockLifetime = .seconds(3_600) }) { trading, venue in
            _ = try await trading.now()
            try await venue.simulator.faults(#""clock_offset_ms":3600000"#)
            guard
                case .rejected(let rejection) = await trading.place(Self.request(try await trading.now(), "old")),
                rejection.reason == .outsideWindow
            else {
                Issue.record("it was to be refused")
                return
            }
            guard case .accepted = await trading.place(Self.request(try await trading.now(), "new")) else {
                Issue.record("it was to be accepted")
                return
            }
        }
    }

    @Test func `queries are tried again, orders wait for no penalty longer than their window`() async throws {
        try await Self.with { trading, venue in
            try await venue.simulator.faults(#""rest_status":503,"for_requests":2"#)
            #expect(try await trading.account().canTrade)
            let request = Self.request(try await trading.now(), "urgent", window: 2_000)
            try await venue.simulator.faults(#""rest_status":429,"retry_after_s":3600,"for_requests":1"#)
            _ = try? await venue.exchange.serverTime()
            // Had it waited for the penalty, the test would be out of time.
            guard case .notSent = await trading.place(request) else {
                Issue.record("an order was sent in spite of a penalty")
                return
            }
            #expect(try await venue.simulator.verdicts("urgent").isEmpty)
        }
    }

    @Test func `too many orders stop new ones of the account only, and are told to whoever shares it`() async throws {
        try await Self.with { trading, venue in
            try await venue.simulator.faults(#""order_after_status":429,"order_after_code":-1015"#)
            guard
                case .rejected(let rejection) = await trading.place(Self.request(try await trading.now(), "one")),
                rejection.reason == .rateLimited
            else {
                Issue.record("it was to be refused")
                return
            }
            let pause = try #require(await venue.exchange.pauses.first { _ in true })
            #expect(pause.scope == .account)
            #expect(venue.exchange.pauseLeft(.account) > .zero)
            #expect(venue.exchange.pauseLeft(.address) == .zero)
            guard
                case .notSent = await trading.place(Self.request(try await trading.now(), "two", window: 1_000))
            else {
                Issue.record("an order was sent in spite of a pause")
                return
            }
            #expect(try await trading.account().canTrade)
            #expect(try await venue.simulator.verdicts("two").isEmpty)
            // Told by somebody else, it holds too.
            venue.exchange.keep(ExchangePause(scope: .address, end: .now + .seconds(3_600)))
            await #expect(throws: ExchangeError.self) { try await venue.exchange.serverTime() }
        }
    }

    @Test func `an order for an exchange that is not there was not sent; one that is sent elsewhere is not followed`()
        async throws
    {
        let elsewhere = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Redirecting())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(elsewhere.localAddress?.port)
        let credentials = try BinanceCredentials(apiKey: "key", apiSecret: "secret")
        var configuration = BinanceConfiguration.local(port: port)
        configuration.credentials = credentials
        let exchange = BinanceExchange(configuration: configuration, logger: .silent)
        let trading = try #require(exchange.trading)
        let request = OrderRequest(
            symbol: "BTCUSDT",
            side: .buy,
            kind: .market,
            quantity: .one,
            clientOrderID: "moved",
            signedAt: Timestamp(milliseconds: 1),
            receiveWindow: 5_000
        )
        guard case .unknown(let reason) = await trading.place(request) else {
            Issue.record("a redirection was followed")
            return
        }
        #expect(reason.contains("307"))
        try await elsewhere.close()
        try await eventually {
            if case .notSent = await trading.place(request) { true } else { false }
        }
    }

    /// Answers everything with a redirection to itself.
    private final class Redirecting: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let answer =
                "HTTP/1.1 307 Temporary Redirect\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        }
    }

    @Test func `the exchange's clock is asked for before anybody needs it`() async throws {
        try await Self.with(adjust: { $0.clockLifetime = .milliseconds(500) }) { trading, _ in
            try await eventually("its time is known") { trading.knownTime != nil }
        }
    }

    @Test func `the account is told over its stream, through losses, renewals and bad keys`() async throws {
        let log = LogRecorder()
        try await Self.with(logger: log.logger, adjust: { $0.renewalOverlap = .milliseconds(100) }) { trading, venue in
            try await trading.withAccountEvents { events in
                let reader = EventReader(events)
                func next(until isWanted: (AccountEvent) -> Bool) async throws -> [AccountEvent] {
                    try await reader.next(until: isWanted)
                }
                func isBalances(_ event: AccountEvent) -> Bool { if case .balances = event { true } else { false } }
                func reports(_ events: [AccountEvent]) -> [ExchangeOrder] {
                    events.compactMap { if case .order(let report) = $0 { report.order } else { nil } }
                }
                _ = try await next { $0 == .joined }
                guard case .accepted(let order) = await trading.place(Self.request(try await trading.now(), "one"))
                else {
                    Issue.record("not accepted")
                    return
                }
                let told = reports(try await next(until: isBalances))
                #expect(told.map(\.status) == [.new, .filled] && told.last?.trades == order.trades)

                // A lost connection is made again; what it missed is known to be missing.
                try await venue.simulator.disconnect("user")
                let lost = try await next { $0 == .joined }
                #expect(lost.contains { if case .interrupted = $0 { true } else { false } })

                // A connection that is about to end is replaced before: nothing is missing.
                try await venue.simulator.faults(#""server_shutdown":true"#)
                // Both streams are: this one.
                try await eventually("it is renewed") {
                    log.lines.contains { $0.contains("the account stream (renewed)") }
                }
                try await eventually { try await venue.simulator.status("user_subscriptions") == 1 }
                _ = await trading.place(Self.request(try await trading.now(), "two"))
                let renewed = try await next(until: isBalances)
                #expect(reports(renewed).map(\.clientOrderID) == ["two", "two"] && !renewed.contains(.joined))

                // Repeated, reversed: whatever is told is told on.
                try await venue.simulator.faults(#""duplicate_reports":3,"reverse_reports":1"#)
                _ = await trading.place(Self.request(try await trading.now(), "three"))
                var ids: [Int64] = []
                while ids.count < 2 {
                    ids += reports(try await next { if case .order = $0 { true } else { false } }).flatMap(\.trades)
                        .map(\.id)
                }
                #expect(ids == [3, 3])

                // A key that is not valid any more shows as an interruption.
                try await venue.simulator.account(#""api_key":"simulator-key","permissions":["TRADE","USER_DATA"]"#)
                try await venue.simulator.disconnect("user")
                _ = try await next {
                    if case .interrupted(let reason) = $0 { reason.contains("Invalid API-key") } else { false }
                }
                try await venue.simulator.account(
                    #""api_key":"simulator-key","permissions":["TRADE","USER_DATA","USER_STREAM"]"#
                )
                _ = try await next { $0 == .joined }
            }
        }
    }

    @Test func `a long history comes in pages, complete and in order`() async throws {
        var configuration = Self.still
        configuration.liquidity = 1_000_000
        configuration.weightLimit = 1_000_000
        try await Self.with(configuration) { trading, _ in
            let start = try await trading.now()
            for number in 0..<1_003 {
                let request = OrderRequest(
                    symbol: "BTCUSDT",
                    side: number % 2 == 0 ? .buy : .sell,
                    kind: .market,
                    quantity: "0.001",
                    clientOrderID: "n\(number)",
                    signedAt: start,
                    receiveWindow: 60_000
                )
                guard case .accepted = await trading.place(request) else {
                    Issue.record("order \(number) was not accepted")
                    return
                }
            }
            let orders = try await trading.orders("BTCUSDT", since: start)
            #expect(orders.map(\.clientOrderID) == (0..<1_003).map { "n\($0)" })
            #expect(try await trading.trades("BTCUSDT", since: start).map(\.id) == (1...1_003).map { Int64($0) })
        }
    }
}

/// Reads the events of an account, one after the other.
private final class EventReader {
    private var iterator: AsyncStream<AccountEvent>.Iterator

    init(_ events: AsyncStream<AccountEvent>) {
        iterator = events.makeAsyncIterator()
    }

    /// All up to the first that is wanted.
    func next(until isWanted: (AccountEvent) -> Bool) async throws -> [AccountEvent] {
        var seen: [AccountEvent] = []
        while let event = await iterator.next(isolation: #isolation) {
            seen.append(event)
            if isWanted(event) { return seen }
        }
        throw CancellationError()
    }
}
