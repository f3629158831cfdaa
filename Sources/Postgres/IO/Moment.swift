import Glibc

/// A moment of the monotonic clock.
///
/// As `ContinuousClock.Instant`, but with a layout that the compiler knows: whatever holds an `Instant` is copied field by
/// field through the runtime, and every statement has a deadline's place.
struct Moment: Comparable, Sendable {
    /// Since some time before the process began.
    private let nanoseconds: Int64

    static var now: Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// A duration beyond the centuries that can be counted is cut off.
    static func + (moment: Moment, duration: Duration) -> Moment {
        let (seconds, attoseconds) = duration.components
        let limit = Int64.max / 4_000_000_000
        let whole = max(-limit, min(limit, seconds)) * 1_000_000_000
        return Moment(nanoseconds: moment.nanoseconds + whole + attoseconds / 1_000_000_000)
    }

    static func < (one: Moment, other: Moment) -> Bool { one.nanoseconds < other.nanoseconds }

    /// Until this moment, rounded up; 0 when it has passed.
    func milliseconds(from now: Moment) -> Int32 {
        Int32(clamping: max(0, nanoseconds - now.nanoseconds + 999_999) / 1_000_000)
    }
}
