import FoundationEssentials
import Trading

/// What an import did, or would do.
struct ImportReport {
    struct Item {
        enum Outcome: String {
            case started, present, wrong
            case leftOut = "left_out"
        }

        let row: Int64
        let symbol: String
        let outcome: Outcome
        /// Why; of what is started: what it is.
        let details: [String]

        init<Content>(_ row: ImportPlan.Row<Content>, _ outcome: Outcome, _ details: [String]) {
            self.row = row.row
            symbol = row.symbol
            self.outcome = outcome
            self.details = details
        }
    }

    let isApplied: Bool
    let active: [Item]
    let historyAdded: Int
    let historyPresent: Int
    let historyWrong: [Item]

    var hasProblems: Bool { !historyWrong.isEmpty || active.contains { $0.outcome == .wrong } }

    var text: String {
        var table = TextTable(["ROW", "SYMBOL", isApplied ? "DONE" : "TO DO", ""])
        for item in active {
            let outcome =
                switch item.outcome {
                case .started: isApplied ? "started" : "start"
                case .present: "nothing"
                case .wrong: "WRONG"
                case .leftOut: "left out"
                }
            table.add(["\(item.row)", item.symbol, outcome, item.details.joined(separator: "; ")])
        }
        var lines = ["active_strategies:", table.text, ""]
        lines.append(
            "strategy_history: \(historyAdded) \(isApplied ? "added" : "to add"), \(historyPresent) there already, "
                + "\(historyWrong.count) wrong"
        )
        lines += historyWrong.map { "  row \($0.row) (\($0.symbol)): \($0.details.joined(separator: "; "))" }
        if !isApplied { lines += ["", "Nothing was changed: --apply does it."] }
        return lines.joined(separator: "\n")
    }

    var json: JSONValue {
        .object([
            "applied": .bool(isApplied),
            "active": .array(active.map(\.json)),
            "history": .object([
                "added": .number(Decimal(historyAdded)),
                "present": .number(Decimal(historyPresent)),
                "wrong": .array(historyWrong.map(\.json)),
            ]),
        ])
    }
}

extension ImportReport.Item {
    fileprivate var json: JSONValue {
        .object([
            "row": .number(Decimal(row)),
            "symbol": .string(symbol),
            "outcome": .string(outcome.rawValue),
            "details": .array(details.map(JSONValue.string)),
        ])
    }
}
