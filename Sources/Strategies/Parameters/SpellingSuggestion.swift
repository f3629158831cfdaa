/// Finds what somebody meant by a name that does not exist.
enum SpellingSuggestion {
    /// The candidate that a few slips of the keyboard turn into `name`, or `nil` if none is near.
    static func nearest(to name: String, among candidates: [String]) -> String? {
        // Longer ones are no misspellings, and the distance costs the product of the lengths.
        guard name.utf8.count <= 64 else { return nil }
        let wanted = folded(name)
        let ranked = candidates.map { (name: $0, distance: distance(wanted, folded($0))) }
        guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        return best.distance <= max(1, wanted.count / 3) ? best.name : nil
    }

    /// `fastPeriod`, `fast-period` and `FAST_PERIOD` are `fast_period` with another accent.
    private static func folded(_ name: String) -> [UInt8] {
        name.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
    }

    /// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other (Damerau and Levenshtein's
    /// distance in its "optimal string alignment" form).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var best = min(last[j] + (left[i] == right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    best = min(best, beforeLast[j - 1] + 1)
                }
                row.append(best)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }
}
