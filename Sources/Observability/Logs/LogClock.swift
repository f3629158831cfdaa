#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The wall clock of log lines.
enum LogClock {
    /// Now, as `2025-04-01T12:00:00.123Z`.
    static func now() -> String {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        return text(seconds: moment.tv_sec, milliseconds: moment.tv_nsec / 1_000_000)
    }

    static func text(seconds: Int, milliseconds: Int) -> String {
        var seconds: time_t = seconds
        var utc = tm()
        gmtime_r(&seconds, &utc)
        let date = [padded(Int(utc.tm_year) + 1900, 4), padded(Int(utc.tm_mon) + 1, 2), padded(Int(utc.tm_mday), 2)]
        let time = [padded(Int(utc.tm_hour), 2), padded(Int(utc.tm_min), 2), padded(Int(utc.tm_sec), 2)]
        return "\(date.joined(separator: "-"))T\(time.joined(separator: ":")).\(padded(milliseconds, 3))Z"
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
