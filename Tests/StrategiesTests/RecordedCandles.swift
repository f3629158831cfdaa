import Foundation
import Testing
import Trading

/// Real candles from files that are not part of the project: in the folder that `TENURE_TEST_DATA` names, or in
/// `shared/data` of a folder above this one.
enum RecordedCandles {
    static let missing: Comment =
        "recorded candles were not found: set TENURE_TEST_DATA to the folder with BTCUSDT-5m.csv and the others"

    static let folder: URL? = {
        let marker = "BTCUSDT-5m.csv"
        var candidates: [URL] = []
        if let named = ProcessInfo.processInfo.environment["TENURE_TEST_DATA"] {
            candidates.append(URL(filePath: named))
        }
        var parent = URL(filePath: #filePath).deletingLastPathComponent()
        while parent.path().count > 1 {
            candidates.append(parent.appending(path: "shared/data"))
            parent.deleteLastPathComponent()
        }
        return candidates.first { FileManager.default.fileExists(atPath: $0.appending(path: marker).path()) }
    }()

    /// The candles of one file (`BTCUSDT-5m`), oldest first.
    static func load(_ name: String) throws -> [Candle] {
        let folder = try #require(folder, missing)
        let text = try String(contentsOf: folder.appending(path: "\(name).csv"), encoding: .utf8)
        return try text.split(whereSeparator: \.isNewline).dropFirst().map { line in
            let columns = line.split(separator: ",")
            try #require(columns.count == 6)
            let numbers = try columns.dropFirst().map { try #require(FixedDecimal(String($0))) }
            return Candle(
                openTime: Timestamp(milliseconds: try #require(Int64(columns[0]))),
                open: numbers[0],
                high: numbers[1],
                low: numbers[2],
                close: numbers[3],
                volume: numbers[4]
            )
        }
    }
}
