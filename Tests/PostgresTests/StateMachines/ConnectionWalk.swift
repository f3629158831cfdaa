import TestSupport
import Testing

@testable import Postgres

/// One random history of a connection: callers, a server that executes in order, cancel requests that strike whatever is
/// executed when they arrive, and perhaps a loss at the end.
struct ConnectionWalk {
    private enum Fate: Equatable {
        case succeeded
        case failed
        /// Never sent, by its caller's wish.
        case withdrawn
        case lostSent
        case lostUnsent
    }

    /// What the server does with a statement, reply by reply.
    private struct Executing {
        /// 0 for a sync of those that share one.
        let id: UInt64
        var replies: [ConnectionStateMachine.Reply]
        var hasBegun = false
    }

    private struct Submitted {
        let mode: ConnectionStateMachine.Mode
        var fate: Fate?
        var wantsCancel = false
        /// What the server said, the last time it executed this.
        var serverFailed = false
        /// The last failure was a cancel request's.
        var wasStruck = false
        /// How often another's error was the reason that it was not executed.
        var wasSkipped = 0
        var stale: Bool
    }

    private let seed: UInt64
    private var random: SeededGenerator
    private var machine: ConnectionStateMachine
    private var submitted: [UInt64: Submitted] = [:]
    private var server: [Executing] = []
    /// Up to the next sync.
    private var serverSkips = false
    private var cancelUnderWay: (target: UInt64, hasStruck: Bool)?
    private var lastID: UInt64 = 0
    private let window: Int

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        window = Int.random(in: 1...6, using: &random)
        machine = ConnectionStateMachine(window: window)
    }

    mutating func run() {
        let steps = Int.random(in: 20...200, using: &random)
        for _ in 0..<steps { step() }
        if Bool.random(using: &random) {
            let orphans = machine.lost()
            for id in orphans.sent { settle(id, .lostSent) }
            for id in orphans.unsent { settle(id, .lostUnsent) }
        } else {
            machine.close()
            var rounds = 0
            while !machine.mayFinish, rounds < 10_000 {
                rounds += 1
                deliverCancel()
                send()
                reply()
            }
            #expect(machine.mayFinish, "seed \(seed): something is never finished")
        }
        for (id, request) in submitted { #expect(request.fate != nil, "seed \(seed): \(id) has no answer") }
    }

    private mutating func step() {
        switch Int.random(in: 0..<10, using: &random) {
        case 0, 1, 2:
            lastID += 1
            let modes: [ConnectionStateMachine.Mode] = [.alone] + Array(repeating: .pipelined, count: 5)
            let mode = (modes + Array(repeating: .reading, count: 6)).randomElement(using: &random)!
            let stale = Int.random(in: 0..<8, using: &random) == 0
            submitted[lastID] = Submitted(mode: mode, stale: stale)
            #expect(machine.submit(lastID, mode) == true)
        case 3, 4: send()
        case 5, 6, 7: reply()
        case 8:
            let open = submitted.filter { $0.value.fate == nil }.keys.sorted()
            guard let id = open.randomElement(using: &random) else { return }
            submitted[id]?.wantsCancel = true
            switch machine.cancel(id) {
            case .failUnsent: settle(id, .withdrawn)
            case .underWay: #expect(server.contains { $0.id == id } || machine.head != nil, "seed \(seed)")
            case .none: Issue.record("seed \(seed): \(id) has no answer, and nobody knows it")
            }
        default:
            strike()
            if Bool.random(using: &random) { deliverCancel() }
        }
        if let target = machine.nextCancel() {
            #expect(cancelUnderWay == nil, "seed \(seed): two cancel requests at once")
            #expect(submitted[target]?.wantsCancel == true, "seed \(seed): \(target) was not to be cancelled")
            #expect(machine.head == target, "seed \(seed): \(target) is not being executed")
            cancelUnderWay = (target, false)
        }
    }

    private mutating func send() {
        while let action = machine.nextSend() {
            switch action {
            case .pipelined(let id), .reading(let id):
                #expect(server.allSatisfy { submitted[$0.id]?.mode != .alone }, "seed \(seed): beside a script")
                var sharesSync = false
                if case .reading = action { sharesSync = true }
                var replies: [ConnectionStateMachine.Reply] = []
                var fails = Int.random(in: 0..<5, using: &random) == 0
                let deferred = !sharesSync && Int.random(in: 0..<6, using: &random) == 0
                let prepares = Bool.random(using: &random)
                if prepares { machine.lastSentIsPrepared() }
                if submitted[id]?.stale == true {
                    submitted[id]?.stale = false
                    fails = true
                    if prepares { replies += [.success, .end] }
                    replies += [.failure(.staleStatement), .end]
                } else if prepares, fails, Bool.random(using: &random) {
                    replies += [.failure(.other), .end, .skipped, .end]
                } else {
                    if prepares { replies += [.success, .end] }
                    if fails, !deferred {
                        replies += [.failure(.other), .end]
                    } else {
                        replies += [.success, .end]
                        if fails { replies += [.failure(.other)] }
                    }
                }
                server.append(Executing(id: id, replies: replies + (sharesSync ? [] : [.sync(inTransaction: false)])))
            case .sync:
                server.append(Executing(id: 0, replies: [.sync(inTransaction: false)]))
            case .alone(let id):
                #expect(server.isEmpty, "seed \(seed): a script beside others")
                server.append(Executing(id: id, replies: [.success, .success, .end]))
            }
            #expect(server.count { $0.id != 0 } <= window, "seed \(seed): more than the window")
        }
    }

    /// The next reply arrives.
    private mutating func reply() {
        guard !server.isEmpty else { return }
        let id = server[0].id
        if !server[0].hasBegun {
            server[0].hasBegun = true
            if serverSkips, id != 0 {
                server[0].replies = server[0].replies.flatMap { $0 == .end ? [.skipped, .end] : [] }
                submitted[id]?.wasSkipped += 1
            }
        }
        let reply = server[0].replies.removeFirst()
        switch reply {
        case .failure:
            submitted[id]?.serverFailed = true
            serverSkips = submitted[id]?.mode != .alone
        case .sync: serverSkips = false
        default: break
        }
        let isOver = server[0].replies.isEmpty
        if isOver { server.removeFirst() }
        switch machine.received(reply) {
        case .none: #expect(!isOver || id == 0, "seed \(seed): \(id) is over and nobody was told")
        case .keepResult(let kept), .keepError(let kept, _), .prepared(let kept):
            #expect(kept == id, "seed \(seed): an answer of \(id) for \(kept)")
        case .complete(let completed, let completion):
            #expect(completed == id && isOver, "seed \(seed): \(completed) completed instead of \(id)")
            switch completion {
            case .succeeded:
                #expect(submitted[id]?.serverFailed == false, "seed \(seed): \(id) failed and was told it did not")
                settle(id, .succeeded)
            case .failed:
                #expect(submitted[id]?.serverFailed == true, "seed \(seed): \(id) did not fail and was told it did")
                settle(id, .failed)
            case .repeated:
                submitted[id]?.serverFailed = false
                submitted[id]?.wasStruck = false
            }
        case .violation: Issue.record("seed \(seed): \(reply) of \(id) was not understood")
        }
    }

    /// The cancel request reaches the server: whatever it executes now fails.
    private mutating func strike() {
        guard let cancel = cancelUnderWay, !cancel.hasStruck, !server.isEmpty else { return }
        cancelUnderWay?.hasStruck = true
        // Only before the result, and only what has not failed already, can be hit.
        guard !serverSkips, let position = server[0].replies.firstIndex(of: .success) else { return }
        guard !server[0].replies.contains(where: { if case .failure = $0 { true } else { false } }) else { return }
        let id = server[0].id
        if submitted[id]?.mode == .alone {
            server[0].replies = [.failure(.cancelled), .end]
        } else {
            let isPreparing = server[0].replies.filter { $0 == .success }.count == 2
            let syncs = server[0].replies.filter { $0 == .sync(inTransaction: false) }
            server[0].replies =
                Array(server[0].replies[..<position]) + [.failure(.cancelled), .end]
                + (isPreparing ? [.skipped, .end] : []) + syncs
        }
        submitted[id]?.wasStruck = true
    }

    private mutating func deliverCancel() {
        guard let cancel = cancelUnderWay else { return }
        strike()
        cancelUnderWay = nil
        machine.cancelDelivered()
        if Bool.random(using: &random) { machine.cancelAgain(cancel.target) }
    }

    private mutating func settle(_ id: UInt64, _ fate: Fate) {
        #expect(submitted[id]?.fate == nil, "seed \(seed): \(id) has two answers")
        #expect((submitted[id]?.wasSkipped ?? 0) <= 1, "seed \(seed): \(id) had to suffer twice for others")
        submitted[id]?.fate = fate
        if fate == .failed, submitted[id]?.wasStruck == true {
            #expect(submitted[id]?.wantsCancel == true, "seed \(seed): \(id) was harmed by another's cancel request")
        }
    }
}
