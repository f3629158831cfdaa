import NIOCore

/// How many messages came within the last second, counted in whole seconds from the first.
struct MessageRate {
    private var windowStart: NIODeadline?
    private var messages = 0

    /// Counts one message; answers with how many there were in this second.
    mutating func count(at now: NIODeadline) -> Int {
        if let windowStart, now - windowStart < .seconds(1) {
            messages += 1
        } else {
            windowStart = now
            messages = 1
        }
        return messages
    }
}
