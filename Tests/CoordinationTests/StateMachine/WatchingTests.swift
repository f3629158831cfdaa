import Testing

@testable import Coordination

/// Finding the dead.
@Suite struct WatchingTests {
    /// Replica 1 beside 2 and 3, its session up for longer than one TTL, and the first look at 2 still to be answered.
    private func watcher(remaining: Duration = .seconds(3), up: Duration = .seconds(4)) -> (MachineDriver, Int) {
        var driver = MachineDriver.member(
            1,
            with: [.of(2, remaining: .seconds(100)), .of(3, remaining: .seconds(100))]
        )
        let attempt = driver.machine.watch!.attempt!
        var left = up
        while left > .zero {
            driver.pass(min(left, .seconds(1)))
            left -= .seconds(1)
            driver.renewed(Membership([.of(1), .of(2, remaining: remaining), .of(3, remaining: remaining)]))
        }
        return (driver, attempt)
    }

    @Test func `whoever was seen held is fenced by the question that finds its lock free; then its shards are claimed`()
        throws
    {
        var (driver, attempt) = watcher()
        let poll = driver.send(.watched(2, attempt: attempt, .held)).watches
        #expect(poll.map(\.target) == [2] && poll.map(\.seenHeld) == [true])
        let actions = driver.send(.watched(2, attempt: try #require(poll.first).attempt, .fenced))
        #expect(actions.claims == 1 && actions.fences.isEmpty && actions.contains(.endBackends(2)))
    }

    @Test func `a free lock that was never seen held proves nothing: it is looked at again`() {
        var (driver, attempt) = watcher()
        #expect(driver.send(.watched(2, attempt: attempt, .free)) == [])
        let again = driver.tick(for: .milliseconds(150))
        #expect(again.fences.isEmpty && again.watches.map(\.seenHeld) == [false])
    }

    @Test func `a lock seen held in the last session proves nothing in this one`() throws {
        var (driver, attempt) = watcher()
        driver.send(.watched(2, attempt: attempt, .held))
        driver.send(.sessionLost(generation: 1))
        driver.open()
        driver.send(.reattached(1, generation: 2, sentAt: driver.now))
        let watches = driver.renewed(Membership([.of(1), .of(2), .of(3)])).watches
        #expect(watches.map(\.target) == [2] && watches.map(\.seenHeld) == [false])
    }

    @Test func `an answer to a question of the last session is ignored`() throws {
        var (driver, attempt) = watcher()
        let poll = try #require(driver.send(.watched(2, attempt: attempt, .held)).watches.first).attempt
        driver.send(.sessionLost(generation: 1))
        driver.open()
        driver.send(.reattached(1, generation: 2, sentAt: driver.now))
        driver.renewed(Membership([.of(1), .of(2), .of(3)]))
        #expect(driver.send(.watched(2, attempt: poll, .held)) == [])
        #expect(!driver.machine.seenHeld.contains(2))
        #expect(driver.send(.watchFailed(2, attempt: poll)) == [])
        #expect(driver.machine.watch?.attempt != nil)
    }

    @Test func `after the watching connection was lost nothing seen before counts`() throws {
        var (driver, attempt) = watcher()
        let poll = try #require(driver.send(.watched(2, attempt: attempt, .held)).watches.first).attempt
        #expect(driver.send(.watchFailed(2, attempt: poll)) == [])
        let again = driver.tick(for: .milliseconds(60)).watches
        #expect(again.map(\.seenHeld) == [false])
    }

    @Test func `the ring heals: the next neighbour's lock, seen held at a heartbeat, counts as well`() throws {
        var (driver, attempt) = watcher()
        let poll = try #require(driver.send(.watched(2, attempt: attempt, .held)).watches.first).attempt
        let long = Duration.seconds(3)
        driver.renewed(Membership([.of(1), .of(2, remaining: long), .of(3, remaining: long, held: true)]))
        // Both die at once.
        let actions = driver.send(.watched(2, attempt: poll, .fenced))
        // First the claim, a moment later the picture.
        #expect(actions.claims == 1 && actions.renewals == 0)
        #expect(driver.now.duration(to: driver.machine.renewAt!) <= .milliseconds(100))
        #expect(actions.watches.map(\.target) == [3] && actions.watches.map(\.seenHeld) == [true])
    }

    @Test func `a heartbeat asks only for locks that were not seen held yet`() {
        var (driver, attempt) = watcher()
        driver.send(.watched(2, attempt: attempt, .held))
        let actions = driver.tick(for: .milliseconds(500))
        #expect(actions.contains { if case .renew(1, _, let unseen) = $0 { unseen == [3] } else { false } })
    }

    @Test func `told of a fenced neighbour it watches the next one and claims, without waiting for a heartbeat`() {
        var (driver, _) = watcher()
        let actions = driver.send(.heardFenced(2))
        #expect(actions.claims == 1 && actions.watches.map(\.target) == [3])
    }

    @Test func `whoever has fenced hears of it like all others, in either order, and claims once`() throws {
        for hearsFirst in [true, false] {
            var (driver, attempt) = watcher()
            let poll = try #require(driver.send(.watched(2, attempt: attempt, .held)).watches.first).attempt
            let events: [MachineDriver.Machine.Event] = [.heardFenced(2), .watched(2, attempt: poll, .fenced)]
            let actions = (hearsFirst ? events : events.reversed()).map { driver.send($0) }
            #expect(actions.map(\.claims) == [1, 0])
            #expect(actions.count { $0.contains(.endBackends(2)) } == 1)
            let next = driver.send(.claimed(driver.claims([7: 2]), missed: 0, by: 1))
            #expect(next.claims == 0, "nor again when that is answered")
        }
    }

    @Test func `a neighbour that joins in between is watched instead, and old answers do not add up`() {
        var driver = MachineDriver.member(1, with: [.of(9)])
        let first = driver.machine.watch!.attempt!
        driver.renewed(Membership([.of(1), .of(5), .of(9)]))
        driver.renewed(Membership([.of(1), .of(9)]))
        let now = driver.machine.watch!
        #expect(now.target == 9 && now.attempt != first)
        #expect(driver.send(.watched(9, attempt: first, .held)) == [])
        #expect(driver.send(.watched(9, attempt: now.attempt!, .held)).watches.count == 1)
    }

    @Test func `a fence that was not committed: look again, and believe nothing seen before`() throws {
        var (driver, attempt) = watcher()
        let poll = try #require(driver.send(.watched(2, attempt: attempt, .held)).watches.first).attempt
        #expect(driver.send(.watched(2, attempt: poll, .free)).renewals == 1)
        #expect(driver.tick(for: .milliseconds(20)).watches.map(\.seenHeld) == [false])
    }

    @Test func `a fence for a lease that was not committed: the same`() throws {
        var (driver, attempt) = watcher(remaining: .milliseconds(200))
        driver.pass(.milliseconds(201))
        #expect(driver.send(.tick).fences == [2, 3])
        driver.send(.watched(2, attempt: attempt, .held))
        driver.send(.fenceAnswered(2, isCommitted: false))
        #expect(driver.tick(for: .milliseconds(20)).watches.map(\.seenHeld) == [false])
    }

    @Test func `an expired lease is looked at exactly when it expires`() {
        var (driver, _) = watcher(remaining: .milliseconds(200))
        let expiry = driver.now.advanced(by: .milliseconds(201))
        #expect(driver.machine.judgeLeasesAt == expiry)
        driver.now = expiry
        #expect(driver.send(.tick).fences.sorted() == [2, 3], "both, if both have expired")
        #expect(driver.send(.tick).fences.isEmpty, "once")
    }

    @Test func `leases are judged only by a session that has been up for one TTL`() {
        var (driver, _) = watcher(remaining: .milliseconds(200), up: .zero)
        let openedAt = driver.now
        driver.renewed(Membership([.of(1), .of(2, remaining: .seconds(-5)), .of(3)]))
        #expect(driver.tick(for: .seconds(3) - .microseconds(1)).fences.isEmpty)
        driver.now = openedAt.advanced(by: .seconds(3))
        #expect(driver.send(.tick).fences == [2])
    }

    @Test func `that time begins anew with each session`() {
        var (driver, _) = watcher(up: .seconds(60))
        driver.send(.sessionLost(generation: 1))
        driver.pass(.seconds(10))
        driver.open()
        driver.send(.reattached(1, generation: 2, sentAt: driver.now))
        driver.renewed(Membership([.of(1), .of(2, remaining: .seconds(-7)), .of(3, remaining: .seconds(-7))]))
        #expect(driver.tick(for: .milliseconds(2_990)).fences.isEmpty)
        #expect(driver.tick(for: .milliseconds(20)).fences.count == 2)
    }

    @Test func `a heartbeat that shows the lease renewed puts the judgement off`() {
        var (driver, _) = watcher(remaining: .milliseconds(200))
        driver.pass(.milliseconds(150))
        driver.renewed(Membership([.of(1), .of(2), .of(3)]))
        driver.pass(.milliseconds(100))
        #expect(driver.send(.tick).fences.isEmpty)
    }

    @Test func `a draining replica still finds the dead`() throws {
        var (driver, attempt) = watcher()
        driver.send(.heardReleased(for: nil))
        driver.send(.drain)
        let poll = try #require(driver.send(.watched(2, attempt: attempt, .held)).watches.first).attempt
        #expect(driver.send(.watched(2, attempt: poll, .fenced)).contains(.endBackends(2)))
    }
}
