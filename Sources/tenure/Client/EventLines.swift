import NIOCore
import Trading

/// Takes the events out of a stream of server-sent events, however it is cut into parts. Each has one line of data, which
/// says its id and kind, too.
struct EventLines {
    private static let prefix = "data: "

    private var rest: [UInt8] = []

    mutating func add(_ part: ByteBuffer) -> [JSONValue] {
        rest += part.readableBytesView
        var events: [JSONValue] = []
        var start = rest.startIndex
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: rest[start..<end], as: UTF8.self)
            if line.hasPrefix(Self.prefix), let event = try? JSONValue(text: String(line.dropFirst(Self.prefix.count)))
            {
                events.append(event)
            }
            start = end + 1
        }
        rest.removeSubrange(..<start)
        return events
    }
}
