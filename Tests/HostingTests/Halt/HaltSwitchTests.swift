import Store
import Testing

@testable import Hosting

@Suite("What a replica knows of a halt", .timeLimit(.minutes(1)))
struct HaltSwitchTests {
    @Test("nothing is sent while trading is halted, and it is quiet once what had begun has ended")
    func sending() async {
        let halt = HaltSwitch()
        #expect(!halt.isHalted && halt.known == nil)
        await halt.waitUntilQuiet()
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        async let sent = halt.sending {
            begin.finish()
            for await _ in gate {}
            return 1
        }
        for await _ in begun {}
        halt.set(TradingHalt(number: 1, isHalted: true))
        #expect(await halt.sending { 2 } == nil)
        async let isQuiet: Void = halt.waitUntilQuiet()
        open.finish()
        await isQuiet
        #expect(await sent == 1)
        halt.set(TradingHalt(number: 2, isHalted: false))
        #expect(await halt.sending { 3 } == 3)
    }
}
