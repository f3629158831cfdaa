import Testing
import Trading

@testable import ExchangeSimulator

@Suite("A recording")
struct RecordingTests {
    @Test("is read with and without a header, with either line ending, and with a blank last line")
    func isRead() throws {
        let lines = ["60000,1.5,2,1,1.75,10.25", "180000,1.75,1.75,1.75,1.75,0"]
        let header = "open_time,open,high,low,close,volume"
        for text in [
            lines.joined(separator: "\n"), ([header] + lines).joined(separator: "\n") + "\n",
            ([header] + lines).joined(separator: "\r\n") + "\r\n",
        ] {
            let recording = try Recording(file: "some/where/BTC-USDT-1m.csv", text: text)
            #expect(recording.symbol == "BTC-USDT")
            #expect(recording.interval == .oneMinute)
            #expect(recording.candles.map(\.openTime.milliseconds) == [60_000, 180_000])
            let first = recording.candles[0]
            #expect(
                [first.open, first.high, first.low, first.close, first.volume] == ["1.5", "2", "1", "1.75", "10.25"]
            )
            #expect(recording.priceDigits == 2 && recording.volumeDigits == 2)
        }
    }

    struct Malformed: Sendable, CustomTestStringConvertible {
        let text: String
        let complaint: String
        var file = "BTCUSDT-1m.csv"

        var testDescription: String { complaint }
    }

    static let malformed = [
        Malformed(text: "", complaint: "BTCUSDT-1m.csv: holds no candles"),
        Malformed(text: "open_time,open,high,low,close,volume\n", complaint: "holds no candles"),
        Malformed(
            text: "open_time,open,close\n60000,1,1,1,1,1",
            complaint: "BTCUSDT-1m.csv, line 1: the header must be"
        ),
        Malformed(text: "60000,1,1,1,1", complaint: "BTCUSDT-1m.csv, line 1: has 5 fields instead of 6"),
        Malformed(text: "60000,1,1,1,1,1\n120000,1,1,1,1,1,1", complaint: "line 2: has 7 fields instead of 6"),
        Malformed(text: "sixty,1,1,1,1,1", complaint: "line 1: open_time \"sixty\" is not a Unix time"),
        Malformed(text: "-60000,1,1,1,1,1", complaint: "line 1: open_time \"-60000\" is not a Unix time"),
        Malformed(
            text: "60001,1,1,1,1,1",
            complaint: "line 1: open_time 60001 (1970-01-01T00:01:00.001Z) is not the start"
        ),
        Malformed(text: "60000,1,1,1,1,1\n60000,1,1,1,1,1", complaint: "line 2: open_time 60000 is not after"),
        Malformed(text: "60000,1,1,1,1,1\n\n0,1,1,1,1,1", complaint: "line 3: open_time 0 is not after"),
        Malformed(text: "60000,1,1e2,1,1,1", complaint: "line 1: high \"1e2\" is not a decimal number"),
        Malformed(text: "60000,1,1,,1,1", complaint: "line 1: low \"\" is not a decimal number"),
        Malformed(text: "60000,0,1,0,1,1", complaint: "line 1: open 0 must be above zero"),
        Malformed(text: "60000,1,1,1,1,-1", complaint: "line 1: volume -1 must be zero or more"),
        Malformed(text: "60000,1,1,1,2,1", complaint: "line 1: high 1 and low 1 do not enclose open 1 and close 2"),
        Malformed(text: "60000,1,1,1,1,1", complaint: "\"1x\" is not an interval", file: "BTCUSDT-1x.csv"),
        Malformed(text: "60000,1,1,1,1,1", complaint: "is not named SYMBOL-INTERVAL.csv", file: "BTCUSDT.csv"),
        Malformed(text: "60000,1,1,1,1,1", complaint: "is not named SYMBOL-INTERVAL.csv", file: "BTCUSDT-1m.txt"),
        Malformed(text: "60000,1,1,1,1,1", complaint: "is not named SYMBOL-INTERVAL.csv", file: "-1m.csv"),
    ]

    @Test("that cannot be is refused with file, line and what is wrong", arguments: malformed)
    func isRefused(malformed: Malformed) {
        let error = #expect(throws: SimulatorError.self) {
            try Recording(file: malformed.file, text: malformed.text)
        }
        #expect(error?.code == .invalidRecording)
        #expect(error?.message.contains(malformed.complaint) == true, "\(error?.message ?? "")")
        #expect(error?.message.hasPrefix(malformed.file) == true)
    }

    @Test("that is not there is refused by name")
    func isMissing() {
        let error = #expect(throws: SimulatorError.self) { try Recording(path: "/nowhere/BTCUSDT-1m.csv") }
        #expect(error?.message.hasPrefix("/nowhere/BTCUSDT-1m.csv: cannot be read") == true)
    }
}
