import NIOCore
import Testing

@testable import Exchanges

@Suite struct ControlMessagePacerTests {
    @Test func `the first message of a quiet connection goes at once`() {
        var pacer = ControlMessagePacer()
        let now = NIODeadline.uptimeNanoseconds(1_000)
        #expect(pacer.earliest(now: now) == now)
        pacer.record(now: now)
        #expect(pacer.earliest(now: now) == now + .milliseconds(5))
        let later = now + .seconds(2)
        #expect(pacer.earliest(now: later) == later)
    }

    @Test func `sending whenever it is allowed never exceeds four messages in any second`() {
        var pacer = ControlMessagePacer()
        var now = NIODeadline.uptimeNanoseconds(1_000)
        var sent: [NIODeadline] = []
        for _ in 0..<100 {
            now = max(now, pacer.earliest(now: now))
            pacer.record(now: now)
            sent.append(now)
            #expect(sent.count { $0 + .seconds(1) > now } <= 4)
        }
    }
}
