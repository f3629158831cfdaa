import FoundationEssentials
import Trading

/// Recorded candles of one symbol and interval, as read from a file `SYMBOL-INTERVAL.csv`.
///
/// A line is `open_time,open,high,low,close,volume` (open time in Unix milliseconds, oldest first); a header line with
/// these names may come first. Stretches without candles stay gaps.
struct Recording: Sendable {
    let file: String
    let symbol: Symbol
    let interval: Interval
    let candles: [Candle]
    /// The most digits after the point of any price, and of any volume.
    let priceDigits: Int
    let volumeDigits: Int

    static let header = "open_time,open,high,low,close,volume"

    /// Reads a file. Anything that cannot be is refused with file, line and what is wrong.
    init(path: String) throws(SimulatorError) {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw .invalidRecording(path, "cannot be read (\(error))")
        }
        try self.init(file: path, bytes: [UInt8](data))
    }

    init(file: String, text: String) throws(SimulatorError) { try self.init(file: file, bytes: [UInt8](text.utf8)) }

    private init(file: String, bytes: [UInt8]) throws(SimulatorError) {
        self.file = file
        (symbol, interval) = try Self.subject(of: file)
        var candles: [Candle] = []
        var (priceDigits, volumeDigits) = (0, 0)
        var number = 0
        // Bytes, not characters: recordings are long, and a character is dear.
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            if line.isEmpty { continue }
            if number == 1, line.starts(with: "open_time".utf8) {
                guard line.elementsEqual(Self.header.utf8) else {
                    throw .invalidRecording(file, line: number, "the header must be \(Self.header)")
                }
                continue
            }
            let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            let candle: Candle
            do throws(LineError) {
                candle = try Self.candle(fields, interval: interval, after: candles.last)
            } catch {
                throw .invalidRecording(file, line: number, error.problem)
            }
            candles.append(candle)
            for field in fields[1...4] { priceDigits = max(priceDigits, Self.digits(field)) }
            volumeDigits = max(volumeDigits, Self.digits(fields[5]))
        }
        guard !candles.isEmpty else { throw .invalidRecording(file, "holds no candles") }
        self.candles = candles
        self.priceDigits = priceDigits
        self.volumeDigits = volumeDigits
    }

    private struct LineError: Error {
        let problem: String
    }

    private static func subject(of file: String) throws(SimulatorError) -> (Symbol, Interval) {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        let advice = "is not named SYMBOL-INTERVAL.csv (BTCUSDT-5m.csv, for example)"
        guard name.hasSuffix(".csv"), let dash = name.lastIndex(of: "-") else { throw .invalidRecording(file, advice) }
        let intervalName = String(name[name.index(after: dash)...].dropLast(4))
        guard let interval = Interval(rawValue: intervalName) else {
            throw .invalidRecording(file, "\"\(intervalName)\" is not an interval; it \(advice)")
        }
        guard let symbol = Symbol(String(name[..<dash])) else { throw .invalidRecording(file, advice) }
        return (symbol, interval)
    }

    private static func candle(
        _ fields: [ArraySlice<UInt8>],
        interval: Interval,
        after previous: Candle?
    ) throws(LineError) -> Candle {
        guard fields.count == 6 else { throw LineError(problem: "has \(fields.count) fields instead of 6 (\(header))") }
        let opening = String(decoding: fields[0], as: UTF8.self)
        guard let milliseconds = Int64(opening), (0...253_402_300_799_999).contains(milliseconds) else {
            throw LineError(problem: "open_time \"\(opening)\" is not a Unix time in milliseconds")
        }
        let openTime = Timestamp(milliseconds: milliseconds)
        guard interval.openTime(containing: openTime) == openTime else {
            throw LineError(
                problem: "open_time \(milliseconds) (\(openTime)) is not the start of a \(interval.rawValue) candle"
            )
        }
        if let previous, openTime <= previous.openTime {
            throw LineError(problem: "open_time \(milliseconds) is not after the one before it")
        }
        var values: [FixedDecimal] = []
        for (name, field) in zip(["open", "high", "low", "close", "volume"], fields.dropFirst()) {
            guard let value = FixedDecimal(utf8: field) else {
                throw LineError(
                    problem:
                        "\(name) \"\(String(decoding: field, as: UTF8.self))\" is not a decimal number with at most 8 digits after the point"
                )
            }
            guard !value.isNegative, name == "volume" || value.isPositive else {
                throw LineError(problem: "\(name) \(value) must be \(name == "volume" ? "zero or more" : "above zero")")
            }
            values.append(value)
        }
        let (open, high, low, close) = (values[0], values[1], values[2], values[3])
        guard high >= max(open, close), low <= min(open, close) else {
            throw LineError(problem: "high \(high) and low \(low) do not enclose open \(open) and close \(close)")
        }
        return Candle(openTime: openTime, open: open, high: high, low: low, close: close, volume: values[4])
    }

    /// Digits after the point, without trailing zeros.
    private static func digits(_ field: ArraySlice<UInt8>) -> Int {
        guard let point = field.firstIndex(of: UInt8(ascii: ".")) else { return 0 }
        var fraction = field[(point + 1)...]
        while fraction.last == UInt8(ascii: "0") { fraction = fraction.dropLast() }
        return fraction.count
    }
}
