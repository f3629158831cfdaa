import Testing

@testable import Postgres

@Suite struct ConnectionStateMachineTests {
    private typealias Machine = ConnectionStateMachine

    private func machine(sent ids: [UInt64], window: Int = 8) -> Machine {
        var machine = Machine(window: window)
        for id in ids {
            #expect(machine.submit(id, .pipelined) == true)
            #expect(machine.nextSend() == .pipelined(id))
        }
        return machine
    }

    /// All the replies of a statement that goes well.
    private func succeed(_ machine: inout Machine, _ id: UInt64) {
        #expect(machine.received(.success) == .keepResult(id))
        #expect(machine.received(.end) == .none)
        #expect(machine.received(.sync(inTransaction: false)) == .complete(id, .succeeded))
    }

    /// All the replies of a statement that fails in its execution.
    private func expectFailure(
        _ machine: inout Machine,
        _ failure: Machine.Failure,
        inTransaction: Bool = false,
        gives action: Machine.ReplyAction
    ) {
        let head = machine.head ?? 0
        #expect(machine.received(.failure(failure)) == .keepError(head, whilePreparing: false))
        #expect(machine.received(.end) == .none)
        #expect(machine.received(.sync(inTransaction: inTransaction)) == action)
    }

    @Test func `no more than a window is under way`() {
        var machine = machine(sent: [1, 2], window: 2)
        #expect(machine.submit(3, .pipelined) == true)
        #expect(machine.nextSend() == nil)
        succeed(&machine, 1)
        #expect(machine.nextSend() == .pipelined(3))
        #expect(machine.nextSend() == nil)
    }

    @Test func `an error in preparing skips the execution and stays with its statement`() {
        var machine = Machine(window: 8)
        #expect(machine.submit(1, .pipelined) == true)
        #expect(machine.nextSend() == .pipelined(1))
        machine.lastSentIsPrepared()
        #expect(machine.submit(2, .pipelined) == true)
        #expect(machine.nextSend() == .pipelined(2))
        #expect(machine.received(.failure(.other)) == .keepError(1, whilePreparing: true))
        #expect(machine.received(.end) == .none)
        #expect(machine.received(.skipped) == .none)
        #expect(machine.received(.end) == .none)
        #expect(machine.received(.sync(inTransaction: false)) == .complete(1, .failed))
        succeed(&machine, 2)
    }

    @Test func `an error that comes with the sync overrides the result before it`() {
        var machine = machine(sent: [1])
        #expect(machine.received(.success) == .keepResult(1))
        #expect(machine.received(.end) == .none)
        #expect(machine.received(.failure(.other)) == .keepError(1, whilePreparing: false))
        #expect(machine.received(.end) == .none)
        #expect(machine.received(.sync(inTransaction: false)) == .complete(1, .failed))
    }

    @Test func `a script waits for all before it, and all after it wait for the script`() {
        var machine = machine(sent: [1])
        #expect(machine.submit(2, .alone) == true)
        #expect(machine.submit(3, .pipelined) == true)
        #expect(machine.nextSend() == nil)
        succeed(&machine, 1)
        #expect(machine.nextSend() == .alone(2))
        #expect(machine.nextSend() == nil)
        #expect(machine.received(.success) == .keepResult(2))
        #expect(machine.received(.success) == .keepResult(2))
        #expect(machine.received(.end) == .complete(2, .succeeded))
        #expect(machine.nextSend() == .pipelined(3))
    }

