import Testing

@testable import Coordination

/// Claiming, handing over, and agreeing with the database.
@Suite struct OwnershipTests {
    @Test func `orphans seen at a heartbeat are claimed, brought up, and claimed again until there are none`() {
        var driver = MachineDriver.member()
        #expect(driver.renewed(Membership([.of(1)], orphans: 4)).claims == 1)
        let claims = driver.claims([0: 1, 5: 1])
        #expect(driver.send(.claimed(claims, missed: 0, by: 1)) == [.bringUp(claims)])
        // What is left are empty shards: first what was taken is brought up, whatever a heartbeat says.
        #expect(driver.renewed(Membership([.of(1)], orphans: 2)).claims == 0)
        #expect(driver.tick(for: .milliseconds(50)).claims == 1)
        #expect(driver.send(.claimed([], missed: 0, by: 1)) == [])
        #expect(driver.machine.owned == [0: 1, 5: 1] && driver.machine.claimAt == nil)
    }

    @Test func `one claim at a time; what is heard meanwhile leads to another`() {
        var driver = MachineDriver.member()
        #expect(driver.send(.heardReleased(for: nil)).claims == 1)
        #expect(driver.send(.heardReleased(for: nil)).claims == 0)
        #expect(driver.send(.claimed([], missed: 0, by: 1)).claims == 1)
        #expect(driver.send(.claimed([], missed: 0, by: 1)).claims == 0)
    }

    @Test func `what is released to somebody by name is claimed by it alone, and not again`() {
        var driver = MachineDriver.member(1, with: [.of(2), .of(3, draining: true)])
        #expect(driver.send(.heardReleased(for: 2)) == [])
        #expect(driver.send(.heardReleased(for: 1)) == [.claim(1, handedOnly: true)])
        let claims = driver.claims([7: 2])
        #expect(driver.send(.claimed(claims, missed: 0, by: 1)) == [.bringUp(claims)])
        // Who leaves, or is not known, may never take it.
        #expect(driver.send(.heardReleased(for: 3)) == [.claim(1)])
        driver.send(.claimed([], missed: 0, by: 1))
        #expect(driver.send(.heardReleased(for: 9)) == [.claim(1)])
    }

    @Test func `what is released to it while it claims leads to another claim, as large as needed`() {
        var driver = MachineDriver.member()
        driver.send(.heardReleased(for: 1))
        #expect(driver.send(.heardReleased(for: 1)) == [])
        #expect(driver.send(.claimed([], missed: 0, by: 1)) == [.claim(1, handedOnly: true)])
        #expect(driver.send(.heardReleased(for: 1)) == [] && driver.send(.heardReleased(for: nil)) == [])
        #expect(driver.send(.claimed([], missed: 0, by: 1)) == [.claim(1)])
        #expect(driver.send(.claimed([], missed: 0, by: 1)) == [])
    }

    @Test func `it gets ready for what is announced to it, unless it leaves itself`() {
        var driver = MachineDriver.member(1, with: [.of(2)])
        #expect(driver.send(.heardAnnounced([4, 5], to: 2, from: 3)) == [])
        #expect(driver.send(.heardAnnounced([4, 5], to: 1, from: 2)) == [.expect([4, 5], from: 2, by: 1)])
        driver.send(.drain)
        #expect(driver.send(.heardAnnounced([4, 5], to: 1, from: 2)) == [])
    }

    @Test func `orphans that were locked are looked at again, soon and then less often`() {
        var driver = MachineDriver.member()
        driver.send(.heardReleased(for: nil))
        var waits: [Duration] = []
        for _ in 0..<8 {
            driver.send(.claimed([], missed: 2, by: 1))
            waits.append(driver.now.duration(to: driver.machine.claimAt!))
            driver.now = driver.machine.claimAt!
            #expect(driver.send(.tick).claims == 1)
        }
        #expect(waits.first == .milliseconds(5) && waits == waits.sorted() && waits.last! <= .milliseconds(200))
    }

