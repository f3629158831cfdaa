import Store
import Testing
import Trading

@testable import Nemesis

/// The judge of orders is shown a run with which the exchange agrees, and ones with which it does not.
struct OrderLogJudgeTests {
    private static let candle: Int64 = 1_700_000_000_000
    private static let (entry, exit) = ("tn-entry", "tn-exit")

    /// Bought ten for 1,000, of which the exchange kept a hundredth; sold nine for 990, less one.
    private static func run(catchUp: String = "warm", exitStatus: String = "filled", fills: Int = 2) -> StoredRun {
        StoredRun(
            id: 7,
            symbol: "SIM0001USDT",
            mode: "scalp",
            interval: .oneSecond,
            config: .object(["catch_up": .string(catchUp)]),
            isActive: true,
            isLive: true,
            first: Checkpoint(
                cursor: Timestamp(milliseconds: candle),
                candles: 0,
                state: "{}",
                position: Position(),
                lastPrice: .one
            ),
            writes: [],
            state: nil,
            position: amount("0.99"),
            pnl: 0,
            trades: 0,
            orders: [
                entry: order("buy", "entry", "10", "filled", candle),
                exit: order("sell", "exit", "9", exitStatus, candle + 4_000),
            ],
            fills: Dictionary(
                uniqueKeysWithValues: [
                    ("1", fill(entry, "buy", "100", "10", "0.01", "SIM0001")),
                    ("2", fill(exit, "sell", "110", "9", "1", "USDT")),
                ].prefix(fills)
            )
        )
    }

    private static func amount(_ text: String) -> Int64 { FixedDecimal(text)?.int64 ?? -1 }

    private static func order(
        _ side: String,
        _ effect: String,
        _ quantity: String,
        _ status: String,
        _ decidedOn: Int64
    ) -> StoredRun.Order {
        StoredRun.Order(
            side: side,
            effect: effect,
            quantity: amount(quantity),
            reason: "a test",
            status: status,
            statusReason: nil,
            decidedOn: decidedOn
        )
    }

    private static func fill(
        _ order: String,
        _ side: String,
        _ price: String,
        _ quantity: String,
        _ commission: String,
        _ asset: String
    ) -> StoredRun.BookedFill {
        StoredRun.BookedFill(
            orderID: order,
            side: side,
            price: amount(price),
            quantity: amount(quantity),
            fee: 0,
            time: candle,
            commission: amount(commission),
            commissionAsset: asset
        )
    }

    private static func request(
        _ id: String,
        _ side: String,
        _ executed: FixedDecimal,
        _ quote: FixedDecimal,
        signedAt: Int64 = candle + 1_010,
        isAccepted: Bool = true
    ) -> ExchangeBook.Request {
        ExchangeBook.Request(
            id: id,
            isAccepted: isAccepted,
            side: side,
            executed: executed,
            executedQuote: quote,
            signedAt: signedAt
        )
    }

    private static let bought = request(entry, "buy", "10", "1000")
    private static let sold = request(exit, "sell", "9", "990")

    private func violations(
        _ requests: [ExchangeBook.Request] = [bought, sold],
        gained: [String: FixedDecimal] = ["USDT": "-11", "SIM0001": "0.99"],
        _ run: StoredRun = run()
    ) -> [String] {
        OrderLogJudge(book: ExchangeBook(requests: requests, gained: gained), runs: [run]).violations()
    }

    @Test("where the exchange and the journal agree, nothing is wrong")
    func agree() {
        #expect(violations().isEmpty)
        #expect(violations([Self.bought, Self.sold].reversed()).isEmpty)
    }

    @Test("an order that was sent twice is found, whatever became of it")
    func twice() {
        let again = Self.request(Self.exit, "sell", "9", "990")
        let found = violations([Self.bought, Self.sold, again])
        #expect(found.contains { $0.contains("sent 2 times, accepted 2") }, "\(found)")
        #expect(found.contains { $0.contains("traded 18") }, "\(found)")
        let refused = Self.request(Self.exit, "sell", "0", "0", isAccepted: false)
        #expect(violations([Self.bought, Self.sold, refused]).count == 1)
    }

    @Test("an order that the journal does not have, or the exchange has not, is found")
    func unknown() {
        let stranger = Self.request("tn-stranger", "buy", "1", "100")
        #expect(violations([Self.bought, Self.sold, stranger]).count == 1)
        #expect(violations([Self.bought]).contains { $0.contains("\(Self.exit) of strategy 7") })
        #expect(!violations([]).isEmpty)
    }

    @Test("an order that was given up, and is there, is found; and one whose fill was lost")
    func givenUp() {
        let abandoned = Self.run(exitStatus: "abandoned", fills: 1)
        #expect(violations([Self.bought, Self.sold], abandoned).contains { $0.contains("0 for 0 are booked") })
        let rest: [String: FixedDecimal] = ["USDT": "-1000", "SIM0001": "0.99"]
        #expect(violations([Self.bought], gained: rest, abandoned).isEmpty)
        #expect(violations([Self.bought], gained: rest, Self.run(fills: 1)).contains { $0.contains("not accepted") })
    }

    @Test("what the account has, and nobody holds, is found")
    func account() {
        #expect(violations(gained: ["USDT": "-11", "SIM0001": "1.99"]).count == 1)
        #expect(violations(gained: ["USDT": "-12", "SIM0001": "0.99"]).count == 1)
        #expect(violations(gained: ["USDT": "-11", "SIM0001": "0.99", "SIM0002": "1"]).count == 1)
    }

    @Test("an entry on a candle that is long over is found, unless that was asked for; an exit is none")
    func late() {
        let late = Self.request(Self.entry, "buy", "10", "1000", signedAt: Self.candle + 2_001)
        #expect(violations([late, Self.sold]).count == 1)
        #expect(violations([late, Self.sold], Self.run(catchUp: "act")).isEmpty)
        let lateExit = Self.request(Self.exit, "sell", "9", "990", signedAt: Self.candle + 60_000)
        #expect(violations([Self.bought, lateExit]).isEmpty)
    }
}