    @Test func `readers share a sync, and a lone one waits for nobody`() {
        var machine = Machine(window: 8)
        for id in UInt64(1)...4 { #expect(machine.submit(id, .reading) == true) }
        for id in UInt64(1)...4 { #expect(machine.nextSend() == .reading(id)) }
        #expect(machine.nextSend() == .sync)
        #expect(machine.nextSend() == nil)
        // What comes meanwhile waits for the answers, and not for its own writer's.
        #expect(machine.submit(5, .reading) == true)
        #expect(machine.nextSend() == .reading(5))
        #expect(machine.nextSend() == nil)
        for id in UInt64(1)...4 {
            #expect(machine.received(.success) == .keepResult(id))
            #expect(machine.received(.end) == .complete(id, .succeeded))
        }
        #expect(machine.received(.sync(inTransaction: false)) == .none)
        #expect(machine.nextSend() == .sync)
        #expect(machine.submit(6, .reading) == true)
        #expect(machine.nextSend() == .reading(6))
        // A statement with effects never shares.
        #expect(machine.submit(7, .pipelined) == true)
        #expect(machine.nextSend() == .sync)
        #expect(machine.nextSend() == .pipelined(7))
    }

    @Test func `a reader's error stays with it: those behind it are read again, each for itself`() {
        var machine = Machine(window: 8)
        for id in UInt64(1)...4 { #expect(machine.submit(id, .reading) == true) }
        for id in UInt64(1)...3 { #expect(machine.nextSend() == .reading(id)) }
        #expect(machine.nextSend() == .reading(4))
        machine.lastSentIsPrepared()
        #expect(machine.nextSend() == .sync)
        #expect(machine.received(.success) == .keepResult(1))
        #expect(machine.received(.end) == .complete(1, .succeeded))
        #expect(machine.received(.failure(.other)) == .keepError(2, whilePreparing: false))
        #expect(machine.received(.end) == .complete(2, .failed))
        #expect(machine.received(.skipped) == .none)
        #expect(machine.received(.end) == .complete(3, .repeated(afresh: false)))
        // It has not been prepared, either.
        #expect(machine.received(.skipped) == .keepError(4, whilePreparing: true))
        #expect(machine.received(.end) == .none)
        #expect(machine.received(.skipped) == .none)
        #expect(machine.received(.end) == .complete(4, .repeated(afresh: false)))
        #expect(machine.received(.sync(inTransaction: false)) == .none)
        #expect(machine.nextSend() == .pipelined(4))
        #expect(machine.nextSend() == .pipelined(3))
        succeed(&machine, 4)
        succeed(&machine, 3)
        #expect(machine.isIdle)
    }

    @Test func `a stale plan is prepared anew once, outside transactions only`() {
        var inside = machine(sent: [1])
        expectFailure(&inside, .staleStatement, inTransaction: true, gives: .complete(1, .failed))

        var outside = machine(sent: [1, 2])
        expectFailure(&outside, .staleStatement, gives: .complete(1, .repeated(afresh: true)))
        #expect(outside.nextSend() == .pipelined(1))
        succeed(&outside, 2)
        expectFailure(&outside, .staleStatement, gives: .complete(1, .failed))
    }

    @Test func `only the statement that is being executed is cancelled on the server`() {
        var machine = machine(sent: [1, 2])
        #expect(machine.cancel(2) == .underWay)
        #expect(machine.nextCancel() == nil)
        succeed(&machine, 1)
        #expect(machine.nextCancel() == 2)
        #expect(machine.nextCancel() == nil)
        expectFailure(&machine, .cancelled, gives: .complete(2, .failed))
    }

    @Test func `nothing is sent while a cancel request is on its way, until it has hit or arrived`() {
        var machine = machine(sent: [1])
        #expect(machine.cancel(1) == .underWay)
        #expect(machine.nextCancel() == 1)
        #expect(machine.submit(2, .pipelined) == true)
        #expect(machine.nextSend() == nil)
        // Its target was faster.
        succeed(&machine, 1)
        #expect(machine.nextSend() == nil)
        machine.cancelDelivered()
        #expect(machine.nextSend() == .pipelined(2))

        machine = self.machine(sent: [1])
        #expect(machine.cancel(1) == .underWay)
        #expect(machine.nextCancel() == 1)
        expectFailure(&machine, .cancelled, gives: .complete(1, .failed))
        #expect(machine.submit(2, .pipelined) == true)
        #expect(machine.nextSend() == .pipelined(2))
    }

    @Test func `a cancel request that hits the next statement is undone by repeating that one`() {
        var machine = machine(sent: [1, 2])
        #expect(machine.cancel(1) == .underWay)
        #expect(machine.nextCancel() == 1)
        succeed(&machine, 1)
        expectFailure(&machine, .cancelled, gives: .complete(2, .repeated(afresh: false)))
        machine.cancelDelivered()
        #expect(machine.nextSend() == .pipelined(2))
        // Nobody can have hit it this time: a timeout of the server's.
        expectFailure(&machine, .cancelled, gives: .complete(2, .failed))
    }

    @Test func `a cancel request that came before its statement is sent again`() {
        var machine = machine(sent: [1])
        #expect(machine.cancel(1) == .underWay)
        #expect(machine.nextCancel() == 1)
        machine.cancelDelivered()
        #expect(machine.nextCancel() == nil)
        machine.cancelAgain(1)
        #expect(machine.nextCancel() == 1)
    }

    @Test func `what was not sent yet is cancelled without the server, and a late cancel is nothing`() {
        var machine = machine(sent: [1], window: 1)
        #expect(machine.submit(2, .pipelined) == true)
        #expect(machine.cancel(2) == .failUnsent)
        #expect(machine.cancel(2) == .none)
        succeed(&machine, 1)
        #expect(machine.cancel(1) == .none)
        #expect(machine.nextCancel() == nil)
        #expect(machine.nextSend() == nil)
    }

    @Test func `a loss tells what was sent from what was not`() {
        var machine = machine(sent: [1, 2], window: 2)
        #expect(machine.submit(3, .pipelined) == true)
        let orphans = machine.lost()
        #expect(orphans.sent == [1, 2])
        #expect(orphans.unsent == [3])
        #expect(machine.submit(4, .pipelined) == false)
        #expect(machine.received(.success) == .violation)
        let again = machine.lost()
        #expect(again.sent.isEmpty && again.unsent.isEmpty)
    }

    @Test func `closing finishes what was accepted`() {
        var machine = machine(sent: [1], window: 1)
        #expect(machine.submit(2, .pipelined) == true)
        machine.close()
        #expect(machine.submit(3, .pipelined) == false)
        #expect(!machine.mayFinish)
        succeed(&machine, 1)
        #expect(machine.nextSend() == .pipelined(2))
        succeed(&machine, 2)
        #expect(machine.mayFinish)
    }

    @Test func `answers that nobody asked for are a violation`() {
        var machine = Machine(window: 1)
        #expect(machine.received(.success) == .violation)
        machine = self.machine(sent: [1])
        #expect(machine.received(.skipped) == .violation)
        #expect(machine.received(.sync(inTransaction: false)) == .violation)
    }

    @Test("random walks against a model of the server end with one answer for each", arguments: 0..<400)
    func walk(seed: Int) {
        var walk = ConnectionWalk(seed: UInt64(seed))
        walk.run()
    }
}
