import FoundationEssentials

/// Real recordings, which are not part of the project: found by `TENURE_TEST_DATA`, or in a folder `shared/data` beside
/// one of the folders this file is in.
enum RecordedData {
    static let folder: String? = {
        var candidates: [String] = []
        if let named = ProcessInfo.processInfo.environment["TENURE_TEST_DATA"] { candidates.append(named) }
        var parts = #filePath.split(separator: "/")
        while !parts.isEmpty {
            parts.removeLast()
            candidates.append("/" + (parts + ["shared", "data"]).joined(separator: "/"))
        }
        return candidates.first { FileManager.default.fileExists(atPath: $0 + "/BTCUSDT-5m.csv") }
    }()

    static let isMissing = "no recorded candles: set TENURE_TEST_DATA to a folder with BTCUSDT-5m.csv and its like"

    static func path(_ name: String) -> String { (folder ?? "") + "/" + name }
}
