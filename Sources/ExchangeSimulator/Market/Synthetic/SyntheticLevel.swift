/// The nested stretches of time that bars are split into, from the day down to the quarter of a second.
///
/// Each divides the one above it into a few equal parts, and every interval up to a day is a whole number of some of
/// them.
enum SyntheticLevel {
    /// Lengths in milliseconds, longest first.
    static let lengths: [Int64] = [
        86_400_000, 43_200_000, 14_400_000, 7_200_000, 3_600_000, 1_800_000, 900_000, 300_000, 60_000, 15_000, 5_000,
        1_000,
        250,
    ]

    static let day = 0
    static let finest = lengths.count - 1

    /// Into how many parts a bar of this level is split.
    static func parts(_ level: Int) -> Int { Int(lengths[level] / lengths[level + 1]) }
}
