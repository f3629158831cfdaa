import Trading

/// Columns under headings, for people.
struct TextTable: Equatable {
    let headings: [String]
    private(set) var rows: [[String]] = []

    /// No column is made narrower than this.
    private static let narrowest = 12
    /// What a narrow terminal does without, the first one first. With `--json` everything is there.
    private static let dispensable = [
        "EXCHANGE'S ID", "CLIENT ORDER ID", "EPOCH", "RESTORES", "SHARDS", "PID", "VERSION", "EXCHANGE", "FEES",
        "STARTED",
        "LAST CANDLE", "INTERVAL", "CAPACITY", "HOST", "CANDLES", "MODE",
    ]
    private static let gap = "  "

    init(_ headings: [String]) {
        self.headings = headings
    }

    /// A list of the API: each column shows the member of that name.
    init(_ answer: JSONValue, _ columns: [(heading: String, member: String)]) {
        self.init(columns.map(\.heading))
        for item in answer["items"]?.array ?? [] { add(columns.map { item[$0.member].cell }) }
    }

    mutating func add(_ row: [String]) {
        precondition(row.count == headings.count, "a row of \(row.count) cells under \(headings.count) headings")
        rows.append(row)
    }

    /// As wide as the terminal that it is printed on, if that is one.
    var text: String { text(width: TextStyle.standardOutputWidth, style: .standardOutput) }

    /// Columns whose every cell is a number are set to the right.
    ///
    /// - Parameter width: What does not fit into it is cut off, the longest texts first; numbers never. Before that, columns
    ///   are left out that one can do without. Nil: everything is shown.
    func text(width: Int?, style: TextStyle) -> String {
        if let width, let narrower = narrower(than: width) { return narrower.text(width: width, style: style) }
        let areNumbers = headings.indices.map { column in
            !rows.isEmpty && rows.allSatisfy { Double($0[column]) != nil || $0[column] == "–" }
        }
        let widths = widths(within: width, areNumbers)
        return ([headings] + rows).enumerated().map { line, cells in
            let shown = cells.enumerated().map { column, cell in
                let cut = cell.count > widths[column] ? "\(cell.prefix(widths[column] - 1))…" : cell
                let space = String(repeating: " ", count: widths[column] - cut.count)
                let isLast = column == cells.count - 1
                let text = areNumbers[column] ? space + cut : cut + (isLast ? "" : space)
                return line == 0 ? style.heading(text) : headings[column] == "STATUS" ? style.status(cell, text) : text
            }
            return shown.joined(separator: Self.gap).trimmedAtEnd
        }.joined(separator: "\n")
    }

    /// Without one column, if it is too wide and there is one to do without.
    private func narrower(than limit: Int) -> TextTable? {
        let width = fullWidths.reduce(0, +) + Self.gap.count * (headings.count - 1)
        guard width > limit, let column = Self.dispensable.lazy.compactMap({ headings.firstIndex(of: $0) }).first else {
            return nil
        }
        func without(_ cells: [String]) -> [String] { cells.enumerated().filter { $0.offset != column }.map(\.element) }
        var table = TextTable(without(headings))
        for row in rows { table.add(without(row)) }
        return table
    }

    private var fullWidths: [Int] {
        headings.indices.map { column in ([headings] + rows).map { $0[column].count }.max() ?? 0 }
    }

    private func widths(within limit: Int?, _ areNumbers: [Bool]) -> [Int] {
        var widths = fullWidths
        guard let limit else { return widths }
        var excess = widths.reduce(0, +) + Self.gap.count * (widths.count - 1) - limit
        while excess > 0 {
            let texts = widths.indices.filter { !areNumbers[$0] && widths[$0] > Self.narrowest }
            guard let widest = texts.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }
}
