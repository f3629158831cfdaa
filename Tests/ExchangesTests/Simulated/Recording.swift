import FoundationEssentials
import TestSupport
import Trading

/// A recording of a market with gaps, made up from a seed, in a file of its own.
struct Recording {
    let file: String
    let candles: [Candle]

    /// - Parameter gaps: how many of a hundred candles are followed by a gap.
    static func with<R>(
        candles count: Int,
        gaps: Int,
        seed: Int,
        _ body: (Recording) async throws -> R
    ) async throws -> R {
        var random = SeededGenerator(seed: UInt64(seed))
        let folder = FileManager.default.temporaryDirectory.appending(path: "tenure-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var candles: [Candle] = []
        var openTime = Timestamp(milliseconds: 1_744_660_860_000)
        for _ in 0..<count {
            let prices = (0..<4).map { _ in
                FixedDecimal(raw: Int128(Int.random(in: 1...9_999_999, using: &random)) * 1_000)
            }
            candles.append(
                Candle(
                    openTime: openTime,
                    open: prices[0],
                    high: prices.max()!,
                    low: prices.min()!,
                    close: prices[3],
                    volume: prices[1] + prices[2]
                )
            )
            openTime = openTime + 60_000 * (random.chance(gaps) ? Int64.random(in: 2...50, using: &random) : 1)
        }
        let lines = candles.map { candle in
            "\(candle.openTime.milliseconds),\(candle.open),\(candle.high),\(candle.low),\(candle.close),\(candle.volume)"
        }
        let file = folder.appending(path: "ETHUSDT-1m.csv").path
        let text = (["open_time,open,high,low,close,volume"] + lines).joined(separator: "\n") + "\n"
        try Data(text.utf8).write(to: URL(filePath: file))
        return try await body(Recording(file: file, candles: candles))
    }
}
