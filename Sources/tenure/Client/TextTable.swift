import Trading

/// Columns under headings, for people.
struct TextTable: Equatable {
    let headings: [String]
    private(set) var rows: [[String]] = []

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

    /// Columns whose every cell is a number are set to the right.
    var text: String {
        let lines = [headings] + rows
        let widths = headings.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let areNumbers = headings.indices.map { column in
            !rows.isEmpty && rows.allSatisfy { Double($0[column]) != nil || $0[column] == "–" }
        }
        return lines.map { line in
            var text = ""
            for (column, cell) in line.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                text += (column == 0 ? "" : "  ") + (areNumbers[column] ? space + cell : cell + space)
            }
            while text.last == " " { text.removeLast() }
            return text
        }.joined(separator: "\n")
    }
}
