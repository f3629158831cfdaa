/// What one run came to.
struct Rate {
    let perSecond: Double
    /// Latencies, in milliseconds.
    let p50: Double
    let p99: Double
    /// Answers that were no success, and connections that broke.
    let failures: Int

    init(perSecond: Double, p50: Double, p99: Double, failures: Int = 0) {
        (self.perSecond, self.p50, self.p99, self.failures) = (perSecond, p50, p99, failures)
    }

    /// Reads what wrk prints.
    init?(_ output: String) {
        var (rate, p50, p99, failures): (Double?, Double?, Double?, Int) = (nil, nil, nil, 0)
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 2 else { continue }
            switch words[0] {
            case "Requests/sec:": rate = Double(words[1])
            case "50%": p50 = Self.milliseconds(words[1])
            case "99%": p99 = Self.milliseconds(words[1])
            case "Non-2xx": failures += words.last.flatMap { Int($0) } ?? 0
            case "Socket":
                failures += words.compactMap { Int($0.filter(\.isNumber)) }.reduce(0, +)
            default: break
            }
        }
        guard let rate, let p50, let p99 else { return nil }
        self.init(perSecond: rate, p50: p50, p99: p99, failures: failures)
    }

    private static func milliseconds(_ text: Substring) -> Double? {
        for (unit, factor) in [("us", 0.001), ("ms", 1), ("s", 1_000)] where text.hasSuffix(unit) {
            return Double(text.dropLast(unit.count)).map { $0 * factor }
        }
        return nil
    }
}

/// The rounds of one contestant.
struct Series {
    let name: String
    private(set) var rounds: [Rate] = []

    init(_ name: String) { self.name = name }

    mutating func add(_ rate: Rate) { rounds.append(rate) }

    static let heading = pad("", 44) + ["per s", "p50 ms", "p99 ms", "failed"].map { pad($0, -10) }.joined()

    var line: String {
        pad(name, 44) + pad("\(Int(median(rounds.map(\.perSecond))))", -10)
            + pad(hundredths(median(rounds.map(\.p50))), -10) + pad(hundredths(median(rounds.map(\.p99))), -10)
            + pad("\(rounds.map(\.failures).reduce(0, +))", -10)
    }

    /// The median of the rounds' own ratios: rounds that ran one after the other saw the same machine.
    func ratio(to other: Series) -> Double {
        median(zip(rounds, other.rounds).map { $0.perSecond / $1.perSecond })
    }
}

/// - Parameter goal: Nil: for comparison only.
func report(_ what: String, _ ratio: Double, goal: Double? = nil) {
    let verdict = goal.map { "   goal ≥ \(hundredths($0)): \(ratio >= $0 ? "reached" : "MISSED")" } ?? ""
    print("  \(pad(what, 60))\(pad(hundredths(ratio), -8))\(verdict)")
}

func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return .nan }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/// - Parameter width: Below zero: to the right.
func pad(_ text: String, _ width: Int) -> String {
    let spaces = String(repeating: " ", count: max(0, abs(width) - text.count))
    return width < 0 ? spaces + text : text + spaces
}

func hundredths(_ value: Double) -> String {
    guard value.isFinite else { return "–" }
    let count = Int((value * 100).rounded())
    return "\(count / 100).\(count % 100 < 10 ? "0" : "")\(count % 100)"
}
