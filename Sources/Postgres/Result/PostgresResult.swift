/// All rows a statement returned, undecoded, and how many it touched.
package struct PostgresResult: Sendable, RandomAccessCollection {
    private let storage: ResultStorage

    init(storage: ResultStorage) {
        self.storage = storage
    }

    package var startIndex: Int { 0 }
    package var endIndex: Int { storage.rowCount }

    package subscript(position: Int) -> PostgresRow {
        precondition(position >= 0 && position < storage.rowCount, "row \(position) of \(storage.rowCount)")
        return PostgresRow(storage: storage, index: position)
    }

    /// Rows inserted, updated, deleted or returned.
    package var affectedRows: Int { storage.affectedRows }

    /// The columns' names, in order.
    package var columns: [String] { (0..<storage.columnCount).map(storage.name(column:)) }

    /// What the server calls the command it ran: `SELECT 1`, `COMMIT`, ….
    package var commandTag: String { storage.commandTag }
}
