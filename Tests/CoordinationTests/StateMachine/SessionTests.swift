import Testing

@testable import Coordination

/// Joining, the lease, losing the session and coming back.
@Suite struct SessionTests {
    @Test func `a replica opens its session, joins, renews, and then watches`() {
        var driver = MachineDriver()
        #expect(driver.send(.start) == [.openSession(generation: 1, after: .zero)])
        #expect(driver.open() == [.join(generation: 1)])
        let joined = driver.send(.joined(4, generation: 1, sentAt: driver.now))
        #expect(joined == [.renew(4, ReplicaStamp(generation: 1, version: 0), unseen: [])])
        #expect(driver.renewed(Membership([.of(4), .of(6)])) == [.watch(6, by: 4, attempt: 1, seenHeld: false)])
    }

    @Test func `it trusts itself until the TTL less the margin after the moment before the renewal was sent`() {
        var driver = MachineDriver.member()
        let sentAt = driver.now
        driver.pass(.milliseconds(400))
        driver.renewed(Membership([.of(1)]), sentAt: sentAt)
        #expect(driver.machine.trustedUntil == sentAt.advanced(by: .milliseconds(2_700)))
    }

    @Test func `an answer that was long under way never shortens the trust`() {
        var driver = MachineDriver.member()
        let before = driver.machine.trustedUntil
        driver.renewed(Membership([.of(1)]), sentAt: driver.now.advanced(by: .milliseconds(-900)))
        #expect(driver.machine.trustedUntil == before)
    }

    @Test func `trusted until passes: it suspends, once, exactly then; a renewal resumes`() {
        var driver = MachineDriver.member()
        let deadline = driver.machine.trustedUntil!
        let actions = driver.tick(for: .seconds(10))
        #expect(actions.count { $0 == .suspend } == 1)
        #expect(driver.machine.isSuspended)
        var other = MachineDriver.member()
        other.tick(for: other.now.duration(to: deadline) - .microseconds(1))
        #expect(!other.machine.isSuspended)
        #expect(driver.renewed(Membership([.of(1)])).contains(.resume))
        #expect(!driver.machine.isSuspended)
    }

    @Test func `a renewal that is answered when it is worth nothing any more does not resume`() {
        var driver = MachineDriver.member()
        let sentAt = driver.now
        driver.tick(for: .seconds(5))
        #expect(!driver.renewed(Membership([.of(1)]), sentAt: sentAt).contains(.resume))
        #expect(driver.machine.isSuspended)
    }

    @Test func `fenced: everything is abandoned, and it joins again as a new replica`() {
        var driver = MachineDriver.owner(of: [3: 5, 8: 2])
        let tokens = driver.tokens([3: 5, 8: 2])
        let actions = driver.send(.refused(1))
        #expect(actions == [.abandon(tokens), .closeSession, .openSession(generation: 2, after: .zero)])
        #expect(driver.machine.id == nil && driver.machine.owned.isEmpty && driver.machine.trustedUntil == nil)
        #expect(driver.open() == [.join(generation: 2)])
        driver.send(.joined(9, generation: 2, sentAt: driver.now))
        #expect(driver.machine.id == 9 && driver.machine.owned.isEmpty)
    }

