import NIOCore
import Testing

@testable import ExchangeSimulator

@Suite("Keeping a connection alive")
struct HeartbeatTests {
    @Test("The oldest unanswered ping decides, and a pong answers all before it")
    func heartbeat() {
        var heartbeat = Heartbeat(timeout: .seconds(60))
        let begins = [heartbeat.ping(at: .seconds(20)), heartbeat.ping(at: .seconds(40))]
        #expect(begins == [true, false])
        #expect(!heartbeat.isDead(at: .seconds(79)))
        #expect(heartbeat.isDead(at: .seconds(80)))
        heartbeat.pong()
        #expect(!heartbeat.isDead(at: .seconds(80)))
        let beginsAnew = heartbeat.ping(at: .seconds(90))
        #expect(beginsAnew)
        #expect(!heartbeat.isDead(at: .seconds(149)) && heartbeat.isDead(at: .seconds(150)))
    }

    @Test("Messages are counted anew each second")
    func messageRate() {
        var rate = MessageRate()
        let start = NIODeadline.uptimeNanoseconds(5_000_000_000)
        let counts = [0, 300, 999, 1_000, 1_500, 2_001].map { rate.count(at: start + .milliseconds($0)) }
        #expect(counts == [1, 2, 3, 1, 2, 1])
    }
}
