import Store
import Trading

extension StoredRun {
    /// At every commit, as many candles had been processed as had closed since the start, and none before it again. Says
    /// where that is not so.
    func contradictionOfCalendar() throws -> String? {
        guard let warmUpEnd = try warmUpEnd() else { throw NemesisError("its first state has no warmUpEnd") }
        var last = first.cursor.milliseconds
        for write in writes {
            let due = max(0, Int((write.cursor - warmUpEnd) / interval.milliseconds))
            if write.candles != due {
                return
                    "strategy \(id) (\(symbol)): \(write.candles) candles processed at \(time(write.cursor)), where \(due) had "
                    + "closed since its start: \(write.candles < due ? "skipped" : "repeated")"
            }
            if write.cursor < last {
                return "strategy \(id) (\(symbol)) went back from \(time(last)) to \(time(write.cursor))"
            }
            last = write.cursor
        }
        return nil
    }

    /// The last candle that was history when it started.
    private func warmUpEnd() throws -> Int64? {
        guard case .object(let members) = try JSONValue(text: first.state),
            case .number(let number)? = members["warmUpEnd"]
        else { return nil }
        return Int64("\(number)")
    }

    private func time(_ milliseconds: Int64) -> String { Timestamp(milliseconds: milliseconds).description }
}
