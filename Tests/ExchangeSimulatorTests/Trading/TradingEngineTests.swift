import TestSupport
import Testing
import Trading

@testable import ExchangeSimulator

@Suite("The trading engine", .timeLimit(.minutes(5)))
struct TradingEngineTests {
    private static let start = Timestamp(milliseconds: 1_749_988_800_000)

    /// Random orders, cancellations and steps of the market; what is checked holds after each.
    private static func walk(seed: Int) throws -> TradingEngine {
        var random = SeededGenerator(seed: UInt64(seed))
        var engine = TradingEngine(market: SyntheticMarket(seed: 7), liquidity: Int.random(in: 1...200, using: &random))
        engine.add(AccountConfiguration(apiKey: "a", apiSecret: "s"))
        engine.add(AccountConfiguration(apiKey: "b", apiSecret: "s", commissionAsset: "BNB"))
        let symbols: [Symbol] = ["BTCUSDT", "ETHBTC", "BNBUSDT"]
        var now = start
        for number in 0..<120 {
            let moment = TradingEngine.Moment(market: now, exchange: now, elapsed: .seconds(number))
            let symbol = symbols.randomElement(using: &random)!
            let account = Int.random(in: 0...1, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                let order = try order(symbol, number, &engine, moment, &random)
                do {
                    _ = try engine.place(order, account: account, at: moment)
                } catch {
                    #expect(error.code == -2010, "seed \(seed): \(error.message)")
                }
            case 6:
                guard let open = engine.openOrders(nil, account: account).randomElement(using: &random) else {
                    continue
                }
                _ = try engine.cancel(open.symbol, .id(open.id), account: account, cancelID: nil, at: moment)
            default:
                let next = now + Int64.random(in: 1...60, using: &random) * 1_000
                let then = TradingEngine.Moment(market: next, exchange: next, elapsed: moment.elapsed)
                _ = engine.match(after: now, through: then, forming: false)
                now = next
            }
            check(engine, seed: seed)
        }
        return engine
    }

    private static func order(
        _ symbol: Symbol,
        _ number: Int,
        _ engine: inout TradingEngine,
        _ moment: TradingEngine.Moment,
        _ random: inout SeededGenerator
    ) throws -> NewOrder {
        let instrument = try #require(engine.market.instrument(symbol))
        let price = try #require(engine.market.price(symbol, at: moment.market))
        let side = Bool.random(using: &random) ? Side.buy : .sell
        let type: OrderType = [.market, .limit, .limit, .limitMaker].randomElement(using: &random)!
        let steps = Int.random(in: 1...2_000, using: &random)
        let distance = FixedDecimal(raw: instrument.tickSize.raw * Int128.random(in: -200...200, using: &random))
        return NewOrder(
            symbol: symbol,
            side: side,
            type: type,
            amount: type == .market && Bool.random(using: &random)
                ? .quote(FixedDecimal(steps)) : .quantity(FixedDecimal(raw: instrument.stepSize.raw * Int128(steps))),
            price: type == .market ? .zero : price + distance,
            timeInForce: type == .limit
                ? [.goodTillCanceled, .immediateOrCancel, .fillOrKill].randomElement(using: &random)!
                : .goodTillCanceled,
            clientOrderID: "id\(number % 40)",
            responseType: .full
        )
    }

    private static func check(_ engine: TradingEngine, seed: Int) {
        for (id, account) in engine.accounts.enumerated() {
            var (locked, moved) = ([String: FixedDecimal](), account.configuration.balances)
            for (symbol, orders) in engine.orders {
                guard let instrument = engine.market.instrument(symbol) else { continue }
                let open = orders.filter { $0.account == id && $0.status.isOpen }
                #expect(Set(open.map(\.clientOrderID)).count == open.count, "seed \(seed)")
                for order in open {
                    locked[order.side == .buy ? instrument.quoteAsset : instrument.baseAsset, default: .zero] +=
                        order.locked
                }
                for trade in engine.trades[symbol] ?? [] where trade.account == id {
                    let isBuy = trade.side == .buy
                    moved[instrument.baseAsset, default: .zero] += isBuy ? trade.quantity : -trade.quantity
                    moved[instrument.quoteAsset, default: .zero] += isBuy ? -trade.quoteQuantity : trade.quoteQuantity
                    moved[trade.commissionAsset, default: .zero] -= trade.commission
                }
                for order in orders where order.account == id {
                    let trades = (engine.trades[symbol] ?? []).filter { $0.orderID == order.id }
                    let executed = trades.reduce(FixedDecimal.zero) { $0 + $1.quantity }
                    #expect(executed == order.executed && executed <= order.quantity, "seed \(seed)")
                    #expect((order.status == .filled) == (executed == order.quantity), "seed \(seed)")
                    let isWorse = trades.contains {
                        order.side == .buy ? $0.price > order.price : $0.price < order.price
                    }
                    #expect(order.type == .market || !isWorse, "seed \(seed)")
                    #expect(order.status.isOpen || order.locked.isZero, "seed \(seed)")
                }
            }
            for (asset, balance) in account.balances {
                #expect(balance.locked == locked[asset] ?? .zero, "seed \(seed): locked \(asset)")
                #expect(balance.total == moved[asset] ?? .zero, "seed \(seed): \(asset)")
                // A commission is taken off what was just brought in, so that nothing is ever owed but a rounding.
                #expect(balance.free >= "-0.00000002", "seed \(seed): \(asset) \(balance)")
            }
        }
    }

    @Test("keeps its books: nothing appears, nothing is lost, nothing is locked without an order", arguments: 0..<25)
    func books(seed: Int) throws {
        let engine = try Self.walk(seed: seed)
        #expect(engine.trades.values.joined().count > 20)
    }

    @Test("does the same for the same orders at the same moments")
    func determinism() throws {
        let (first, second) = (try Self.walk(seed: 99), try Self.walk(seed: 99))
        #expect(first.trades == second.trades)
        #expect(
            first.trades.values.joined().contains { $0.isMaker }
                && first.trades.values.joined().contains { !$0.isMaker }
        )
        #expect(first.trades.values.joined().contains { $0.commissionAsset == "BNB" && $0.symbol == "BTCUSDT" })
    }

    @Test("counts orders without a fill in each interval, from the server's start on")
    func orderCount() {
        var count = OrderCount()
        for _ in 0..<100 { #expect(count.place(at: .seconds(17)) == nil) }
        #expect(count.counts(at: .seconds(17)) == [100, 100])
        let refusal = count.place(at: .seconds(17.5))
        #expect(refusal?.limit == OrderCount.limits[0] && refusal?.retryAfter == 3)
        count.filled(isMaker: false)
        #expect(count.place(at: .seconds(19)) == nil && count.place(at: .seconds(19)) != nil)
        #expect(count.place(at: .seconds(20)) == nil)
        #expect(count.counts(at: .seconds(20)) == [1, 101])
    }
}
