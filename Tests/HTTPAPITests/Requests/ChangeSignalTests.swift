import Synchronization
import Testing

@testable import HTTPAPI

@Suite("Waiting for a strategy to change", .timeLimit(.minutes(5)))
struct ChangeSignalTests {
    @Test("a notification about the strategy wakes at once; about another one it does not")
    func notified() async throws {
        let signal = ChangeSignal()
        let (seven, eight) = (Questions(), Questions())
        async let answerOfSeven = signal.firstAnswer(about: 7, within: .seconds(3_600), every: .seconds(3_600)) {
            seven.ask()
        }
        async let answerOfEight = signal.firstAnswer(about: 8, within: .seconds(3_600), every: .seconds(3_600)) {
            eight.ask()
        }
        var sevens = seven.asked.makeAsyncIterator()
        var eights = eight.asked.makeAsyncIterator()
        #expect(await sevens.next() == 1)
        #expect(await eights.next() == 1)
        for payload in ["running", "", "fenced x", "running x 7", "7"] { signal.publish(payload) }
        for round in 2..<20 {
            signal.publish("running 8 1")
            #expect(await eights.next() == round)
        }
        seven.answer()
        signal.publish("running 7 1")
        #expect(try await answerOfSeven == 2)
        eight.answer()
        signal.publish("running 8 1")
        #expect(try await answerOfEight == 20)
        #expect(signal.waiting == 0)
    }

    @Test("without notifications it asks at intervals")
    func interval() async throws {
        let signal = ChangeSignal()
        var asked = 0
        let answer = try await signal.firstAnswer(about: 7, within: .seconds(3_600), every: .milliseconds(5)) {
            () -> Int? in
            asked += 1
            return asked == 4 ? asked : nil
        }
        #expect(answer == 4)
    }

    @Test("it gives up at the limit, after a last question")
    func limit() async throws {
        let signal = ChangeSignal()
        var asked = 0
        let start = ContinuousClock.now
        let answer = try await signal.firstAnswer(about: 7, within: .milliseconds(30), every: .seconds(3_600)) {
            () -> Int? in
            asked += 1
            return nil
        }
        #expect(answer == nil)
        #expect(asked == 2)
        #expect(ContinuousClock.now - start >= .milliseconds(30))
        #expect(signal.waiting == 0)
    }

    @Test("after a reconnection everybody asks again")
    func publishAll() async throws {
        let signal = ChangeSignal()
        let (questions, question) = AsyncStream.makeStream(of: Void.self)
        let asked = Atomic(0)
        async let answer = signal.firstAnswer(about: 7, within: .seconds(3_600), every: .seconds(3_600)) { () -> Int? in
            question.yield()
            return asked.add(1, ordering: .relaxed).newValue == 2 ? 2 : nil
        }
        var iterator = questions.makeAsyncIterator()
        await iterator.next()
        signal.publishAll()
        #expect(try await answer == 2)
    }

    @Test("an error of the question ends the wait")
    func failure() async {
        struct Broken: Error {}
        let signal = ChangeSignal()
        await #expect(throws: Broken.self) {
            try await signal.firstAnswer(about: 7, within: .seconds(3_600), every: .seconds(3_600)) { () -> Int? in
                throw Broken()
            }
        }
        #expect(signal.waiting == 0)
    }
}

/// Counts the questions, and answers once it is told to.
private final class Questions: Sendable {
    let asked: AsyncStream<Int>
    private let asking: AsyncStream<Int>.Continuation
    private let count = Atomic(0)
    private let answers = Atomic(false)

    init() {
        (asked, asking) = AsyncStream.makeStream()
    }

    func ask() -> Int? {
        let count = count.add(1, ordering: .relaxed).newValue
        asking.yield(count)
        return answers.load(ordering: .acquiring) ? count : nil
    }

    func answer() {
        answers.store(true, ordering: .releasing)
    }
}
