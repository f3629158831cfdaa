import FoundationEssentials
import Store
import Trading

/// A place in a list, as clients see it: opaque, to be handed back as it is.
///
/// Inside: the list's letter and what identifies the last item shown, so that a cursor of another list is refused.
struct Cursor: Equatable {
    enum List: String {
        case active = "a"
        case history = "h"
        case orders = "o"
        case fills = "f"
        case events = "e"
        case ownership = "w"
        case audit = "u"
    }

    private static let separator: Character = "\u{1F}"
    private static let longest = 512

    let list: List
    let parts: [String]

    init(_ list: List, _ parts: [String]) {
        self.list = list
        self.parts = parts
    }

    /// Nil for anything that did not come from ``text``, as far as can be told.
    init?(_ text: String) {
        guard text.utf8.count <= Self.longest else { return nil }
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        let standard = text.replacing("-", with: "+").replacing("_", with: "/") + padding
        guard let data = Data(base64Encoded: standard), let decoded = String(validating: data, as: UTF8.self),
            !decoded.utf8.contains(0)
        else { return nil }
        let words = decoded.split(separator: Self.separator, omittingEmptySubsequences: false).map(String.init)
        guard let list = words.first.flatMap(List.init) else { return nil }
        self.init(list, Array(words.dropFirst()))
    }

    var text: String {
        let plain = ([list.rawValue] + parts).joined(separator: String(Self.separator))
        return Data(plain.utf8).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}

// MARK: What the lists are ordered by

extension Cursor {
    init(_ list: List, id: Int64) {
        self.init(list, [String(id)])
    }

    var id: Int64? { parts.count == 1 ? Int64(parts[0]) : nil }

    init(_ position: ListedOrder.Position) {
        self.init(.orders, [String(position.createdAtMicroseconds), position.clientOrderID])
    }

    var order: ListedOrder.Position? {
        // Bounded, because the database's own range of moments is.
        guard parts.count == 2, let moment = Int64(parts[0]), (0..<1 << 57).contains(moment) else { return nil }
        return ListedOrder.Position(createdAtMicroseconds: moment, clientOrderID: parts[1])
    }

    init(_ position: OwnershipChange.Position) {
        self.init(.ownership, [String(position.atMicroseconds), String(position.shard)])
    }

    var ownership: OwnershipChange.Position? {
        guard parts.count == 2, let moment = Int64(parts[0]), (0..<1 << 57).contains(moment),
            let shard = Int32(parts[1])
        else { return nil }
        return OwnershipChange.Position(atMicroseconds: moment, shard: Int(shard))
    }

    init(_ position: ListedFill.Position) {
        self.init(.fills, [String(position.time.milliseconds), position.tradeID])
    }

    var fill: ListedFill.Position? {
        guard parts.count == 2, let moment = Int64(parts[0]) else { return nil }
        return ListedFill.Position(time: Timestamp(milliseconds: moment), tradeID: parts[1])
    }
}
