import TestSupport
import Testing

@testable import Exchanges

@Suite struct BackOffPolicyTests {
    @Test func `delays double up to the limit, with jitter, and the first repetition may be immediate`() {
        let policy = BackOffPolicy(initial: .milliseconds(100), maximum: .seconds(5))
        var random = SeededGenerator(seed: 1)
        #expect(policy.delay(attempt: 0, using: &random) == .zero)
        for (attempt, full) in [(1, 100), (2, 200), (3, 400), (6, 3_200), (7, 5_000), (1_000, 5_000)] {
            for _ in 0..<50 {
                let delay = policy.delay(attempt: attempt, using: &random)
                #expect(delay >= .milliseconds(full / 2) && delay <= .milliseconds(full))
            }
        }
    }
}
