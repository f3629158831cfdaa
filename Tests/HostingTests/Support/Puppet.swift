import Strategies
import Trading

/// A strategy whose candles tell it what to do: the volume is an order from ``Puppet/Cue``. It remembers what it was told.
struct Puppet: Strategy {
    static let mode = "puppet"
    static let summary = "Does what its candles say."

    struct Parameters: StrategyParameters {
        static let schema = ParameterSchema([
            .integer("warm_up", default: 0, in: 0...100, description: "Candles of history."),
            .boolean("stubborn", default: false, description: "Refuses to take over from another one."),
        ])
        let warmUp: Int
        let isStubborn: Bool

        init(_ config: ParameterReader) {
            warmUp = config.integer("warm_up")
            isStubborn = config.boolean("stubborn")
        }
    }

    /// The volumes that mean something.
    enum Cue: Int, CaseIterable {
        case nothing
        case buyOne
        case sellEverything
        case sellEverythingTwice
        case sellAsEntry
        case buyAsExit
        case buyNothing
        case buyTooMuch
        case insist
        case askTwice
        case fail
        case buyTwice
        case buyDust

        var volume: FixedDecimal { FixedDecimal(rawValue) }
    }

    struct Failure: Error {}

    private(set) var candles: [Timestamp] = []
    private(set) var rejections: [String] = []
    /// For each fill: whether another order was on its way at that moment.
    private(set) var fills: [Bool] = []
    private var insists = false
    private var asksOnceMore = false

    private(set) var warmUp: Int
    private var isStubborn: Bool

    init(parameters: Parameters) {
        warmUp = parameters.warmUp
        isStubborn = parameters.isStubborn
    }

    mutating func takeOver(from previous: Puppet) throws {
        if isStubborn { throw Failure() }
        (candles, rejections, fills) = (previous.candles, previous.rejections, previous.fills)
    }

    static func warmUpCandles(_ parameters: Parameters) -> Int { parameters.warmUp }

    mutating func handle(_ event: StrategyEvent, context: StrategyContext) throws -> [OrderIntent] {
        switch event {
        case .candle(let candle):
            candles.append(candle.openTime)
            return try follow(candle, held: context.position.quantity)
        case .fill:
            fills.append(context.hasPendingOrder)
            return []
        case .rejection(_, let reason):
            rejections.append(reason)
            defer { asksOnceMore = false }
            return insists || asksOnceMore ? [Self.buy("0")] : []
        }
    }

    private mutating func follow(_ candle: Candle, held: FixedDecimal) throws -> [OrderIntent] {
        guard let cue = Cue.allCases.first(where: { $0.volume == candle.volume }) else { return [] }
        switch cue {
        case .nothing: return []
        case .buyOne: return [Self.buy("1")]
        case .buyTwice: return [Self.buy("1"), Self.buy("2")]
        case .sellEverything: return [Self.sell(held)]
        case .sellEverythingTwice: return [Self.sell(held), Self.sell(held)]
        case .sellAsEntry: return [OrderIntent(side: .sell, effect: .entry, quantity: "1", reason: "cue")]
        case .buyAsExit: return [OrderIntent(side: .buy, effect: .exit, quantity: "1", reason: "cue")]
        case .buyNothing: return [Self.buy("0")]
        case .buyDust: return [Self.buy("0.000001")]
        case .buyTooMuch: return [Self.buy("100000000000")]
        case .insist:
            insists = true
            return [Self.buy("0")]
        case .askTwice:
            asksOnceMore = true
            return [Self.buy("0"), Self.buy("0")]
        case .fail: throw Failure()
        }
    }

    private static func buy(_ quantity: FixedDecimal) -> OrderIntent {
        OrderIntent(side: .buy, effect: .entry, quantity: quantity, reason: "cue")
    }

    private static func sell(_ quantity: FixedDecimal) -> OrderIntent {
        OrderIntent(side: .sell, effect: .exit, quantity: quantity, reason: "cue")
    }
}
