/// The labels of one series, in canonical form: names made valid, sorted, each once, ready to be written.
struct SeriesLabels: Sendable, Hashable, Comparable {
    /// `a="x",b="y"`, without braces; empty if there are none.
    let text: String

    /// - Parameter reserved: Names that the format itself uses in this kind of metric; they get a prefix.
    init(_ dimensions: [(String, String)], reserved: Set<String>) {
        var values: [String: String] = [:]
        for (name, value) in dimensions {
            let valid = PrometheusText.labelName(name)
            values[reserved.contains(valid) ? "exported_" + valid : valid] = value
        }
        text = values.sorted { $0.key < $1.key }
            .map { "\($0.key)=\"\(PrometheusText.labelValue($0.value))\"" }
            .joined(separator: ",")
    }

    /// With the braces, or nothing.
    var braced: String { text.isEmpty ? "" : "{\(text)}" }

    func braced(adding name: String, _ value: String) -> String {
        text.isEmpty ? "{\(name)=\"\(value)\"}" : "{\(text),\(name)=\"\(value)\"}"
    }

    static func < (left: SeriesLabels, right: SeriesLabels) -> Bool { left.text < right.text }
}
