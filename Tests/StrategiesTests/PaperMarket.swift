import Strategies
import TestSupport
import Testing
import Trading

/// Runs a strategy over candles, filling its orders at the next open with a spread and a fee, and checks at every step
/// what must always hold.
struct PaperMarket {
    /// How orders fare.
    enum Mood {
        /// Each is filled at once.
        case kind
        /// Seeded: rejected, delayed, filled in parts, or filled in part and canceled.
        case moody(seed: UInt64)
    }

    struct Outcome: Hashable {
        var intents: [OrderIntent] = []
        var rejections = 0
        var position = Position()
        var state = ""
        var entries: Int { intents.count { $0.effect == .entry } }
    }

    private struct OpenOrder {
        let id: String
        let intent: OrderIntent
        var remaining: FixedDecimal
    }

    private let symbol: Symbol = "BTCUSDT"
    private let mood: Mood
    private var random: SeededGenerator
    private var order: OpenOrder?
    private var trades = 0
    private(set) var outcome = Outcome()

    init(_ mood: Mood = .kind) {
        self.mood = mood
        if case .moody(let seed) = mood {
            random = SeededGenerator(seed: seed)
        } else {
            random = SeededGenerator(seed: 0)
        }
    }

    /// `betweenSteps` stands for what happens to the strategy after each event, such as a restore elsewhere.
    static func run(
        _ strategy: AnyStrategy,
        over candles: [Candle],
        mood: Mood = .kind,
        betweenSteps: (AnyStrategy) throws -> AnyStrategy = { $0 }
    ) throws -> Outcome {
        var market = PaperMarket(mood)
        var strategy = strategy
        for candle in candles {
            for event in market.settle(at: candle) {
                try market.feed(event, to: &strategy)
                strategy = try betweenSteps(strategy)
            }
            try market.feed(.candle(candle), to: &strategy)
            strategy = try betweenSteps(strategy)
        }
        market.outcome.state = try strategy.state()
        return market.outcome
    }

    private mutating func feed(_ event: StrategyEvent, to strategy: inout AnyStrategy) throws {
        let context = StrategyContext(
            symbol: symbol,
            interval: .oneSecond,
            position: outcome.position,
            hasPendingOrder: order != nil
        )
        for intent in try strategy.handle(event, context: context) {
            try #require(order == nil, "one order at a time")
            #expect(intent.quantity.isPositive)
            #expect(intent.quantity == intent.quantity.roundedDown(toMultipleOf: "0.00001"))
            switch intent.effect {
            case .entry:
                #expect(intent.side == .buy)
                #expect(outcome.position.isFlat)
            case .exit:
                #expect(intent.side == .sell)
                #expect(intent.quantity <= outcome.position.quantity, "never sells more than it holds")
            }
            outcome.intents.append(intent)
            order = OpenOrder(id: "order-\(outcome.intents.count)", intent: intent, remaining: intent.quantity)
        }
    }

    /// What the exchange reports before the candle closes.
    private mutating func settle(at candle: Candle) -> [StrategyEvent] {
        guard let open = order else { return [] }
        if case .moody = mood {
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                order = nil
                outcome.rejections += 1
                return [.rejection(open.intent, reason: "made up")]
            case 1: return []
            case 2, 3:
                let steps = Int(open.remaining.raw / 1_000)
                guard steps > 1 else { break }
                let part = FixedDecimal(raw: Int128(Int.random(in: 1..<steps, using: &random)) * 1_000)
                order?.remaining -= part
                let isCanceled = Bool.random(using: &random)
                if isCanceled { order = nil }
                return [.fill(fill(open, part, at: candle))]
            default: break
            }
        }
        order = nil
        return [.fill(fill(open, open.remaining, at: candle))]
    }

    private mutating func fill(_ open: OpenOrder, _ quantity: FixedDecimal, at candle: Candle) -> Fill {
        trades += 1
        let price = candle.open.scaled(by: open.intent.side == .buy ? "1.0001" : "0.9999", over: .one)
        let fill = Fill(
            orderID: open.id,
            tradeID: "\(trades)",
            side: open.intent.side,
            price: price,
            quantity: quantity,
            fee: (price * quantity).scaled(by: "0.001", over: .one),
            time: candle.openTime
        )
        outcome.position.book(fill)
        return fill
    }
}
