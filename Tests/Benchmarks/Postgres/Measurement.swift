/// What one round took.
struct Measurement {
    let count: Int
    let elapsed: Duration
    /// Of the client's process.
    let clientCPU: Duration
    /// Of the server's backends.
    let serverCPU: Duration

    var perSecond: Double { Double(count) / elapsed.asSeconds }
    var microseconds: Double { elapsed.asSeconds * 1e6 / Double(count) }
}

/// The rounds of one contestant.
struct Series {
    let name: String
    private(set) var rounds: [Measurement] = []

    init(_ name: String) {
        self.name = name
    }

    mutating func append(_ measurement: Measurement) {
        rounds.append(measurement)
    }

    var rate: Double { median(rounds.map(\.perSecond)) }
    var latency: Double { median(rounds.map(\.microseconds)) }

    /// Median and best rate, time and CPU for each.
    var line: String {
        let client = median(rounds.map { $0.clientCPU.asSeconds * 1e6 / Double($0.count) })
        let server = median(rounds.map { $0.serverCPU.asSeconds * 1e6 / Double($0.count) })
        let best = rounds.map(\.perSecond).max() ?? 0
        return pad(name, 44) + pad(thousands(rate), -9) + pad(thousands(best), -9) + pad(decimals(latency), -9)
            + pad(decimals(client), -9) + pad(decimals(server), -9)
    }

    static let heading =
        pad("", 44) + pad("per s", -9) + pad("best", -9) + pad("µs each", -9) + pad("CPU µs", -9) + pad("server", -9)
}

/// The median of the rounds' own ratios: rounds that ran one after the other saw the same machine.
func ratio(_ one: Series, to other: Series, by value: (Measurement) -> Double) -> Double {
    median(zip(one.rounds, other.rounds).map { value($0) / value($1) })
}

func report(_ what: String, _ ratio: Double, isReached: Bool, goal: String) {
    print("  \(pad(what, 60))\(pad(decimals(ratio), -8))   goal \(goal): \(isReached ? "reached" : "MISSED")")
}

/// For comparison only.
func report(_ what: String, _ ratio: Double) {
    print("  \(pad(what, 60))\(pad(decimals(ratio), -8))")
}

func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

func pad(_ text: String, _ width: Int) -> String {
    let spaces = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? spaces + text : text + spaces
}

private func thousands(_ value: Double) -> String {
    value.isFinite ? "\(Int(value.rounded()))" : "–"
}

private func decimals(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

extension Duration {
    var asSeconds: Double { self / .seconds(1) }
}
