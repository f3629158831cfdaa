import Testing

@testable import Nemesis

struct MarketLedgerTests {
    private typealias Step = (MarketLedger.Request, MarketLedger.Answer)

    /// The ledger after these answers, and what was wrong with any of them.
    private func ledger(_ steps: [Step]) -> (MarketLedger, [String]) {
        var ledger = MarketLedger()
        let wrong = steps.compactMap { ledger.note($0.0, $0.1) }
        return (ledger, wrong)
    }

    @Test("what can be explained is not held against anybody")
    func explained() {
        let (ledger, wrong) = ledger([
            (.start, .done(id: 1)), (.start, .taken(by: 1)), (.pause, .done(id: 1)), (.stop, .done(id: 1)),
            (.start, .taken(by: 1)), (.stop, .notActive), (.start, .unknown), (.start, .taken(by: 2)),
            (.stop, .unknown), (.resume, .notActive), (.start, .done(id: 3)), (.stop, .neverSent),
        ])
        #expect(wrong.isEmpty)
        #expect(ledger.judge(active: 3, history: [1, 2]).isEmpty)
    }

    @Test("a strategy that is lost, doubled or back from the dead is noticed by the next answer")
    func answers() {
        #expect(ledger([(.start, .done(id: 1)), (.stop, .notActive)]).1.count == 1)
        #expect(ledger([(.start, .done(id: 1)), (.start, .done(id: 2))]).1.count == 1)
        #expect(ledger([(.start, .done(id: 1)), (.stop, .done(id: 1)), (.start, .done(id: 1))]).1.count == 1)
        #expect(ledger([(.start, .done(id: 1)), (.start, .taken(by: 2))]).1.count == 1)
        #expect(ledger([(.start, .taken(by: 2))]).1.count == 1)
        #expect(ledger([(.start, .stoppedMeanwhile)]).1.count == 1)
        #expect(ledger([(.start, .done(id: 1)), (.stop, .done(id: 2))]).1.count == 1)
    }

    @Test("at the end, what was confirmed must be so")
    func end() {
        let running = ledger([(.start, .done(id: 1))]).0
        #expect(running.judge(active: 1, history: []).isEmpty)
        #expect(running.judge(active: nil, history: []).count == 2)
        #expect(running.judge(active: nil, history: [1]).count == 1)
        #expect(running.judge(active: 2, history: [1]).count == 1)
        let stopped = ledger([(.start, .done(id: 1)), (.stop, .done(id: 1))]).0
        #expect(stopped.judge(active: nil, history: [1]).isEmpty)
        #expect(stopped.judge(active: 1, history: []).count == 2)
        #expect(stopped.judge(active: 2, history: [1]).count == 1)
        let doubtful = ledger([(.start, .done(id: 1)), (.stop, .unknown)]).0
        #expect(doubtful.judge(active: 1, history: []).isEmpty)
        #expect(doubtful.judge(active: nil, history: [1]).isEmpty)
        #expect(doubtful.judge(active: nil, history: []).count == 1)
    }
}
