/// A part of a list.
package struct Page<Item: Sendable, Position: Sendable>: Sendable {
    package let items: [Item]
    /// Where the next page begins; nil after the last one.
    package let next: Position?

    /// - Parameters:
    ///   - found: Up to `limit` + 1 items; the one too many only proves that there is a next page.
    ///   - position: Where an item stands in the list.
    init(found: [Item], limit: Int, position: (Item) -> Position) {
        items = Array(found.prefix(limit))
        next = found.count > limit ? items.last.map(position) : nil
    }
}
