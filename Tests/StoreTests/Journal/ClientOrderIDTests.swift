import Store
import Testing
import Trading

@Suite("Client order ids")
struct ClientOrderIDTests {
    /// Worked out with another program: SHA-256 over `strategy\ncause\nindex`, base 32 (RFC 4648, lower case), 26 characters.
    @Test(
        "are what the decision's digest says",
        arguments: [
            (1, .candle(Timestamp(milliseconds: 1_744_431_600_000)), 0, "tn-v4ysjwrfhgqdun6uupiqpjuoa5"),
            (42, .fill("paper-tn-abc"), 1, "tn-mnh7fexbhgp5apcwqyq64yjs2c"),
            (.max, .rejection("tn-xyz"), 15, "tn-6ylhpcgull5jfvxur6bl4hwqpk"),
            (7, .stop, 0, "tn-f32jtxwxi6clanxki3rnrpmrqh"),
        ] as [(Int64, ClientOrderID.Cause, Int, String)]
    )
    func knownAnswers(strategyID: Int64, cause: ClientOrderID.Cause, index: Int, id: String) {
        #expect(ClientOrderID.derive(strategyID: strategyID, cause: cause, index: index) == id)
    }

    @Test("differ for every decision, and are spelled as the exchange wants them")
    func unique() {
        var ids: Set<String> = []
        var count = 0
        for strategyID in [1, 2, 11, 111] as [Int64] {
            for candle in 0..<300 as Range<Int64> {
                for index in 0..<3 {
                    let cause = ClientOrderID.Cause.candle(Timestamp(milliseconds: candle * 1_000))
                    let id = ClientOrderID.derive(strategyID: strategyID, cause: cause, index: index)
                    ids.insert(id)
                    ids.insert(ClientOrderID.derive(strategyID: strategyID, cause: .fill(id), index: index))
                    ids.insert(ClientOrderID.derive(strategyID: strategyID, cause: .rejection(id), index: index))
                    count += 3
                }
            }
            ids.insert(ClientOrderID.derive(strategyID: strategyID, cause: .stop, index: 0))
            count += 1
        }
        #expect(ids.count == count)
        #expect(ids.allSatisfy { (1...36).contains($0.utf8.count) && $0.hasPrefix(ClientOrderID.prefix) })
        #expect(ids.allSatisfy { $0.wholeMatch(of: /[.A-Z:\/a-z0-9_-]{1,36}/) != nil })
    }
}
