import Testing

@testable import tenure

/// What a server says of itself is judged; what no server here can be made to say, too.
struct DatabaseFactsTests {
    private func wrong(_ change: (inout DatabaseFacts) -> Void) -> [String] {
        var facts = DatabaseFacts()
        change(&facts)
        return facts.findings.filter { $0.status != .ok }.map(\.check)
    }

    @Test("each fact that is wrong is one finding, with something to do")
    func facts() {
        #expect(wrong { _ in }.isEmpty)
        #expect(wrong { $0.version = 130_012 } == ["database.version"])
        #expect(wrong { $0.isStandby = true } == ["database.primary"])
        #expect(wrong { $0.fsync = "off" } == ["database.durability"])
        #expect(wrong { $0.liveReplicas = 6 }.isEmpty)
        #expect(wrong { $0.liveReplicas = 7 } == ["database.connections"])
        #expect(wrong { $0.ownsSchema = false } == ["database.rights"])
        #expect(wrong { $0.canSignal = false } == ["database.signal"])
        var facts = DatabaseFacts()
        facts.version = 130_000
        #expect(facts.findings.allSatisfy { ($0.status == .ok) == ($0.advice == nil) })
    }
}
