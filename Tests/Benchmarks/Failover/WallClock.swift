import Glibc

/// This machine's wall clock, which is the server's too: moments of both can be compared.
enum WallClock {
    /// Microseconds since 1970.
    static var now: Int64 {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        return Int64(moment.tv_sec) * 1_000_000 + Int64(moment.tv_nsec) / 1_000
    }
}