    @Test func `a claim of unknown fate: what is owned is listed, and what is found is brought up`() throws {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.heardReleased(for: nil))
        let listing = driver.send(.claimUnknown(by: 1)).listings
        #expect(listing.count == 1)
        let actions = driver.send(.owned(driver.tokens([3: 5, 7: 2]), by: 1, try #require(listing.first)))
        #expect(actions.broughtUp == driver.tokens([7: 2]) && actions.abandoned.isEmpty)
        #expect(driver.machine.owned == [3: 5, 7: 2])
    }

    @Test func `what runs here but is not owned is abandoned; under another epoch it is both`() throws {
        var driver = MachineDriver.owner(of: [3: 5, 4: 1])
        driver.send(.heardReleased(for: nil))
        let listing = try #require(driver.send(.claimUnknown(by: 1)).listings.first)
        let actions = driver.send(.owned(driver.tokens([4: 3]), by: 1, listing))
        #expect(actions == [.abandon(driver.tokens([3: 5, 4: 1])), .bringUp(driver.claims([4: 3]))])
    }

    @Test func `a heartbeat that shows other sums leads to a listing, one from before a change does not`() {
        var driver = MachineDriver.owner(of: [3: 5])
        let before = driver.machine.stamp
        driver.send(.heardReleased(for: nil))
        driver.send(.claimed(driver.claims([9: 1]), missed: 0, by: 1))
        driver.send(.claimed([], missed: 0, by: 1))
        let stale = driver.send(.renewed(1, Membership([.of(1, owned: [3: 5])]), sentAt: driver.now, before))
        #expect(stale.listings.isEmpty)
        #expect(driver.renewed(Membership([.of(1, owned: [3: 5, 9: 1])])).listings.isEmpty)
        #expect(driver.renewed(Membership([.of(1, owned: [3: 5, 8: 1])])).listings.count == 1)
    }

    @Test func `a listing that was overtaken by a claim is repeated, not believed`() throws {
        var driver = MachineDriver.owner(of: [3: 5])
        let listing = try #require(driver.renewed(Membership([.of(1, owned: [3: 6])])).listings.first)
        driver.send(.heardReleased(for: nil))
        driver.send(.claimed(driver.claims([7: 1]), missed: 0, by: 1))
        let actions = driver.send(.owned(driver.tokens([3: 5]), by: 1, listing))
        #expect(actions.abandoned.isEmpty && driver.machine.owned == [3: 5, 7: 1])
        #expect(actions.listings.count == 1)
    }

    @Test func `a listing that failed is asked for again at the next heartbeat`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.heardReleased(for: nil))
        #expect(driver.send(.claimUnknown(by: 1)).listings.count == 1)
        #expect(driver.send(.listingFailed(by: 1)) == [])
        #expect(driver.renewed(Membership([.of(1, owned: [3: 5])])).listings.count == 1)
    }

    @Test func `the session is lost while a listing, a claim and a hand-over are under way: none is stuck`() {
        var driver = MachineDriver.owner(of: [3: 5], with: [.of(2)])
        driver.send(.heardReleased(for: nil))
        driver.send(.sessionLost(generation: 1))
        driver.open()
        // The answers to what was under way come late.
        let reattached = driver.send(.reattached(1, generation: 2, sentAt: driver.now))
        #expect(reattached.listings.isEmpty)
        #expect(driver.send(.claimUnknown(by: 1)).listings.count == 1)
        driver.send(.sessionLost(generation: 2))
        driver.send(.listingFailed(by: 1))
        driver.open()
        #expect(driver.send(.reattached(1, generation: 3, sentAt: driver.now)).listings.count == 1)
    }

    @Test func `the fullest hands over, one move at a time, and forgets what is gone`() {
        let owned: [Int: Int64] = [1: 1, 2: 1, 3: 1, 4: 1]
        var driver = MachineDriver.owner(of: owned)
        let picture = Membership([.of(1, strategies: 4, owned: owned), .of(2)])
        let actions = driver.renewed(picture)
        #expect(actions.contains(.handOver(PlacementPolicy.HandOver(givesStrategies: true), in: picture, by: 1)))
        #expect(!driver.renewed(picture).contains { if case .handOver = $0 { true } else { false } })
        let gone = driver.tokens([1: 1, 2: 1])
        #expect(driver.send(.handedOver(gone, by: 1)).abandoned == gone)
        #expect(driver.machine.owned == [3: 1, 4: 1])
    }

    @Test func `a hand-over of unknown fate: what turns out to be owned still is brought up again`() throws {
        let owned: [Int: Int64] = [1: 1, 2: 1, 3: 1, 4: 1]
        var driver = MachineDriver.owner(of: owned)
        driver.renewed(Membership([.of(1, strategies: 4, owned: owned), .of(2)]))
        let settled = driver.tokens([1: 1, 2: 1])
        let listing = driver.send(.handOverUnknown(settled, by: 1)).listings
        #expect(listing.count == 1)
        let actions = driver.send(.owned(driver.tokens([2: 1, 3: 1, 4: 1]), by: 1, try #require(listing.first)))
        #expect(actions.broughtUp == driver.tokens([2: 1]))
        #expect(driver.machine.owned == [2: 1, 3: 1, 4: 1])
    }

    @Test func `a hand-over that is answered after having been fenced brings nothing up`() {
        let owned: [Int: Int64] = [1: 1, 2: 1, 3: 1, 4: 1]
        var driver = MachineDriver.owner(of: owned)
        let settled = driver.tokens([1: 1, 2: 1])
        driver.renewed(Membership([.of(1, strategies: 4, owned: owned), .of(2)]))
        driver.send(.refused(1))
        driver.open()
        driver.send(.joined(3, generation: 2, sentAt: driver.now))
        #expect(driver.send(.handOverUnknown(settled, by: 1)) == [])
        #expect(driver.machine.owned.isEmpty && !driver.machine.isHandingOver)
    }

    @Test func `a shard that came back under a new epoch is not forgotten for the old one`() {
        var driver = MachineDriver.owner(of: [1: 1, 2: 1])
        let old = driver.tokens([1: 1])
        driver.send(.heardReleased(for: nil))
        driver.send(.claimed(driver.claims([1: 3]), missed: 0, by: 1))
        #expect(driver.send(.handedOver(old, by: 1)).abandoned.isEmpty)
        #expect(driver.machine.owned[1] == 3)
    }

    @Test func `a change of what is wanted shows in the heartbeat, also if its notification was lost`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.renewed(Membership([.of(1, owned: [3: 5], revisions: 7)]))
        #expect(!driver.renewed(Membership([.of(1, owned: [3: 5], revisions: 7)])).contains(.refresh))
        #expect(driver.renewed(Membership([.of(1, owned: [3: 5], revisions: 8)])).contains(.refresh))
        #expect(driver.send(.heardNothingForAWhile).contains(.refresh))
    }
}
