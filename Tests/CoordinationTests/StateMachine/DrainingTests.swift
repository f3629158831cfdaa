import Testing

@testable import Coordination

/// Leaving.
@Suite struct DrainingTests {
    @Test func `a drain hands everything over, leaves, and ends`() {
        var driver = MachineDriver.owner(of: [3: 5, 4: 1])
        let tokens = driver.tokens([3: 5, 4: 1])
        #expect(driver.send(.drain) == [.handOverEverything(tokens, by: 1)])
        #expect(driver.send(.handedOverEverything(tokens, by: 1)) == [.abandon(tokens), .leave(1)])
        #expect(driver.send(.left(1)) == [.closeSession, .finish])
        #expect(driver.machine.isFinished && driver.machine.deadline == nil)
        #expect(driver.send(.tick) == [] && driver.send(.drain) == [])
    }

    @Test func `whoever owns nothing just leaves`() {
        var driver = MachineDriver.member()
        #expect(driver.send(.drain) == [.leave(1)])
    }

    @Test func `a second drain changes nothing`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.drain)
        driver.pass(.seconds(1))
        #expect(driver.send(.drain) == [])
    }

    @Test func `a drain waits for a claim under way, and hands on what it brings`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.heardReleased(for: nil))
        #expect(driver.send(.drain) == [])
        let actions = driver.send(.claimed(driver.claims([8: 1]), missed: 0, by: 1))
        #expect(actions == [.handOverEverything(driver.tokens([3: 5, 8: 1]), by: 1)])
    }

    @Test func `a drain waits for a hand-over under way`() {
        let owned: [Int: Int64] = [1: 1, 2: 1, 3: 1, 4: 1]
        var driver = MachineDriver.owner(of: owned)
        driver.renewed(Membership([.of(1, strategies: 4, owned: owned), .of(2)]))
        #expect(driver.send(.drain) == [])
        let actions = driver.send(.handedOver(driver.tokens([1: 1]), by: 1))
        #expect(actions.contains(.handOverEverything(driver.tokens([2: 1, 3: 1, 4: 1]), by: 1)))
    }

    @Test func `what a claim of unknown fate has brought is found, and handed on`() throws {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.heardReleased(for: nil))
        driver.send(.drain)
        let listing = driver.send(.claimUnknown(by: 1)).listings
        #expect(listing.count == 1)
        let actions = driver.send(.owned(driver.tokens([3: 5, 8: 1]), by: 1, try #require(listing.first)))
        #expect(actions == [.handOverEverything(driver.tokens([3: 5, 8: 1]), by: 1)])
    }

    @Test func `while draining nothing is claimed and the lease is renewed`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.drain)
        #expect(driver.renewed(Membership([.of(1, draining: true, owned: [3: 5])], orphans: 5)).claims == 0)
        #expect(driver.send(.heardReleased(for: nil)) == [])
        #expect(driver.tick(for: .seconds(1)).renewals == 1)
    }

    @Test func `a drain while joining awaits the answer, and leaves`() {
        var driver = MachineDriver()
        driver.send(.start)
        driver.open()
        #expect(driver.send(.drain) == [])
        #expect(driver.send(.joined(1, generation: 1, sentAt: driver.now)) == [.leave(1)])
    }

    @Test func `a drain while joining ends with the session`() {
        var driver = MachineDriver()
        driver.send(.start)
        driver.open()
        driver.send(.drain)
        #expect(driver.send(.sessionLost(generation: 1)) == [.closeSession, .finish])
    }

    @Test func `a drain before anything was joined ends at once`() {
        var driver = MachineDriver()
        driver.send(.start)
        #expect(driver.send(.drain) == [.closeSession, .finish])
    }

    @Test func `a drain without a session waits for one, lists, and goes on`() throws {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.sessionLost(generation: 1))
        #expect(driver.send(.drain) == [])
        driver.open()
        let listing = driver.send(.reattached(1, generation: 2, sentAt: driver.now)).listings
        #expect(listing.count == 1)
        let actions = driver.send(.owned(driver.tokens([3: 5]), by: 1, try #require(listing.first)))
        #expect(actions == [.handOverEverything(driver.tokens([3: 5]), by: 1)])
    }

    @Test func `the session is lost in the middle of a drain: the rest is handed over when there is a new one`() throws
    {
        var driver = MachineDriver.owner(of: [3: 5, 4: 1])
        driver.send(.drain)
        driver.send(.sessionLost(generation: 1))
        #expect(driver.send(.handOverEverythingUnknown(by: 1)) == [])
        driver.open()
        let listing = driver.send(.reattached(1, generation: 2, sentAt: driver.now)).listings
        let actions = driver.send(.owned(driver.tokens([4: 1]), by: 1, try #require(listing.first)))
        #expect(actions == [.abandon(driver.tokens([3: 5])), .handOverEverything(driver.tokens([4: 1]), by: 1)])
    }

    @Test func `a drain without a database suspends, and waits for it`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.sessionLost(generation: 1))
        driver.send(.drain)
        #expect(driver.tick(for: .seconds(60)) == [.suspend])
        #expect(!driver.machine.isFinished)
    }

    @Test func `what could not be settled is tried again`() {
        var driver = MachineDriver.owner(of: [3: 5, 4: 1])
        driver.send(.drain)
        driver.send(.handedOverEverything(driver.tokens([4: 1]), by: 1))
        #expect(driver.tick(for: .milliseconds(60)).contains(.handOverEverything(driver.tokens([3: 5]), by: 1)))
    }

    @Test func `leaving fails while something is owned: it is found and handed over`() throws {
        var driver = MachineDriver.member()
        driver.send(.drain)
        driver.send(.leaveFailed(1))
        let listing = driver.tick(for: .milliseconds(60)).listings
        #expect(listing.count == 1)
        let actions = driver.send(.owned(driver.tokens([9: 4]), by: 1, try #require(listing.first)))
        #expect(actions == [.handOverEverything(driver.tokens([9: 4]), by: 1)])
    }

    @Test func `fenced in the middle of a drain: abandoned and over`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.drain)
        let tokens = driver.tokens([3: 5])
        #expect(driver.send(.refused(1)) == [.abandon(tokens), .closeSession, .finish])
        #expect(driver.send(.handedOverEverything(tokens, by: 1)) == [])
    }

    @Test func `a mark on its row, made by anyone, makes a replica drain`() {
        var driver = MachineDriver.owner(of: [3: 5])
        let actions = driver.renewed(Membership([.of(1, draining: true, owned: [3: 5])]))
        #expect(actions.contains(.handOverEverything(driver.tokens([3: 5]), by: 1)))
        #expect(driver.machine.isDraining)
    }

    @Test func `asked to drain: it looks at its row at once; what is asked of another one is nothing to it`() {
        var driver = MachineDriver.owner(of: [3: 5])
        #expect(driver.send(.heardDrain(2)) == [])
        #expect(driver.send(.heardDrain(1)).renewals == 1)
        // The renewal under way may have looked before the mark was made.
        #expect(driver.send(.heardDrain(1)) == [])
        let actions = driver.renewed(Membership([.of(1, owned: [3: 5])]))
        #expect(actions.renewals == 1 && !driver.machine.isDraining)
    }
}
