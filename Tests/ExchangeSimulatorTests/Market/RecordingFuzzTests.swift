import TestSupport
import Testing
import Trading

@testable import ExchangeSimulator

/// Whatever stands in a file of candles: it is read or refused.
@Suite(.timeLimit(.minutes(60)))
struct RecordingFuzzTests {
    @Test func `whatever a recording says is read or refused`() {
        let lines = [
            "\(Recording.header)\n1700000040000,1.5,2,1,1.75,10\n1700000100000,1.75,1.8,1.7,1.7,0.00000001\n",
            "1700000040000,1,1,1,1,1\r\n1700000160000,1,1,1,1,1", "1700000040000,37000.12345678,38000,36000,37500,0\n",
        ]
        var (mutator, read) = (Mutator(lines, seed: 1), 0)
        for _ in 0..<Mutator.cases() {
            guard let recording = try? Recording(file: "BTCUSDT-1m.csv", text: mutator.nextText()) else { continue }
            read += 1
            for (one, next) in zip(recording.candles, recording.candles.dropFirst()) {
                #expect(one.openTime < next.openTime)
            }
        }
        // Otherwise nothing was tried but the first lines.
        #expect(read > 10)
        var names = Mutator(["BTCUSDT-1m.csv", "/a/b/ETHUSDT-1h.csv"], seed: 2)
        for _ in 0..<Mutator.cases() { _ = try? Recording(file: names.nextText(), text: lines[0]) }
    }
}
