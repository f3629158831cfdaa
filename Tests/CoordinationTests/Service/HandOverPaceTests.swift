import Testing

@testable import Coordination

/// What a giver waits for between two steps.
@Suite(.timeLimit(.minutes(1)))
struct HandOverPaceTests {
    private static let forEver = Duration.seconds(3_600)

    @Test func `what was told before counts, and what is told while somebody waits wakes it up`() async {
        let pace = HandOverPace()
        pace.note(waiting: 4)
        await pace.wait(atMost: Self.forEver) { $0.waiting == [4] }
        await withDiscardingTaskGroup { group in
            group.addTask { await pace.wait(atMost: Self.forEver) { $0.ready >= 5 } }
            for _ in 0..<5 { group.addTask { pace.note(ready: 1) } }
        }
        #expect(pace.ready == 5)
    }

    @Test func `a hand-over begins with nothing told`() async {
        let pace = HandOverPace()
        pace.note(ready: 3)
        pace.note(waiting: 4)
        pace.begin()
        #expect(pace.ready == 0)
        await pace.wait(atMost: Self.forEver) { $0.waiting.isEmpty }
    }

    @Test func `whoever hears nothing goes on after a while, and at once when it is cancelled`() async {
        let pace = HandOverPace()
        await pace.wait(atMost: .milliseconds(5)) { $0.ready > 0 }
        let waiting = Task { await pace.wait(atMost: Self.forEver) { $0.ready > 0 } }
        waiting.cancel()
        await waiting.value
    }
}