    @Test func `fenced while suspended: the host is not left suspended for the next life`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.tick(for: .seconds(4))
        #expect(driver.machine.isSuspended)
        #expect(
            driver.send(.refused(1)).prefix(2) == [.abandon([FencingToken(shard: 3, owner: 1, epoch: 5)]), .resume]
        )
        #expect(!driver.machine.isSuspended)
    }

    @Test func `the session is lost: it keeps its shards, reattaches, lists and goes on`() {
        var driver = MachineDriver.owner(of: [3: 5], with: [.of(2)])
        #expect(driver.send(.sessionLost(generation: 1)) == [.openSession(generation: 2, after: .zero)])
        #expect(driver.machine.owned == [3: 5])
        #expect(driver.open() == [.reattach(1, generation: 2)])
        let actions = driver.send(.reattached(1, generation: 2, sentAt: driver.now))
        #expect(actions.renewals == 1 && actions.listings.count == 1 && actions.contains(.refresh))
        #expect(!actions.contains { if case .abandon = $0 { true } else { false } })
    }

    @Test func `suspended, then reattached: it resumes`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.sessionLost(generation: 1))
        #expect(driver.tick(for: .seconds(4)).contains(.suspend))
        driver.open()
        #expect(driver.send(.reattached(1, generation: 2, sentAt: driver.now)).contains(.resume))
        #expect(driver.machine.owned == [3: 5])
    }

    @Test func `reattaching is refused: as fenced`() {
        var driver = MachineDriver.owner(of: [3: 5])
        driver.send(.sessionLost(generation: 1))
        driver.open()
        #expect(driver.send(.refused(1)).abandoned == [FencingToken(shard: 3, owner: 1, epoch: 5)])
        #expect(driver.machine.id == nil)
    }

    @Test func `while the session is being replaced nothing is asked and nobody is fenced`() {
        var driver = MachineDriver.owner(of: [3: 5], with: [.of(2, held: true)])
        driver.send(.sessionLost(generation: 1))
        let events: [ReplicaEvent<SimulatedInstant>] = [
            .heardReleased(for: nil), .heardFenced(1), .heardFenced(2), .watched(2, attempt: 1, .fenced),
            .fenceAnswered(2, isCommitted: true), .claimUnknown(by: 1), .tick,
        ]
        for event in events { #expect(driver.send(event) == [], "\(event)") }
        driver.open()
        for event in events { #expect(driver.send(event) == [], "\(event)") }
        #expect(driver.tick(for: .seconds(2)) == [])
    }

    @Test func `sessions that cannot be opened are tried again, at once and then more and more slowly`() {
        var driver = MachineDriver()
        driver.send(.start)
        var pauses: [Duration] = []
        for generation in 1...200 {
            guard case .openSession(_, let pause) = driver.send(.sessionLost(generation: generation)).first else {
                continue
            }
            pauses.append(pause)
        }
        #expect(pauses.count == 200)
        #expect(pauses == pauses.sorted())
        // A restart of the database is over within seconds: for so long, none of them may be missed by much.
        #expect(pauses[..<100].allSatisfy { $0 <= .milliseconds(50) } && pauses.last == .seconds(1))
    }

    @Test func `an answer of an older session is ignored`() {
        var driver = MachineDriver.owner(of: [3: 5], with: [.of(2)])
        let stamp = driver.machine.stamp
        driver.send(.sessionLost(generation: 1))
        #expect(driver.send(.sessionLost(generation: 1)) == [])
        #expect(driver.send(.sessionOpened(generation: 1)) == [])
        driver.open()
        #expect(driver.send(.sessionOpened(generation: 2)) == [])
        driver.send(.reattached(1, generation: 2, sentAt: driver.now))
        let trusted = driver.machine.trustedUntil
        driver.pass(.milliseconds(100))
        #expect(driver.send(.renewed(1, Membership([.of(1), .of(2, held: true)]), sentAt: driver.now, stamp)) == [])
        #expect(driver.machine.trustedUntil == trusted && driver.machine.seenHeld.isEmpty)
        driver.send(.renewalFailed(1, stamp))
        #expect(driver.machine.isRenewing)
    }

    @Test func `a join that is answered after its session has ended is ignored`() {
        var driver = MachineDriver()
        driver.send(.start)
        driver.open()
        driver.send(.sessionLost(generation: 1))
        #expect(driver.open() == [.join(generation: 2)])
        #expect(driver.send(.joined(4, generation: 1, sentAt: driver.now)) == [])
        #expect(driver.machine.id == nil)
        driver.send(.joined(5, generation: 2, sentAt: driver.now))
        #expect(driver.machine.id == 5)
    }

    @Test func `an answer to the replica that this process was before is ignored`() {
        var driver = MachineDriver.owner(of: [3: 5])
        let old = driver.tokens([3: 5])
        driver.send(.heardReleased(for: nil))
        driver.send(.refused(1))
        driver.open()
        driver.send(.joined(2, generation: 2, sentAt: driver.now))
        driver.renewed(Membership([.of(2)], orphans: 1))
        #expect(driver.machine.isClaiming)
        let before = driver.machine.version
        let events: [ReplicaEvent<SimulatedInstant>] = [
            .claimed([ShardClaim(token: old[0], strategies: 1)], missed: 3, by: 1), .claimUnknown(by: 1),
            .owned(old, by: 1, driver.machine.stamp), .listingFailed(by: 1), .handedOver(old, by: 1),
            .handOverUnknown(old, by: 1), .handedOverEverything(old, by: 1), .handOverEverythingUnknown(by: 1),
            .left(1), .leaveFailed(1), .refused(1),
            .renewed(1, Membership([]), sentAt: driver.now, driver.machine.stamp),
        ]
        for event in events { #expect(driver.send(event) == [], "\(event)") }
        #expect(driver.machine.isClaiming && driver.machine.version == before && driver.machine.owned.isEmpty)
    }

    @Test func `told that it was fenced it asks at once, also behind a renewal that was sent before`() {
        var driver = MachineDriver.member()
        #expect(driver.send(.heardFenced(1)).renewals == 1)
        #expect(driver.send(.heardFenced(1)).renewals == 0)
        #expect(driver.renewed(Membership([.of(1)])).renewals == 1)
        #expect(driver.renewed(Membership([.of(1)])).renewals == 0)
    }

    @Test func `fenced again and again it joins later and later; after a calm minute at once`() {
        var driver = MachineDriver.member()
        func pause(_ actions: [ReplicaAction]) -> Duration? {
            actions.compactMap { if case .openSession(_, let pause) = $0 { pause } else { nil } }.first
        }
        func rejoin(_ driver: inout MachineDriver, _ id: ReplicaID) {
            driver.open()
            driver.send(.joined(id, generation: driver.machine.generation, sentAt: driver.now))
        }
        var pauses: [Duration?] = []
        for id in 1...9 as ClosedRange<ReplicaID> {
            pauses.append(pause(driver.send(.refused(id))))
            rejoin(&driver, id + 1)
            driver.pass(.seconds(5))
        }
        let milliseconds = [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]
        #expect(pauses == milliseconds.map { .milliseconds($0) })
        driver.pass(.seconds(60))
        #expect(pause(driver.send(.refused(10))) == .zero)
        rejoin(&driver, 11)
        #expect(pause(driver.send(.refused(11))) == .milliseconds(250))
    }
}
