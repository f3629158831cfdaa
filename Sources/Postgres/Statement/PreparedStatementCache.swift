/// Which statements one connection has prepared, under which names; bounded, the least recently used goes first. Pure.
struct PreparedStatementCache: Sendable {
    struct Key: Hashable, Sendable {
        let sql: String
        let types: [UInt32]
    }

    struct Lookup: Equatable {
        let name: String
        /// The statement must be prepared under this name first.
        let mustPrepare: Bool
        /// A statement that had to make room: the server may forget it.
        let evicted: String?
    }

    /// Prepared for once, without a name.
    static let unnamed = Lookup(name: "", mustPrepare: true, evicted: nil)

    private struct Entry {
        let name: String
        var isConfirmed = false
        var lastUse: UInt64
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var uses: UInt64 = 0
    private var created: UInt64 = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a prepared statement cache needs room for one")
        self.capacity = capacity
    }

    var count: Int { entries.count }

    /// The name to execute the statement under.
    ///
    /// While its preparation is under way the statement is prepared once more, without a name: were it to rely on the one
    /// under way and that failed, its caller would be told of a missing name instead of the reason.
    mutating func use(_ key: Key) -> Lookup {
        uses += 1
        if let index = entries.index(forKey: key) {
            entries.values[index].lastUse = uses
            guard entries.values[index].isConfirmed else {
                return Self.unnamed
            }
            return Lookup(name: entries.values[index].name, mustPrepare: false, evicted: nil)
        }
        var evicted: String?
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            entries[oldest.key] = nil
            evicted = oldest.value.name
        }
        created += 1
        let name = "tenure_\(created)"
        entries[key] = Entry(name: name, lastUse: uses)
        return Lookup(name: name, mustPrepare: true, evicted: evicted)
    }

    /// The server has prepared the statement under this name.
    mutating func confirm(_ key: Key, name: String) {
        guard let index = entries.index(forKey: key), entries.values[index].name == name else { return }
        entries.values[index].isConfirmed = true
    }

    /// The statement is not prepared under this name (any more). A newer name of the same statement stays.
    mutating func forget(_ key: Key, name: String) {
        guard entries[key]?.name == name else { return }
        entries[key] = nil
    }
}
