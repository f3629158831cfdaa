/// Measured durations of one kind, in microseconds.
struct Figures {
    let name: String
    private(set) var values: [Int64] = []

    init(_ name: String, _ values: [Int64] = []) {
        self.name = name
        self.values = values
    }

    mutating func add(_ value: Int64) { values.append(value) }

    /// Name, count, median, 99th percentile and worst, in milliseconds.
    var line: String {
        guard let worst = values.max() else { return pad(name, 62) + "  none" }
        let sorted = values.sorted()
        return "\(pad(name, 62)) n \(padLeft("\(values.count)", 5))  p50 \(milliseconds(sorted[sorted.count / 2]))"
            + "  p99 \(milliseconds(sorted[(sorted.count * 99 - 1) / 100]))  worst \(milliseconds(worst)) ms"
    }

    private func milliseconds(_ microseconds: Int64) -> String {
        let hundredths = (microseconds + 5) / 10
        let fraction = "\(100 + abs(hundredths) % 100)".dropFirst()
        return padLeft("\(hundredths / 100).\(fraction)", 8)
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private func padLeft(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
